import { NotFoundError, StateError } from '../../errors.ts';
import type { DeviceWatch, StorageWorld } from '../../world/index.ts';
import { ActionCounters } from '../shared/action-counter.ts';
import { Condition } from '../shared/condition.ts';
import type { Dispatcher } from '../shared/dispatcher.ts';
import type { ForegroundLimit } from '../shared/foreground-limit.ts';
import type { HandlerStats } from '../shared/handler-stats.ts';
import { Mutex } from '../shared/mutex.ts';
import { exists } from '../shared/persist.ts';
import type { ProcessStatus } from '../shared/process-status.ts';
import { logStates, StateMachine } from '../shared/state-machine.ts';
import { StopState } from '../shared/stop-state.ts';
import type { TaskGroup } from '../shared/task-group.ts';
import type { TaskQueue } from '../shared/task-queue.ts';
import type { StorageOptions } from './options.ts';
import type { ProxyManager } from './proxy-manager.ts';
import { STORAGE_EDGES } from './states.ts';
import { STORAGE_STEPS as STEPS } from './steps.ts';
import { StorageVolumeFiles } from './volume-files.ts';

/** One volume of a storage server, in memory. */
export interface StorageVolume {
  readonly volId: string;
  /** Held by commands from their checks to their effect. */
  readonly mutex: Mutex;
  /** Held while the queue and the done record are changed together. */
  readonly queueMutex: Mutex;
  /** Notified when state, stop state or actions change. */
  readonly changed: Condition;
  readonly states: StateMachine;
  readonly stopState: StopState;
  readonly actions: ActionCounters;
  readonly files: StorageVolumeFiles;
  /** Path of the walb device; null while Clear. */
  wdevPath: string | null;
  /** Not null while the device's log is watched. */
  watch: DeviceWatch | null;
}

/** A task of the queue: what to do is found out when it runs. */
export interface WlogTask {
  readonly volId: string;
  /** Delay of the retry that this is, 0 for a first try. */
  readonly retryDelayMs: number;
}

/** What the destination of a volume had when it was asked last. */
export interface TsDeltas {
  lines: string[];
}

/** All of a storage server's memory. */
export interface StorageServer {
  readonly world: StorageWorld;
  readonly options: StorageOptions;
  readonly status: ProcessStatus;
  readonly volumes: Map<string, StorageVolume>;
  /** Volumes that somebody is loading: others wait. */
  readonly loading: Map<string, Condition>;
  readonly foreground: ForegroundLimit;
  readonly stats: HandlerStats;
  readonly tasks: TaskQueue<WlogTask>;
  readonly dispatcher: Dispatcher<WlogTask>;
  readonly group: TaskGroup;
  readonly proxies: ProxyManager;
  readonly tsDeltas: TsDeltas;
  /** Lets a volume that was just loaded go on where it was. */
  readonly resume: (volume: StorageVolume) => Promise<void>;
  /** Limit of full and hash scans, changed by `set-full-scan-bps`; 0 = none. */
  fullScanLbPerS: number;
}

/** A volume as it is on disk: `Clear` when it has no directory. Throws when its files cannot be read. */
async function loadVolume(server: StorageServer, volId: string): Promise<StorageVolume> {
  const volume = newVolume(server, volId);
  const { files } = server.world;
  if (!(await exists(files, volume.files.directory, STEPS.loadVolume))) return volume;
  const path = await volume.files.loadPath();
  if (!(await server.world.devices.exists(path, STEPS.checkDevice))) {
    throw new NotFoundError(`StorageVolInfo:not found:${path}`);
  }
  volume.wdevPath = path;
  volume.states.set(await volume.files.loadState());
  return volume;
}

function newVolume(server: StorageServer, volId: string): StorageVolume {
  const world = server.world.labelled({ volume: volId });
  const changed = new Condition();
  return {
    volId,
    mutex: new Mutex(),
    queueMutex: new Mutex(),
    changed,
    states: new StateMachine(STORAGE_EDGES, 'Clear', changed, logStates(world.log)),
    stopState: new StopState(changed),
    actions: new ActionCounters(world.clock, changed),
    files: new StorageVolumeFiles(world, `${server.options.baseDirectory}/${volId}`, server),
    wdevPath: null,
    watch: null,
  };
}

/**
 * The volume of an id, loaded and going on at the first mention: a volume that could not be loaded at the start
 * comes back when its device or files do. One that nobody initialised is `Clear` and is not remembered before a
 * command makes it more, so that questions about arbitrary names cost no memory (docs/differences.md).
 */
export async function getVolume(server: StorageServer, volId: string): Promise<StorageVolume> {
  for (;;) {
    const known = server.volumes.get(volId) ?? null;
    if (known !== null) return known;
    const loading = server.loading.get(volId) ?? null;
    if (loading === null) break;
    await loading.next();
  }
  const loaded = new Condition();
  server.loading.set(volId, loaded);
  try {
    const volume = await loadVolume(server, volId);
    if (volume.states.state === 'Clear') return volume;
    server.volumes.set(volId, volume);
    try {
      await server.resume(volume);
    } catch (error) {
      server.volumes.delete(volId);
      throw error;
    }
    return volume;
  } finally {
    server.loading.delete(volId);
    loaded.notifyAll();
  }
}

/** The volume, which must have a device. Throws StateError `FUNC:bad state:Clear` when it is Clear. */
export function requireDevice(volume: StorageVolume, func: string): string {
  if (volume.wdevPath === null || volume.states.state === 'Clear') {
    throw new StateError(`${func}:bad state:Clear`, 'Clear');
  }
  return volume.wdevPath;
}

/** Throws StateError `FUNC:bad state:STATE` unless the state is among `accepted`. */
export function verifyState(volume: StorageVolume, accepted: readonly string[], func: string): void {
  const { state } = volume.states;
  if (!accepted.includes(state)) throw new StateError(`${func}:bad state:${state}`, state, accepted);
}

/** The world for tasks of one volume. */
export function volumeWorld(server: StorageServer, volume: StorageVolume, task: string): StorageWorld {
  return server.world.labelled({ task, volume: volume.volId });
}
