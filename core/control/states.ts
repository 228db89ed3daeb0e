/** Sets of states that waiting is made of (docs/operations.md, "What the controller waits for"). */
export const STORAGE_FULL_SYNC: readonly string[] = ['FullSync', 'Stopped', 'StartTarget'];
export const STORAGE_HASH_SYNC: readonly string[] = ['HashSync', 'Stopped', 'StartTarget'];
export const STORAGE_STOPPING_TARGET: readonly string[] = ['Target', 'StopTarget'];
export const STORAGE_STOPPING_STANDBY: readonly string[] = ['Standby', 'StopStandby'];
export const PROXY_ACTIVE: readonly string[] = ['Started', 'WlogRecv'];
export const PROXY_STOPPING: readonly string[] = ['Started', 'WlogRecv', 'Stop', 'WaitForEmpty'];
export const ARCHIVE_ACTIVE: readonly string[] = ['Archived', 'WdiffRecv', 'HashSync', 'ReplSyncAsServer'];
export const ARCHIVE_RESIZABLE: readonly string[] = [...ARCHIVE_ACTIVE, 'Stopped', 'SyncReady'];
export const ARCHIVE_CLEARABLE: readonly string[] = ['Stopped', 'SyncReady'];
export const ARCHIVE_REPLICATING: readonly string[] = ['ReplSyncAsServer', 'FullSync', 'Resync'];
export const ARCHIVE_STOPPING: readonly string[] = [...ARCHIVE_ACTIVE, 'Stop'];
