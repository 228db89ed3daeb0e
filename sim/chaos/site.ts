import { type Controller, createController } from '../../core/control/controller.ts';
import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import { TimeoutError } from '../../core/errors.ts';
import { US_PER_S } from '../../core/units.ts';
import { mediumParameters } from '../disk-medium.ts';
import { fileSystemParameters } from '../file-system-state.ts';
import { createSimGroup, type SimGroup } from '../group.ts';
import type { SimGroupDevice } from '../group-device.ts';
import { parseGroupLayout } from '../group-layout.ts';
import type { SimProcess } from '../process.ts';
import type { Simulation } from '../simulation.ts';
import { PropertyError } from './failure.ts';
import {
  type ArchiveView,
  type ProxyView,
  type StorageView,
  Views,
  viewArchive,
  viewProxy,
  viewStorage,
} from './inspect.ts';
import { type ChaosLayout, volumeName } from './layout.ts';
import { VolumeTruth } from './volume-truth.ts';

/** What a run did, for its report. */
export interface ChaosCounts {
  operations: number;
  /** Operations that were refused, or found nothing to do. */
  refused: number;
  snapshots: number;
  /** Images of snapshots that the ledger judged. */
  judged: number;
  hashBackups: number;
  fullBackups: number;
}

/** A group in chaos: the servers, and what is known from outside. */
export interface ChaosSite {
  readonly simulation: Simulation;
  readonly group: SimGroup;
  readonly walbc: Controller;
  readonly layout: ChaosLayout;
  readonly volumes: readonly VolumeTruth[];
  readonly counts: ChaosCounts;
  readonly views: Views;
  /** Operations that run beside the history. */
  readonly running: Set<Promise<void>>;
  /** Servers that were told to end. */
  readonly ending: Set<string>;
  /** Hosts whose storage failed calls: programs there may give up. */
  readonly excused: Set<string>;
  /** Volumes whose log said that the state file may be another one, as `SERVER VOLUME`; true while it may be. */
  readonly unsureStates: Map<string, boolean>;
  /** Hosts where a diff may have rotted. */
  readonly rotten: Set<string>;
  /** The last life of each server that ended. */
  readonly ended: Map<string, SimProcess>;
  /** What was found where nothing can be thrown. */
  failure: PropertyError | null;
  /** Programs of operators so far. */
  operatorCount: number;
  /** The time of faults is over. */
  isCalm: boolean;
}

/** How long a supervisor waits before it starts a server again that ended. */
const RESTART_DELAY_US = US_PER_S;

/** Builds hosts, devices and servers; `check` is called right after each crash. */
export async function buildSite(
  simulation: Simulation,
  layout: ChaosLayout,
  check: (site: ChaosSite) => void,
): Promise<ChaosSite> {
  const names = parseGroupLayout(layout.group);
  const deviceCount = Math.ceil(layout.volumeCount / names.storages.length);
  const disk = { minUs: Math.floor(layout.diskMeanUs / 4), meanUs: layout.diskMeanUs };
  const io = { io: disk, flush: { minUs: layout.diskMeanUs, meanUs: layout.diskMeanUs * 4 } };
  const group = await createSimGroup(simulation, {
    layout: names,
    pollIntervalS: layout.operatorPollMs / 1000,
    deviceCount,
    deviceSizeLb: layout.deviceLb,
    logSizeLb: layout.logLb,
    thin: layout.thin,
    parts: {
      files: {
        parameters: fileSystemParameters(layout.fileSystem),
        latencies: {
          call: { minUs: Math.floor(layout.fileMeanUs / 4), meanUs: layout.fileMeanUs },
          sync: { minUs: Math.floor(layout.syncMeanUs / 4), meanUs: layout.syncMeanUs },
        },
      },
      disks: { parameters: mediumParameters(layout.disk, 512), latencies: io },
      volumes: {
        parameters: mediumParameters(layout.disk, 512),
        ioLatencies: io,
        commandLatency: {
          minUs: Math.floor(layout.volumeCommandMeanUs / 4),
          meanUs: layout.volumeCommandMeanUs,
        },
        capacityLb: layout.poolLb,
      },
    },
    storage: {
      socketTimeoutS: layout.socketTimeoutS,
      minRetryDelayS: layout.minRetryDelayS,
      maxRetryDelayS: layout.maxRetryDelayS,
      implicitSnapshotIntervalS: layout.implicitSnapshotIntervalS,
      maxConnections: layout.maxConnections,
      maxForegroundTasks: layout.maxForegroundTasks,
      maxBackgroundTasks: layout.maxBackgroundTasks,
    },
    proxy: {
      socketTimeoutS: layout.socketTimeoutS,
      minRetryDelayS: layout.minRetryDelayS,
      maxRetryDelayS: layout.maxRetryDelayS,
      retryTimeoutS: layout.retryTimeoutS,
      maxConnections: layout.maxConnections,
      maxForegroundTasks: layout.maxForegroundTasks,
      maxBackgroundTasks: layout.maxBackgroundTasks,
      maxWdiffSendCount: layout.maxWdiffSendCount,
    },
    archive: {
      discardPolicy: 'zero',
      socketTimeoutS: layout.socketTimeoutS,
      maxConnections: layout.maxConnections,
      maxForegroundTasks: layout.maxForegroundTasks,
      maxWdiffSendCount: layout.maxWdiffSendCount,
      maxOpenDiffs: layout.maxOpenDiffs,
      fsyncIntervalBytes: layout.fsyncIntervalBytes,
      keepOneColdSnapshot: layout.keepOneColdSnapshot,
      doAutoResize: true,
    },
  });
  const volumes: VolumeTruth[] = [];
  for (let i = 0; i < layout.volumeCount; i++) {
    const storage = names.storages[i % names.storages.length] as string;
    const device = group.devices(storage)[Math.floor(i / names.storages.length)] as SimGroupDevice;
    volumes.push(new VolumeTruth(volumeName(i), device));
  }
  const site: ChaosSite = {
    simulation,
    group,
    walbc: group.controller,
    layout,
    volumes,
    counts: { operations: 0, refused: 0, snapshots: 0, judged: 0, hashBackups: 0, fullBackups: 0 },
    views: new Views(),
    running: new Set(),
    ending: new Set(),
    excused: new Set(),
    unsureStates: new Map(),
    rotten: new Set(),
    ended: new Map(),
    failure: null,
    operatorCount: 0,
    isCalm: false,
  };
  for (const { name } of allServers(site)) {
    watchHost(site, name, check);
    const skewS = simulation.random.at('chaos-skew', name).between(-layout.skewMaxS, layout.skewMaxS);
    group.host(name).clock.step(skewS * US_PER_S);
  }
  return site;
}

/** Runs something as an operator who loses patience: his program is killed then. Throws TimeoutError. */
export function asOperator<T>(
  site: ChaosSite,
  patienceS: number,
  work: (walbc: Controller) => Promise<T>,
): Promise<T> {
  const { simulation, walbc } = site;
  site.operatorCount += 1;
  const host = simulation.host('operator');
  return new Promise<T>((resolve, reject) => {
    const program = host.spawn(`operator ${site.operatorCount}`, async (world) => {
      const own = createController(world, walbc.layout, {
        pollIntervalS: site.layout.operatorPollMs / 1000,
      });
      await work(own).then(resolve, reject);
      return 0;
    });
    const cancel = simulation.at(simulation.nowUs + patienceS * US_PER_S, () => program.kill());
    void program.exited.then(() => {
      cancel();
      reject(new TimeoutError(`the operator gives up after ${patienceS} s`));
    });
  });
}

export function allServers(site: ChaosSite): readonly ServerConnectionParam[] {
  return site.walbc.layout.getAll();
}

export function primaryArchive(site: ChaosSite): ServerConnectionParam {
  return site.walbc.layout.getPrimaryArchive();
}

export function storageView(site: ChaosSite, truth: VolumeTruth): StorageView | null {
  return site.views.of(site.group.host(truth.storage), truth.name, viewStorage);
}

export function archiveView(site: ChaosSite, archive: string, truth: VolumeTruth): ArchiveView | null {
  return site.views.of(site.group.host(archive), truth.name, viewArchive);
}

export function proxyView(site: ChaosSite, proxy: string, truth: VolumeTruth): ProxyView {
  return site.views.of(site.group.host(proxy), truth.name, viewProxy);
}

/** Keeps what a check throws, so that the history ends with it. */
export function guarded(site: ChaosSite, check: () => void): void {
  try {
    check();
  } catch (error) {
    if (error instanceof PropertyError) site.failure ??= error;
    else
      site.failure ??= new PropertyError(
        'no-program-error',
        'check',
        String((error as Error).stack ?? error),
      );
  }
}

function watchHost(site: ChaosSite, server: string, check: (site: ChaosSite) => void): void {
  const host = site.group.host(server);
  host.watch = {
    powerLost: () => {
      for (const truth of site.volumes) {
        if (truth.storage !== host.name) continue;
        truth.ledger.powerLoss();
        doubtContent(site, truth);
      }
      guarded(site, () => check(site));
    },
    powerRestored: () => {
      // The log may have rotted meanwhile.
      for (const truth of site.volumes) if (truth.storage === host.name) doubtContent(site, truth);
    },
    processEnded: (ended) => {
      const { name, state, exitCode } = ended;
      if (!name.startsWith('walb-')) return;
      site.ended.set(server, ended);
      // The next life believes its files.
      for (const truth of site.volumes) {
        const key = `${server} ${truth.name}`;
        if (site.unsureStates.has(key)) site.unsureStates.set(key, false);
      }
      if (state === 'killed') {
        // Of a power loss only the state after it counts: the host tells that by itself.
        if (host.powered) guarded(site, () => check(site));
        return;
      }
      const isExpected = site.ending.delete(server);
      if (!isExpected && !site.excused.has(server)) {
        const message = `${server}: ${name} ended by itself with status ${exitCode}`;
        site.failure ??= new PropertyError('no-exit', name, message);
      }
      restartLater(site, server);
    },
  };
}

/** A device that comes back from a damaged log may have lost what was written. */
function doubtContent({ simulation }: ChaosSite, truth: VolumeTruth): void {
  const { logDamagedFromUs } = truth;
  if (logDamagedFromUs !== null && logDamagedFromUs <= simulation.nowUs) truth.isContentUnsure = true;
}

function restartLater(site: ChaosSite, server: string): void {
  site.simulation.at(site.simulation.nowUs + RESTART_DELAY_US, () => startAgain(site, server));
}

/** Starts a server again without waiting for it; nothing where it runs or has no power. */
export function startAgain(site: ChaosSite, server: string): void {
  const ended = site.ended.get(server);
  if (ended === undefined || !ended.host.powered || site.group.isRunning(server)) return;
  ended.restart();
}
