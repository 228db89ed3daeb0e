import { fullBackup, hashBackup } from './backup.js';
import * as lifeCycle from './life-cycle.js';
import * as maintenance from './maintenance.js';
import * as queries from './queries.js';
import * as replication from './replication.js';
import { goStandby, initStorage } from './roles.js';
import { getNumAction, getRunRemoteCommand, getState, runCtl, runRemoteCommand, verifyState, } from './session.js';
import { shutdown, shutdownAll, shutdownList, status } from './shutdown.js';
import * as snapshots from './snapshots.js';
import * as wiring from './wiring.js';
/** Every operation by its name: the original's, in camel case. What each does stands where it is defined. */
const OPERATIONS = {
    addArchiveToProxy: wiring.addArchiveToProxy,
    apply: maintenance.apply,
    applyAll: maintenance.applyAll,
    clearVol: lifeCycle.clearVol,
    clearVolEverywhere: lifeCycle.clearVolEverywhere,
    copyArchiveInfo: wiring.copyArchiveInfo,
    delArchiveFromProxy: wiring.delArchiveFromProxy,
    delCold: snapshots.delCold,
    delRestored: snapshots.delRestored,
    delRestoredAll: snapshots.delRestoredAll,
    disableSnapshot: snapshots.disableSnapshot,
    enableSnapshot: snapshots.enableSnapshot,
    existsBaseImage: queries.existsBaseImage,
    existsDiff: queries.existsDiff,
    fullBackup,
    gcDiff: maintenance.gcDiff,
    getAliveServer: queries.getAliveServer,
    getAllActions: queries.getAllActions,
    getApplicableDiffList: queries.getApplicableDiffList,
    getArchiveInfo: queries.getArchiveInfo,
    getArchiveInfoList: queries.getArchiveInfoList,
    getArchiveUuid: queries.getArchiveUuid,
    getBase: queries.getBase,
    getBaseAll: queries.getBaseAll,
    getBlockHash: queries.getBlockHash,
    getCold: queries.getCold,
    getDiffList: queries.getDiffList,
    getHostType: queries.getHostType,
    getIdleVolumes: queries.getIdleVolumes,
    getLatestCleanSnapshot: queries.getLatestCleanSnapshot,
    getLatestSnapshotInfo: queries.getLatestSnapshotInfo,
    getMetaSnap: queries.getMetaSnap,
    getMetaState: queries.getMetaState,
    getNumAction,
    getNumDiff: queries.getNumDiff,
    getProgressLb: queries.getProgressLb,
    getRestorable: queries.getRestorable,
    getRestorableGid: queries.getRestorableGid,
    getRestored: queries.getRestored,
    getRestoredPath: queries.getRestoredPath,
    getRunRemoteCommand,
    getState,
    getStateAll: queries.getStateAll,
    getTotalDiffSize: queries.getTotalDiffSize,
    getTsDelta: queries.getTsDelta,
    getUuid: queries.getUuid,
    getVolList: queries.getVolList,
    getVolSizeLb: queries.getVolSizeLb,
    goStandby,
    hashBackup,
    initStorage,
    initVol: lifeCycle.initVol,
    isOverflow: queries.isOverflow,
    isSynchronizing: wiring.isSynchronizing,
    isWdiffSendError: queries.isWdiffSendError,
    kickAll: lifeCycle.kickAll,
    kickProxy: wiring.kickProxy,
    kickStorageAll: wiring.kickStorageAll,
    merge: maintenance.merge,
    monitorProgress: queries.monitorProgress,
    printApplicableDiffList: queries.printApplicableDiffList,
    printDiffList: queries.printDiffList,
    printRestorable: queries.printRestorable,
    replicate: replication.replicate,
    replicateOnce: replication.replicateOnce,
    replicateOnceNbk: replication.replicateOnceNbk,
    resetVol: lifeCycle.resetVol,
    resize: maintenance.resize,
    resizeArchive: maintenance.resizeArchive,
    resizeStorage: maintenance.resizeStorage,
    restore: snapshots.restore,
    runCtl,
    runRemoteCommand,
    setFullScanBps: lifeCycle.setFullScanBps,
    shutdown,
    shutdownAll,
    shutdownList,
    snapshot: snapshots.snapshot,
    snapshotNbk: snapshots.snapshotNbk,
    start: lifeCycle.start,
    startSynchronizing: wiring.startSynchronizing,
    status,
    stop: lifeCycle.stop,
    stopNbk: lifeCycle.stopNbk,
    stopSynchronizing: wiring.stopSynchronizing,
    synchronize: replication.synchronize,
    updateArchiveInfo: wiring.updateArchiveInfo,
    verifyNotOverflow: queries.verifyNotOverflow,
    verifyNotRestorable: snapshots.verifyNotRestorable,
    verifyState,
    waitForReplicated: replication.waitForReplicated,
    waitForRestorable: snapshots.waitForRestorable,
    waitForRestored: snapshots.waitForRestored,
    waitForStopped: lifeCycle.waitForStopped,
};
/**
 * A controller over a world: the operator of the servers of a layout. Its operations throw StateError, ProtocolError,
 * NotFoundError, TimeoutError and IoError (docs/operations.md).
 */
export function createController(world, layout, options = {}) {
    const session = {
        world,
        layout,
        timeoutS: options.timeoutS ?? 0,
        onCommand: options.onCommand ?? null,
        print: options.print ?? (() => { }),
    };
    const bound = Object.fromEntries(Object.entries(OPERATIONS).map(([name, operation]) => [
        name,
        (...rest) => operation(session, ...rest),
    ]));
    return {
        ...bound,
        get layout() {
            return session.layout;
        },
        setServerLayout: (next) => {
            session.layout = next;
        },
    };
}
