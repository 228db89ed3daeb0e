import type { World } from '../world/index.ts';
import { fullBackup, hashBackup } from './backup.ts';
import * as lifeCycle from './life-cycle.ts';
import * as maintenance from './maintenance.ts';
import * as queries from './queries.ts';
import * as replication from './replication.ts';
import { goStandby, initStorage } from './roles.ts';
import type { ServerConnectionParam, ServerLayout } from './server-layout.ts';
import {
  type ControlSession,
  getNumAction,
  getRunRemoteCommand,
  getState,
  POLL_INTERVAL_S,
  runCtl,
  runRemoteCommand,
  verifyState,
} from './session.ts';
import { shutdown, shutdownAll, shutdownList, status } from './shutdown.ts';
import * as snapshots from './snapshots.ts';
import * as wiring from './wiring.ts';

/** How a controller speaks and what it shows. */
export interface ControllerOptions {
  /** Socket limit of commands in seconds; default 10. */
  readonly timeoutS?: number;
  /** How long a wait pauses before it asks again, in seconds; default 0.3. */
  readonly pollIntervalS?: number;
  /** Where printed lines go; default: nowhere. */
  readonly print?: (line: string) => void;
  /** Told each command before it is sent. */
  readonly onCommand?: (server: ServerConnectionParam, words: readonly string[]) => void;
}

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
} as const;

type Bound<F> = F extends (session: ControlSession, ...rest: infer R) => infer T ? (...rest: R) => T : never;

type Operations = { readonly [Name in keyof typeof OPERATIONS]: Bound<(typeof OPERATIONS)[Name]> };

/**
 * What an operator says to a backup group (docs/operations.md, "Controller"). Stateless: it knows a layout and
 * sends commands; waiting is asking again.
 */
export interface Controller extends Operations {
  readonly layout: ServerLayout;
  /** Later calls use this layout. */
  setServerLayout(layout: ServerLayout): void;
}

/**
 * A controller over a world: the operator of the servers of a layout. Its operations throw StateError, ProtocolError,
 * NotFoundError, TimeoutError and IoError (docs/operations.md).
 */
export function createController(
  world: World,
  layout: ServerLayout,
  options: ControllerOptions = {},
): Controller {
  const session: ControlSession = {
    world,
    layout,
    timeoutS: options.timeoutS ?? 0,
    pollIntervalS: options.pollIntervalS ?? POLL_INTERVAL_S,
    onCommand: options.onCommand ?? null,
    print: options.print ?? (() => {}),
  };
  const bound = Object.fromEntries(
    Object.entries(OPERATIONS).map(([name, operation]) => [
      name,
      (...rest: unknown[]) =>
        (operation as (session: ControlSession, ...rest: unknown[]) => unknown)(session, ...rest),
    ]),
  ) as Operations;
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
