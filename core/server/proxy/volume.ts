import { StateError } from '../../errors.ts';
import { Reader, Writer } from '../../format/serializer.ts';
import { type HostInfoForBkp, readHostInfo, writeHostInfo } from '../../snapshot/host-info.ts';
import { decodeWith, encodeWith } from '../../snapshot/meta-codec.ts';
import type { Lb, MonotonicUs, UnixTimeS } from '../../units.ts';
import type { World } from '../../world/index.ts';
import { ActionCounters } from '../shared/action-counter.ts';
import { Condition } from '../shared/condition.ts';
import { DiffFiles } from '../shared/diff-files.ts';
import type { Dispatcher } from '../shared/dispatcher.ts';
import type { ForegroundLimit } from '../shared/foreground-limit.ts';
import type { HandlerStats } from '../shared/handler-stats.ts';
import { Mutex } from '../shared/mutex.ts';
import { exists, loadFile, saveFile } from '../shared/persist.ts';
import type { ProcessStatus } from '../shared/process-status.ts';
import { logStates, StateMachine } from '../shared/state-machine.ts';
import { StopState } from '../shared/stop-state.ts';
import type { TaskGroup } from '../shared/task-group.ts';
import type { TaskQueue } from '../shared/task-queue.ts';
import type { ProxyOptions } from './options.ts';
import { PROXY_EDGES } from './states.ts';
import { PROXY_STEPS as STEPS } from './steps.ts';

/** What waits for one archive. */
export interface ProxyArchive {
  readonly name: string;
  /** Files in `sendto/NAME/`. */
  readonly diffs: DiffFiles;
  /** Sending was given up; a kick, a start or a new wlog clears it. */
  isSendError: boolean;
  /** 0 = never since the process started. */
  lastSentAtS: UnixTimeS;
}

/** One volume of a proxy, in memory. */
export interface ProxyVolume {
  readonly volId: string;
  readonly directory: string;
  readonly mutex: Mutex;
  readonly changed: Condition;
  readonly states: StateMachine;
  readonly stopState: StopState;
  /** By archive name: a send is running. */
  readonly actions: ActionCounters;
  /** Files in `received/`: not yet linked to every archive. */
  readonly received: DiffFiles;
  /** By name; listings are sorted. */
  readonly archives: Map<string, ProxyArchive>;
  sizeLb: Lb;
  /** 0 = never since the process started. */
  lastReceivedAtS: UnixTimeS;
  /** The same by the clock that never jumps; null before the first. */
  lastReceivedAtUs: MonotonicUs | null;
}

export interface SendTask {
  readonly volId: string;
  readonly archiveName: string;
  /** Delay of the retry that this is, 0 for a first try. */
  readonly retryDelayMs: number;
}

/** All of a proxy server's memory. */
export interface ProxyServer {
  readonly world: World;
  readonly options: ProxyOptions;
  readonly status: ProcessStatus;
  readonly volumes: Map<string, ProxyVolume>;
  /** Volumes that somebody is loading: others wait. */
  readonly loading: Map<string, Condition>;
  readonly foreground: ForegroundLimit;
  readonly stats: HandlerStats;
  readonly tasks: TaskQueue<SendTask>;
  readonly dispatcher: Dispatcher<SendTask>;
  readonly group: TaskGroup;
}

export function sendtoDirectory(volume: ProxyVolume, archiveName: string): string {
  return `${volume.directory}/sendto/${archiveName}`;
}

/** The volume's archives, by name in order. */
export function sortedArchives(volume: ProxyVolume): ProxyArchive[] {
  return [...volume.archives.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The volume of an id, loaded at the first mention. One that has no directory is `Clear` and is not remembered, so
 * that questions about arbitrary names cost no memory (docs/differences.md).
 */
export async function getVolume(server: ProxyServer, volId: string): Promise<ProxyVolume> {
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
    const volume = newVolume(server, volId);
    if (!(await exists(server.world.files, volume.directory, STEPS.loadVolume))) return volume;
    await loadFiles(server, volume);
    volume.states.set('Stopped');
    server.volumes.set(volId, volume);
    return volume;
  } finally {
    server.loading.delete(volId);
    loaded.notifyAll();
  }
}

function newVolume(server: ProxyServer, volId: string): ProxyVolume {
  const world = server.world.labelled({ volume: volId });
  const directory = `${server.options.baseDirectory}/${volId}`;
  const changed = new Condition();
  return {
    volId,
    directory,
    mutex: new Mutex(),
    changed,
    states: new StateMachine(PROXY_EDGES, 'Clear', changed, logStates(world.log)),
    stopState: new StopState(changed),
    actions: new ActionCounters(world.clock, changed),
    received: new DiffFiles(world, `${directory}/received`),
    archives: new Map(),
    sizeLb: 0,
    lastReceivedAtS: 0,
    lastReceivedAtUs: null,
  };
}

/** Reads what a directory holds. Directories that a crash left out are made again. */
async function loadFiles(server: ProxyServer, volume: ProxyVolume): Promise<void> {
  const world = server.world.labelled({ volume: volume.volId });
  const { files } = world;
  await makeDirectories(world, volume.directory);
  await volume.received.reload(STEPS.loadVolume);
  for (const entry of await files.list(volume.directory, STEPS.loadVolume)) {
    if (entry.kind !== 'file' || !entry.name.endsWith('.archive')) continue;
    const archive = addArchive(server, volume, entry.name.slice(0, -'.archive'.length));
    if (!(await exists(files, archive.diffs.directory, STEPS.loadVolume))) {
      await files.makeDirectory(archive.diffs.directory, STEPS.makeDirectories);
    }
    await archive.diffs.reload(STEPS.loadVolume);
  }
  volume.sizeLb = await loadSize(world, volume);
  world.log.info(
    `volume archive info:${volume.volId}:${volume.archives.size}:${sortedArchives(volume)
      .map((a) => a.name)
      .join(',')}`,
  );
}

/** Makes `received/` and `sendto/` where they are missing. */
export async function makeDirectories(world: World, directory: string): Promise<void> {
  for (const path of [`${directory}/received`, `${directory}/sendto`]) {
    if (!(await exists(world.files, path, STEPS.makeDirectories))) {
      await world.files.makeDirectory(path, STEPS.makeDirectories);
    }
  }
}

/** Adds an archive to the memory. */
export function addArchive(server: ProxyServer, volume: ProxyVolume, name: string): ProxyArchive {
  const world = server.world.labelled({ volume: volume.volId });
  const diffs = new DiffFiles(world, sendtoDirectory(volume, name));
  const archive: ProxyArchive = { name, diffs, isSendError: false, lastSentAtS: 0 };
  volume.archives.set(name, archive);
  return archive;
}

async function loadSize(world: World, volume: ProxyVolume): Promise<Lb> {
  if (!(await exists(world.files, `${volume.directory}/size`, STEPS.loadVolume))) return 0;
  return new Reader(await loadFile(world.files, `${volume.directory}/size`, STEPS.loadVolume)).u64Number();
}

/** Writes the file `size` of a volume's directory. */
export async function writeSize(world: World, directory: string, sizeLb: Lb): Promise<void> {
  const writer = new Writer();
  writer.u64(sizeLb);
  await saveFile(world, directory, 'size', writer.finish(), STEPS.saveSize);
}

export async function saveSize(server: ProxyServer, volume: ProxyVolume, sizeLb: Lb): Promise<void> {
  await writeSize(server.world, volume.directory, sizeLb);
  volume.sizeLb = sizeLb;
}

export async function loadArchiveInfo(
  server: ProxyServer,
  volume: ProxyVolume,
  archiveName: string,
): Promise<HostInfoForBkp> {
  const path = `${volume.directory}/${archiveName}.archive`;
  return decodeWith(readHostInfo, await loadFile(server.world.files, path, STEPS.loadArchiveInfo));
}

/** Writes how to reach an archive into a volume's directory. */
export async function saveArchiveInfo(
  world: World,
  directory: string,
  archiveName: string,
  info: HostInfoForBkp,
): Promise<void> {
  const content = encodeWith(writeHostInfo, info);
  await saveFile(world, directory, `${archiveName}.archive`, content, STEPS.saveArchiveInfo);
}

/** Queues the send of one archive unless it is queued. */
export function pushSend(
  server: ProxyServer,
  volume: ProxyVolume,
  archiveName: string,
  delayMs: number,
): void {
  const task: SendTask = { volId: volume.volId, archiveName, retryDelayMs: 0 };
  server.tasks.push(taskKey(task), task, delayMs);
}

/** Queues it for this time, whatever was planned. */
export function pushSendForce(
  server: ProxyServer,
  volume: ProxyVolume,
  archiveName: string,
  delayMs: number,
  retryDelayMs = 0,
): void {
  const task: SendTask = { volId: volume.volId, archiveName, retryDelayMs };
  server.tasks.pushForce(taskKey(task), task, delayMs);
}

/** Queues every archive now unless it is queued. */
export function pushWaitingSends(server: ProxyServer, volume: ProxyVolume): void {
  for (const { name } of volume.archives.values()) pushSend(server, volume, name, 0);
}

/** Queues every archive now and forgets what was given up. */
export function pushAllSends(server: ProxyServer, volume: ProxyVolume): void {
  for (const archive of volume.archives.values()) {
    archive.isSendError = false;
    pushSendForce(server, volume, archive.name, 0);
  }
}

function taskKey(task: SendTask): string {
  return `${task.volId} ${task.archiveName}`;
}

/** Throws StateError `FUNC:bad state:STATE` unless the state is among `accepted`; an empty FUNC leaves no colon. */
export function verifyState(volume: ProxyVolume, accepted: readonly string[], func: string): void {
  const { state } = volume.states;
  if (accepted.includes(state)) return;
  throw new StateError(`${func === '' ? '' : `${func}:`}bad state:${state}`, state, accepted);
}
