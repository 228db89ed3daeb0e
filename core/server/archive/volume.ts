import { AbortedError, StateError } from '../../errors.ts';
import type { MetaState } from '../../snapshot/meta.ts';
import { latestState } from '../../snapshot/state-query.ts';
import type { Gid, Lb, UnixTimeS } from '../../units.ts';
import type { ArchiveWorld } from '../../world/index.ts';
import { ActionCounters } from '../shared/action-counter.ts';
import { Condition } from '../shared/condition.ts';
import type { ForegroundLimit } from '../shared/foreground-limit.ts';
import type { HandlerStats } from '../shared/handler-stats.ts';
import { Mutex } from '../shared/mutex.ts';
import type { ProcessStatus } from '../shared/process-status.ts';
import { logStates, StateMachine } from '../shared/state-machine.ts';
import { StopState } from '../shared/stop-state.ts';
import type { TaskGroup } from '../shared/task-group.ts';
import { VolumeLvs } from './lvs.ts';
import type { ArchiveOptions } from './options.ts';
import { ARCHIVE_EDGES } from './states.ts';
import { ArchiveVolumeFiles } from './volume-files.ts';
import { WatchedMutex } from './watched-mutex.ts';
import { WdiffStore } from './wdiff-store.ts';

/** Somebody reads the base image together with diffs up to `gid`. */
export interface BaseReader {
  readonly gid: Gid;
  /** The base went beyond `gid` meanwhile: what is read from now on is something else. */
  isSpoiled: boolean;
}

/** One volume of an archive server, in memory. */
export interface ArchiveVolume {
  readonly volId: string;
  readonly world: ArchiveWorld;
  /** Held from checks to the state that they are about; never while waiting for a peer. */
  readonly mutex: Mutex;
  /** Held while the base record and the block volumes it tells of are looked at or changed together. */
  readonly imageMutex: Mutex;
  /** Notified when state, stop state or actions change. */
  readonly changed: Condition;
  readonly states: StateMachine;
  readonly stopState: StopState;
  readonly actions: ActionCounters;
  readonly files: ArchiveVolumeFiles;
  readonly wdiffs: WdiffStore;
  readonly lvs: VolumeLvs;
  readonly baseReaders: Set<BaseReader>;
  /** How far a running sync is, else 0. */
  progressLb: Lb;
  /** 0 = never since the server started. */
  lastSyncTimeS: UnixTimeS;
  lastWdiffReceivedTimeS: UnixTimeS;
  /** Where the diffs lead; null while there is no image. Never an applying state. */
  latest: MetaState | null;
  /** Everything of the base from here on is to become zeros, and reads so; null when nothing is. */
  unclearedLb: Lb | null;
  /** Held while that is done: nobody may write there when somebody else has done it. */
  readonly zeroMutex: Mutex;
  /** Why the volume can not be served, or null (docs/differences.md, "Every server"). */
  damage: string | null;
}

/** All of an archive server's memory. */
export interface ArchiveServer {
  readonly world: ArchiveWorld;
  readonly options: ArchiveOptions;
  readonly status: ProcessStatus;
  readonly volumes: Map<string, ArchiveVolume>;
  /** Volumes whose initialisation failed and could not be undone. */
  readonly unfinishedInits: Set<string>;
  readonly foreground: ForegroundLimit;
  readonly stats: HandlerStats;
  /** Work that goes on after its command was answered. */
  readonly group: TaskGroup;
  /** What other archives were told to have, by volume and by their id. */
  readonly replicated: Map<string, Map<string, MetaState>>;
}

export function newVolume(server: ArchiveServer, volId: string): ArchiveVolume {
  const world = server.world.labelled({ volume: volId });
  const directory = `${server.options.baseDirectory}/${volId}`;
  const changed = new Condition();
  return {
    volId,
    world,
    mutex: new WatchedMutex(world, volId, server.options.lockTimeThresholdS),
    imageMutex: new Mutex(),
    changed,
    states: new StateMachine(ARCHIVE_EDGES, 'Clear', changed, logStates(world.log)),
    stopState: new StopState(changed),
    actions: new ActionCounters(world.clock, changed),
    files: new ArchiveVolumeFiles(world, directory, server),
    wdiffs: new WdiffStore(world, directory),
    lvs: new VolumeLvs(world, volId),
    baseReaders: new Set(),
    progressLb: 0,
    lastSyncTimeS: 0,
    lastWdiffReceivedTimeS: 0,
    latest: null,
    unclearedLb: null,
    zeroMutex: new Mutex(),
    damage: null,
  };
}

/**
 * The volume of an id. One that nobody initialised is `Clear` and is not remembered, so that questions about
 * arbitrary names cost no memory (docs/differences.md). Throws StateError for a volume that is damaged.
 */
export function getVolume(server: ArchiveServer, volId: string): ArchiveVolume {
  const volume = server.volumes.get(volId) ?? newVolume(server, volId);
  verifyServed(volume);
  return volume;
}

function verifyServed(volume: ArchiveVolume): void {
  if (volume.damage !== null) throw new StateError(`the volume is damaged:${volume.volId}:${volume.damage}`);
}

/** The volumes that can be served, in the order of their ids. */
export function servedVolumes(
  server: ArchiveServer,
  states: readonly string[] | null = null,
): ArchiveVolume[] {
  return [...server.volumes.values()]
    .filter((volume) => volume.damage === null && (states === null || states.includes(volume.states.state)))
    .sort((a, b) => (a.volId < b.volId ? -1 : 1));
}

/** Throws StateError `FUNC:bad state:STATE` unless the state is among `accepted`. */
export function verifyState(volume: ArchiveVolume, accepted: readonly string[], func: string): void {
  const { state } = volume.states;
  if (!accepted.includes(state)) throw new StateError(`${func}:bad state:${state}`, state, accepted);
}

/** Throws StateError while the volume is being stopped. */
export function verifyNotStopping(volume: ArchiveVolume, func: string): void {
  volume.stopState.verify(['NotStopping'], volume.volId, func);
}

/** Long work asks this between its pieces. */
export function isAborted(server: ArchiveServer, volume: ArchiveVolume): boolean {
  return volume.stopState.isForced || server.status.isForced;
}

/** Throws AbortedError when the volume or the server is being stopped by force. */
export function checkAborted(server: ArchiveServer, volume: ArchiveVolume, func: string): void {
  if (isAborted(server, volume)) throw new AbortedError(`${func}:force stopped:${volume.volId}`);
}

/** Finds out anew where the diffs lead. */
export async function refreshLatest(volume: ArchiveVolume): Promise<void> {
  volume.latest = latestState(volume.wdiffs.set, await volume.files.loadBase());
}

/** Where the diffs lead. Throws StateError when there is no image. */
export function requireLatest(volume: ArchiveVolume, func: string): MetaState {
  if (volume.latest === null) throw new StateError(`${func}:no image:${volume.volId}`, volume.states.state);
  return volume.latest;
}
