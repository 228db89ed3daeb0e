/** States of a volume at an archive server (docs/operations.md, "States of an archive volume"). */
export const ARCHIVE_EDGES = [
    ['Clear', 'InitVol'],
    ['InitVol', 'SyncReady'],
    ['SyncReady', 'ClearVol'],
    ['Stopped', 'ClearVol'],
    ['ClearVol', 'Clear'],
    ['SyncReady', 'ResetVol'],
    ['Stopped', 'ResetVol'],
    ['ResetVol', 'SyncReady'],
    ['SyncReady', 'FullSync'],
    ['FullSync', 'Archived'],
    ['SyncReady', 'Resync'],
    ['Resync', 'Archived'],
    ['Archived', 'HashSync'],
    ['HashSync', 'Archived'],
    ['Archived', 'WdiffRecv'],
    ['WdiffRecv', 'Archived'],
    ['Archived', 'ReplSyncAsServer'],
    ['ReplSyncAsServer', 'Archived'],
    ['Archived', 'Stop'],
    ['Stop', 'Stopped'],
    ['Stopped', 'Start'],
    ['Start', 'Archived'],
];
/** States that are kept on disk. `Clear` is the absence of the volume's directory. */
export const STORED_STATES = ['SyncReady', 'Archived', 'Stopped'];
export const STEADY_STATES = ['Clear', ...STORED_STATES];
/** The image is complete and may be read, applied to and restored from. */
export const ACTIVE_STATES = ['Archived', 'HashSync', 'WdiffRecv', 'ReplSyncAsServer'];
export const ACTIVE_OR_STOPPED_STATES = [...ACTIVE_STATES, 'Stopped'];
export const RESIZABLE_STATES = ['SyncReady', ...ACTIVE_OR_STOPPED_STATES];
export const ACTION = {
    merge: 'Merge',
    apply: 'Apply',
    restore: 'Restore',
    replSyncAsClient: 'ReplSyncAsClient',
    resize: 'Resize',
};
/** In the order of status lines. */
export const ARCHIVE_ACTIONS = Object.values(ACTION);
/** Which running actions keep an operation from beginning (docs/operations.md, "What excludes what"). */
export const DENIED_BY = {
    everything: ARCHIVE_ACTIONS,
    merge: [ACTION.apply, ACTION.merge, ACTION.resize],
    apply: [ACTION.restore, ACTION.replSyncAsClient, ACTION.apply, ACTION.merge, ACTION.resize],
    restore: [ACTION.restore, ACTION.resize],
    resize: [ACTION.restore, ACTION.replSyncAsClient, ACTION.apply, ACTION.resize],
    changeSnapshot: [ACTION.apply, ACTION.merge],
};
