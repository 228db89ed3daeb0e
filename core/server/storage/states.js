/** States of a volume at a storage server (docs/operations.md, "States of a storage volume"). */
export const STORAGE_EDGES = [
    ['Clear', 'InitVol'],
    ['InitVol', 'SyncReady'],
    ['SyncReady', 'ClearVol'],
    ['ClearVol', 'Clear'],
    ['SyncReady', 'StartStandby'],
    ['StartStandby', 'Standby'],
    ['Standby', 'StopStandby'],
    ['StopStandby', 'SyncReady'],
    ['SyncReady', 'FullSync'],
    ['FullSync', 'Stopped'],
    ['SyncReady', 'HashSync'],
    ['HashSync', 'Stopped'],
    ['Stopped', 'Reset'],
    ['Reset', 'SyncReady'],
    ['Stopped', 'StartTarget'],
    ['StartTarget', 'Target'],
    ['Target', 'StopTarget'],
    ['StopTarget', 'Stopped'],
];
/** States that are kept on disk. `Clear` is the absence of the volume's directory. */
export const STORED_STATES = ['SyncReady', 'Stopped', 'Target', 'Standby'];
export const STEADY_STATES = ['Clear', ...STORED_STATES];
export const STOPPABLE_STATES = ['Target', 'Standby'];
export const SNAPSHOT_STATES = ['Target', 'Stopped'];
/** States in which logs are sent or removed. */
export const WLOG_STATES = ['Target', 'FullSync', 'HashSync', 'Standby'];
export const RESIZABLE_STATES = STORED_STATES;
export const WLOG_SEND = 'WlogSend';
export const WLOG_REMOVE = 'WlogRemove';
export const STORAGE_ACTIONS = [WLOG_SEND, WLOG_REMOVE];
