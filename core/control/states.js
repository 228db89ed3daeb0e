/** Sets of states that waiting is made of (docs/operations.md, "What the controller waits for"). */
export const STORAGE_FULL_SYNC = ['FullSync', 'Stopped', 'StartTarget'];
export const STORAGE_HASH_SYNC = ['HashSync', 'Stopped', 'StartTarget'];
export const STORAGE_STOPPING_TARGET = ['Target', 'StopTarget'];
export const STORAGE_STOPPING_STANDBY = ['Standby', 'StopStandby'];
export const PROXY_ACTIVE = ['Started', 'WlogRecv'];
export const PROXY_STOPPING = ['Started', 'WlogRecv', 'Stop', 'WaitForEmpty'];
export const ARCHIVE_ACTIVE = ['Archived', 'WdiffRecv', 'HashSync', 'ReplSyncAsServer'];
export const ARCHIVE_RESIZABLE = [...ARCHIVE_ACTIVE, 'Stopped', 'SyncReady'];
export const ARCHIVE_CLEARABLE = ['Stopped', 'SyncReady'];
export const ARCHIVE_REPLICATING = ['ReplSyncAsServer', 'FullSync', 'Resync'];
export const ARCHIVE_STOPPING = [...ARCHIVE_ACTIVE, 'Stop'];
