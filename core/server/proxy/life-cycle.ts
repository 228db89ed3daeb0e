import { NotFoundError, StateError } from '../../errors.ts';
import type { ArchiveInfoRequest } from '../../protocol/archive-info.ts';
import type { StopMode } from '../../protocol/command-words.ts';
import type { HostInfoForBkp } from '../../snapshot/host-info.ts';
import type { Lb } from '../../units.ts';
import { US_PER_S } from '../../units.ts';
import { waitUntil } from '../shared/condition.ts';
import {
  collectTemporaryFiles,
  exists,
  makeVolumeDirectory,
  removeTree,
  removeVolumeDirectory,
  unlinkIfThere,
  unlinkQuietly,
} from '../shared/persist.ts';
import type { Stopper } from '../shared/stop-state.ts';
import { linkReceived } from './registration.ts';
import { SEND_STATES, STEADY_STATES } from './states.ts';
import { PROXY_STEPS as STEPS } from './steps.ts';
import {
  addArchive,
  loadArchiveInfo,
  makeDirectories,
  type ProxyServer,
  type ProxyVolume,
  pushAllSends,
  pushSendForce,
  pushWaitingSends,
  saveArchiveInfo,
  saveSize,
  sortedArchives,
  verifyState,
  writeSize,
} from './volume.ts';

/** How long a stop waits for running work, and a stop `empty` for the archives. */
const STOP_TIMEOUT_S = 60;
/** How often sends are queued while a volume is emptied. */
const EMPTY_PUSH_INTERVAL_US = US_PER_S;

function verifyNoSends(volume: ProxyVolume): void {
  volume.actions.verifyNotRunning([...volume.archives.keys()], 'verifyActionNotRunning');
}

/** Stopped -> Started: what a crash left half-linked is linked first. */
export async function startVolume(server: ProxyServer, volume: ProxyVolume): Promise<void> {
  await volume.mutex.run(async () => {
    volume.stopState.verify(['NotStopping'], volume.volId, 'startProxyVol');
    verifyNoSends(volume);
    verifyState(volume, ['Stopped'], '');
    await linkReceived(server, volume);
    await collectTemporaryFiles(server.world.files, volume.received.directory, STEPS.collectGarbage);
    await collectTemporaryFiles(server.world.files, volume.directory, STEPS.collectGarbage);
    const transition = volume.states.begin('', 'Stopped', 'Start');
    pushAllSends(server, volume);
    transition.commit('Started');
  });
}

/** Marks the volume as being stopped. Throws StateError when it is being stopped already. */
export function beginStop(volume: ProxyVolume, mode: StopMode): Stopper {
  const isEmpty = mode === 'empty';
  const stopper = volume.stopState.begin(
    isEmpty ? 'WaitingForEmpty' : mode === 'force' ? 'ForceStopping' : 'Stopping',
  );
  if (stopper !== null) return stopper;
  throw new StateError(
    isEmpty
      ? `stopAndEmptyProxyVol:already under stopping wlog receiver:${volume.volId}`
      : `stopProxyVol:already under stopping wlog:${volume.volId}`,
  );
}

/** Started -> Stopped when running transfers have ended (or noticed that they must). Ends the stopper. */
export async function stopVolume(server: ProxyServer, volume: ProxyVolume, stopper: Stopper): Promise<void> {
  const func = 'stopProxyVol';
  try {
    const isQuiet = () => STEADY_STATES.includes(volume.states.state) && volume.actions.total() === 0;
    await waitForStop(server, volume, isQuiet, func);
    await volume.mutex.run(() => {
      verifyState(volume, ['Started'], func);
      const transition = volume.states.begin('', 'Started', 'Stop');
      dropTasks(server, volume);
      transition.commit('Stopped');
    });
  } finally {
    endStop(server, volume, stopper);
  }
}

/** A volume that goes on needs the tasks that were dropped while it seemed to stop. */
function endStop(server: ProxyServer, volume: ProxyVolume, stopper: Stopper): void {
  stopper.end();
  if (SEND_STATES.includes(volume.states.state)) pushWaitingSends(server, volume);
}

/** As stopVolume, but sends everything first; back to Started when that does not end in time. */
export async function stopEmptyVolume(
  server: ProxyServer,
  volume: ProxyVolume,
  stopper: Stopper,
): Promise<void> {
  const func = 'stopAndEmptyProxyVol';
  try {
    await waitForStop(server, volume, () => STEADY_STATES.includes(volume.states.state), func);
    const transition = await volume.mutex.run(() => {
      verifyState(volume, ['Started'], func);
      return volume.states.begin('', 'Started', 'WaitForEmpty');
    });
    try {
      await waitUntilSent(server, volume, func);
      stopper.advance('Stopping');
      dropTasks(server, volume);
      transition.commit('Stopped');
    } finally {
      transition.rollback();
    }
  } finally {
    endStop(server, volume, stopper);
  }
}

/** Waits until nothing is left to be sent; a send that was given up is tried again each second. */
async function waitUntilSent(server: ProxyServer, volume: ProxyVolume, func: string): Promise<void> {
  const { clock } = server.world;
  const isSent = () =>
    volume.received.set.size === 0 &&
    [...volume.archives.values()].every((archive) => archive.diffs.set.size === 0);
  const deadlineUs = clock.monotonicUs() + STOP_TIMEOUT_S * US_PER_S;
  while (!isSent()) {
    pushWaitingSends(server, volume);
    const nextUs = Math.min(clock.monotonicUs() + EMPTY_PUSH_INTERVAL_US, deadlineUs);
    await waitUntil(clock, volume.changed, isSent, nextUs);
    if (clock.monotonicUs() >= deadlineUs) break;
  }
  const isDone = () => isSent() && volume.actions.total() === 0;
  if (!(await waitUntil(clock, volume.changed, isDone, deadlineUs))) {
    throw new StateError(`${func}:timeout:${STOP_TIMEOUT_S}`);
  }
}

async function waitForStop(
  server: ProxyServer,
  volume: ProxyVolume,
  isDone: () => boolean,
  func: string,
): Promise<void> {
  const { clock } = server.world;
  const deadlineUs = clock.monotonicUs() + STOP_TIMEOUT_S * US_PER_S;
  if (!(await waitUntil(clock, volume.changed, isDone, deadlineUs))) {
    throw new StateError(`${func}:timeout:${STOP_TIMEOUT_S}`);
  }
}

function dropTasks(server: ProxyServer, volume: ProxyVolume): void {
  server.tasks.remove((task) => task.volId === volume.volId);
}

/** Forgets a volume and all that was not sent: Stopped -> Clear. */
export async function clearVolume(server: ProxyServer, volume: ProxyVolume): Promise<void> {
  await volume.mutex.run(async () => {
    volume.stopState.verify(['NotStopping'], volume.volId, 'c2pClearVolServer');
    verifyNoSends(volume);
    const transition = volume.states.begin('', 'Stopped', 'ClearVol');
    try {
      await removeAll(server, volume);
      transition.commit('Clear');
    } finally {
      transition.rollback();
    }
  });
}

/** Removes the volume with all that it holds, on disk and in memory. */
async function removeAll(server: ProxyServer, volume: ProxyVolume): Promise<void> {
  const { world, options } = server;
  await removeVolumeDirectory(world, options.baseDirectory, volume.volId, STEPS.clearFiles);
  volume.received.set.clear();
  volume.archives.clear();
  server.volumes.delete(volume.volId);
}

/** Sets the stored size; for tests, it follows the storage by itself. */
export async function resizeVolume(server: ProxyServer, volume: ProxyVolume, sizeLb: Lb): Promise<void> {
  const func = 'c2pResizeServer';
  await volume.mutex.run(async () => {
    volume.stopState.verify(['NotStopping'], volume.volId, func);
    verifyState(volume, ['Stopped'], func);
    await saveSize(server, volume, sizeLb);
  });
}

/** Lets delayed and given-up sends run now. */
export async function kickVolume(
  server: ProxyServer,
  volume: ProxyVolume,
  archiveName: string | null,
): Promise<void> {
  const func = 'c2pKickServer';
  await volume.mutex.run(() => {
    verifyState(volume, SEND_STATES, func);
    if (archiveName === null) {
      pushAllSends(server, volume);
      return;
    }
    const archive = volume.archives.get(archiveName);
    if (archive === undefined) throw new NotFoundError(`${func}:archive does not exist:${archiveName}`);
    archive.isSendError = false;
    pushSendForce(server, volume, archiveName, 0);
  });
}

/** Does what an `archive-info` command asks; returns what is to be answered. */
export async function changeArchiveInfo(
  server: ProxyServer,
  volume: ProxyVolume,
  request: ArchiveInfoRequest,
): Promise<HostInfoForBkp | string[] | null> {
  const name = request.archiveName ?? '';
  switch (request.action) {
    case 'list':
      return sortedArchives(volume).map((archive) => archive.name);
    case 'get':
      if (!volume.archives.has(name))
        throw new NotFoundError(`getArchiveInfo:archive info not exists:${name}`);
      return loadArchiveInfo(server, volume, name);
    case 'delete':
      await deleteArchive(server, volume, name);
      return null;
    case 'add':
    case 'update':
      await putArchive(server, volume, name, request.info as HostInfoForBkp, request.action === 'add');
      return null;
  }
}

/** Clear or Stopped -> Stopped. `isNew`: the archive must not exist. */
async function putArchive(
  server: ProxyServer,
  loaded: ProxyVolume,
  name: string,
  info: HostInfoForBkp,
  isNew: boolean,
): Promise<void> {
  // Somebody else may have made the volume since it was looked for.
  const volume = server.volumes.get(loaded.volId) ?? loaded;
  await volume.mutex.run(async () => {
    verifyNoSends(volume);
    const { state } = volume.states;
    const transition = volume.states.begin('', state, 'AddArchiveInfo');
    try {
      if (state === 'Clear') await makeVolume(server, volume, name, info);
      else await putIntoVolume(server, volume, name, info, isNew);
      transition.commit('Stopped');
    } finally {
      transition.rollback();
    }
  });
}

/** A new volume with its first archive; a crash shows all of it or nothing. */
async function makeVolume(
  server: ProxyServer,
  volume: ProxyVolume,
  name: string,
  info: HostInfoForBkp,
): Promise<void> {
  const { world, options } = server;
  const fill = async (directory: string) => {
    await writeSize(world, directory, 0);
    await makeDirectories(world, directory);
    await world.files.makeDirectory(`${directory}/sendto/${name}`, STEPS.makeDirectories);
    await world.files.syncDirectory(`${directory}/sendto`, STEPS.makeDirectories);
    await saveArchiveInfo(world, directory, name, info);
  };
  if ((server.volumes.get(volume.volId) ?? volume) !== volume) {
    throw new StateError(`ProxyVolInfo:already exists:${volume.directory}`);
  }
  // From now on everybody who asks finds this volume, in state AddArchiveInfo.
  server.volumes.set(volume.volId, volume);
  try {
    await makeVolumeDirectory(world.files, options.baseDirectory, volume.volId, fill, STEPS.makeDirectories);
  } catch (error) {
    server.volumes.delete(volume.volId);
    throw error;
  }
  volume.sizeLb = 0;
  addArchive(server, volume, name);
}

async function putIntoVolume(
  server: ProxyServer,
  volume: ProxyVolume,
  name: string,
  info: HostInfoForBkp,
  isNew: boolean,
): Promise<void> {
  const { world } = server;
  const { files } = world;
  const known = volume.archives.get(name);
  const directory = `${volume.directory}/sendto/${name}`;
  if (isNew && known !== undefined) {
    throw new StateError(`ProxyVolInfo::addArchiveInfo:already exists:${directory}`);
  }
  if (known === undefined) {
    // What an interrupted deletion left would be sent as if it were new.
    if (await exists(files, directory, STEPS.makeDirectories))
      await removeTree(files, directory, STEPS.removeArchive);
    await files.makeDirectory(directory, STEPS.makeDirectories);
    await files.syncDirectory(`${volume.directory}/sendto`, STEPS.makeDirectories);
  }
  try {
    await saveArchiveInfo(world, volume.directory, name, info);
  } catch (error) {
    // The file may have its name without being durable: an archive that memory does not know must not be there.
    if (known === undefined)
      await unlinkQuietly(files, `${volume.directory}/${name}.archive`, STEPS.saveArchiveInfo);
    throw error;
  }
  if (known === undefined) addArchive(server, volume, name);
}

/** Stopped -> Stopped, or Clear when it was the last one. An unknown name is no error. */
async function deleteArchive(server: ProxyServer, volume: ProxyVolume, name: string): Promise<void> {
  const { files } = server.world;
  await volume.mutex.run(async () => {
    verifyNoSends(volume);
    const transition = volume.states.begin('', 'Stopped', 'DeleteArchiveInfo');
    try {
      const archive = volume.archives.get(name);
      const isLast = archive !== undefined && volume.archives.size === 1;
      if (isLast) await removeAll(server, volume);
      else if (archive !== undefined) {
        // Without its settings file an archive does not exist; what is left of it is garbage. Memory follows at
        // once: diffs that came for it after a sync that failed would be lost with it.
        await removeSettings(server, volume, name);
        volume.archives.delete(name);
      }
      if (!isLast) {
        // Also where it is not known any more: the sync of an earlier deletion may have failed.
        await files.syncDirectory(volume.directory, STEPS.removeArchive);
        if (archive !== undefined) await removeTree(files, archive.diffs.directory, STEPS.removeArchive);
      }
      transition.commit(isLast ? 'Clear' : 'Stopped');
    } finally {
      transition.rollback();
    }
  });
}

/** Unlinks an archive's settings; an error with the effect is none. */
async function removeSettings(server: ProxyServer, volume: ProxyVolume, name: string): Promise<void> {
  const { files } = server.world;
  const path = `${volume.directory}/${name}.archive`;
  try {
    await unlinkIfThere(files, path, STEPS.removeArchive);
  } catch (error) {
    if (await exists(files, path, STEPS.removeArchive)) throw error;
  }
}
