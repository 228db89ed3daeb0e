import type { World } from '../world/index.ts';
import * as backup from './backup.ts';
import * as lifeCycle from './life-cycle.ts';
import * as maintenance from './maintenance.ts';
import * as queries from './queries.ts';
import * as replication from './replication.ts';
import * as roles from './roles.ts';
import type { ServerConnectionParam, ServerLayout } from './server-layout.ts';
import { type ControlSession, getNumAction, getState, runCtl, verifyState } from './session.ts';
import * as shutdowns from './shutdown.ts';
import * as snapshots from './snapshots.ts';
import * as wiring from './wiring.ts';

type Server = ServerConnectionParam;

export interface ControllerOptions {
  /** Socket limit of commands in seconds; default 10. */
  readonly timeoutS?: number;
  /** Where printed lines go; default: nowhere. */
  readonly print?: (line: string) => void;
  /** Told each command before it is sent. */
  readonly onCommand?: (server: Server, words: readonly string[]) => void;
}

/** Binds the session as the first argument. */
type Bound<F> = F extends (session: ControlSession, ...rest: infer R) => infer T ? (...rest: R) => T : never;

function bind<F extends (session: ControlSession, ...rest: never[]) => unknown>(
  session: ControlSession,
  operation: F,
): Bound<F> {
  return ((...rest: never[]) => operation(session, ...rest)) as Bound<F>;
}

/**
 * What an operator says to a backup group (docs/operations.md, "Controller"). Stateless: it knows a layout and
 * sends commands; waiting is asking again. The names are the original's, in camel case; what each does stands
 * where it is defined.
 */
export class Controller {
  readonly #session: ControlSession;

  constructor(world: World, layout: ServerLayout, options: ControllerOptions = {}) {
    this.#session = {
      world,
      layout,
      timeoutS: options.timeoutS ?? 0,
      onCommand: options.onCommand ?? null,
      print: options.print ?? (() => {}),
    };
  }

  get layout(): ServerLayout {
    return this.#session.layout;
  }

  /** Later calls use this layout. */
  setServerLayout(layout: ServerLayout): void {
    this.#session.layout = layout;
  }

  /** Runs one command as the program walbc does and returns its lines. */
  runCtl(server: Server, words: readonly string[], timeoutS = 0): Promise<string[]> {
    return runCtl(this.#session, server, words, timeoutS);
  }

  /** The bare `init-vol`. */
  get initVol() {
    return bind(this.#session, lifeCycle.initVol);
  }
  get initStorage() {
    return bind(this.#session, roles.initStorage);
  }
  get goStandby() {
    return bind(this.#session, roles.goStandby);
  }
  get start() {
    return bind(this.#session, lifeCycle.start);
  }
  get stop() {
    return bind(this.#session, lifeCycle.stop);
  }
  get stopNbk() {
    return bind(this.#session, lifeCycle.stopNbk);
  }
  get waitForStopped() {
    return bind(this.#session, lifeCycle.waitForStopped);
  }
  get resetVol() {
    return bind(this.#session, lifeCycle.resetVol);
  }
  get clearVol() {
    return bind(this.#session, lifeCycle.clearVol);
  }
  get clearVolEverywhere() {
    return bind(this.#session, lifeCycle.clearVolEverywhere);
  }
  get kickAll() {
    return bind(this.#session, lifeCycle.kickAll);
  }
  get kickStorageAll() {
    return bind(this.#session, wiring.kickStorageAll);
  }
  get kickProxy() {
    return bind(this.#session, wiring.kickProxy);
  }
  get setFullScanBps() {
    return bind(this.#session, lifeCycle.setFullScanBps);
  }

  get fullBackup() {
    return bind(this.#session, backup.fullBackup);
  }
  get hashBackup() {
    return bind(this.#session, backup.hashBackup);
  }
  get snapshot() {
    return bind(this.#session, snapshots.snapshot);
  }
  get snapshotNbk() {
    return bind(this.#session, snapshots.snapshotNbk);
  }
  get disableSnapshot() {
    return bind(this.#session, snapshots.disableSnapshot);
  }
  get enableSnapshot() {
    return bind(this.#session, snapshots.enableSnapshot);
  }
  get restore() {
    return bind(this.#session, snapshots.restore);
  }
  get delRestored() {
    return bind(this.#session, snapshots.delRestored);
  }
  get delRestoredAll() {
    return bind(this.#session, snapshots.delRestoredAll);
  }
  get delCold() {
    return bind(this.#session, snapshots.delCold);
  }
  get waitForRestorable() {
    return bind(this.#session, snapshots.waitForRestorable);
  }
  get waitForRestored() {
    return bind(this.#session, snapshots.waitForRestored);
  }
  get verifyNotRestorable() {
    return bind(this.#session, snapshots.verifyNotRestorable);
  }

  get apply() {
    return bind(this.#session, maintenance.apply);
  }
  get applyAll() {
    return bind(this.#session, maintenance.applyAll);
  }
  get merge() {
    return bind(this.#session, maintenance.merge);
  }
  get resize() {
    return bind(this.#session, maintenance.resize);
  }
  get resizeStorage() {
    return bind(this.#session, maintenance.resizeStorage);
  }
  get resizeArchive() {
    return bind(this.#session, maintenance.resizeArchive);
  }
  get gcDiff() {
    return bind(this.#session, maintenance.gcDiff);
  }

  get replicateOnceNbk() {
    return bind(this.#session, replication.replicateOnceNbk);
  }
  get replicateOnce() {
    return bind(this.#session, replication.replicateOnce);
  }
  get waitForReplicated() {
    return bind(this.#session, replication.waitForReplicated);
  }
  get synchronize() {
    return bind(this.#session, replication.synchronize);
  }
  get replicate() {
    return bind(this.#session, replication.replicate);
  }

  get addArchiveToProxy() {
    return bind(this.#session, wiring.addArchiveToProxy);
  }
  get delArchiveFromProxy() {
    return bind(this.#session, wiring.delArchiveFromProxy);
  }
  get updateArchiveInfo() {
    return bind(this.#session, wiring.updateArchiveInfo);
  }
  get copyArchiveInfo() {
    return bind(this.#session, wiring.copyArchiveInfo);
  }
  get isSynchronizing() {
    return bind(this.#session, wiring.isSynchronizing);
  }
  get startSynchronizing() {
    return bind(this.#session, wiring.startSynchronizing);
  }
  get stopSynchronizing() {
    return bind(this.#session, wiring.stopSynchronizing);
  }

  get status() {
    return bind(this.#session, shutdowns.status);
  }
  get shutdown() {
    return bind(this.#session, shutdowns.shutdown);
  }
  get shutdownList() {
    return bind(this.#session, shutdowns.shutdownList);
  }
  get shutdownAll() {
    return bind(this.#session, shutdowns.shutdownAll);
  }

  get getHostType() {
    return bind(this.#session, queries.getHostType);
  }
  get getAliveServer() {
    return bind(this.#session, queries.getAliveServer);
  }
  get getState() {
    return bind(this.#session, getState);
  }
  get getStateAll() {
    return bind(this.#session, queries.getStateAll);
  }
  get verifyState() {
    return bind(this.#session, verifyState);
  }
  get getVolList() {
    return bind(this.#session, queries.getVolList);
  }
  get getUuid() {
    return bind(this.#session, queries.getUuid);
  }
  get getArchiveUuid() {
    return bind(this.#session, queries.getArchiveUuid);
  }
  get getVolSizeLb() {
    return bind(this.#session, queries.getVolSizeLb);
  }
  get getProgressLb() {
    return bind(this.#session, queries.getProgressLb);
  }
  get monitorProgress() {
    return bind(this.#session, queries.monitorProgress);
  }
  get getBase() {
    return bind(this.#session, queries.getBase);
  }
  get getDiffList() {
    return bind(this.#session, queries.getDiffList);
  }
  get printDiffList() {
    return bind(this.#session, queries.printDiffList);
  }
  get getApplicableDiffList() {
    return bind(this.#session, queries.getApplicableDiffList);
  }
  get printApplicableDiffList() {
    return bind(this.#session, queries.printApplicableDiffList);
  }
  get getNumDiff() {
    return bind(this.#session, queries.getNumDiff);
  }
  get getTotalDiffSize() {
    return bind(this.#session, queries.getTotalDiffSize);
  }
  get existsDiff() {
    return bind(this.#session, queries.existsDiff);
  }
  get existsBaseImage() {
    return bind(this.#session, queries.existsBaseImage);
  }
  get getNumAction() {
    return bind(this.#session, getNumAction);
  }
  get getAllActions() {
    return bind(this.#session, queries.getAllActions);
  }
  get getIdleVolumes() {
    return bind(this.#session, queries.getIdleVolumes);
  }
  get isOverflow() {
    return bind(this.#session, queries.isOverflow);
  }
  get verifyNotOverflow() {
    return bind(this.#session, queries.verifyNotOverflow);
  }
  get isWdiffSendError() {
    return bind(this.#session, queries.isWdiffSendError);
  }
  get getArchiveInfoList() {
    return bind(this.#session, queries.getArchiveInfoList);
  }
  get getArchiveInfo() {
    return bind(this.#session, queries.getArchiveInfo);
  }
  get getRestorable() {
    return bind(this.#session, queries.getRestorable);
  }
  get getRestorableGid() {
    return bind(this.#session, queries.getRestorableGid);
  }
  get printRestorable() {
    return bind(this.#session, queries.printRestorable);
  }
  get getLatestCleanSnapshot() {
    return bind(this.#session, queries.getLatestCleanSnapshot);
  }
  get getRestored() {
    return bind(this.#session, queries.getRestored);
  }
  get getRestoredPath() {
    return bind(this.#session, queries.getRestoredPath);
  }
  get getCold() {
    return bind(this.#session, queries.getCold);
  }
  get getLatestSnapshotInfo() {
    return bind(this.#session, queries.getLatestSnapshotInfo);
  }
  get getMetaSnap() {
    return bind(this.#session, queries.getMetaSnap);
  }
  get getMetaState() {
    return bind(this.#session, queries.getMetaState);
  }
  get getBlockHash() {
    return bind(this.#session, queries.getBlockHash);
  }
  get getTsDelta() {
    return bind(this.#session, queries.getTsDelta);
  }
}
