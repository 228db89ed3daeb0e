import { errorText, IoError, StateError } from '../../errors.ts';
import { ZERO_UUID } from '../../format/uuid.ts';
import type { StopMode } from '../../protocol/command-words.ts';
import { NO_STATE } from '../../snapshot/meta.ts';
import { US_PER_S } from '../../units.ts';
import { waitUntil } from '../shared/condition.ts';
import { removeTree, removeVolumeDirectory } from '../shared/persist.ts';
import type { Transition } from '../shared/state-machine.ts';
import type { Stopper } from '../shared/stop-state.ts';
import { verifyAdmission } from './admission.ts';
import { removeCold, removeColdCopies } from './history.ts';
import { DENIED_BY, STEADY_STATES } from './states.ts';
import { ARCHIVE_STEPS as STEPS } from './steps.ts';
import { type ArchiveServer, type ArchiveVolume, refreshLatest } from './volume.ts';
import { forgetZeros } from './zero-clear.ts';

/** How long a stop waits for running work. */
const STOP_TIMEOUT_S = 60;

/** Makes a volume that waits for its first backup: Clear -> SyncReady. */
export async function initVolume(server: ArchiveServer, volume: ArchiveVolume): Promise<void> {
  const func = 'c2aInitVolServer';
  await volume.mutex.run(async () => {
    verifyAdmission(volume, { denied: DENIED_BY.everything }, func);
    // Somebody else may have begun since this volume was looked for.
    if ((server.volumes.get(volume.volId) ?? volume) !== volume) {
      throw new StateError(`ArchiveVolInfo::init:directory already exists:${volume.files.directory}`);
    }
    const transition = volume.states.begin(func, 'Clear', 'InitVol');
    // From now on everybody who asks finds this volume, in state InitVol.
    server.volumes.set(volume.volId, volume);
    const { files } = volume.world;
    let isMade = false;
    try {
      await makeVolumeDirectory(server, volume);
      isMade = true;
      await writeInitialFiles(volume);
      // The directory's own name is durable before anybody hears of it.
      await files.syncDirectory(server.options.baseDirectory, STEPS.initDirectory);
      await volume.lvs.relocate();
      transition.commit('SyncReady');
    } catch (error) {
      if (isMade) await undoInit(server, volume);
      server.volumes.delete(volume.volId);
      throw error;
    } finally {
      transition.rollback();
    }
  });
}

/** A failed attempt leaves nothing; a directory that is in use is not touched. */
async function makeVolumeDirectory(server: ArchiveServer, volume: ArchiveVolume): Promise<void> {
  const { directory } = volume.files;
  const { files } = volume.world;
  // Asked and forgotten at once: of two attempts at a time only one may take it for a leftover.
  if (server.unfinishedInits.delete(volume.volId)) await undoInit(server, volume);
  try {
    await files.makeDirectory(directory, STEPS.initDirectory);
  } catch (error) {
    if (error instanceof IoError && error.code === 'EEXIST') {
      throw new StateError(`ArchiveVolInfo::init:directory already exists:${directory}`);
    }
    await files.removeDirectory(directory, STEPS.initUndo).catch(() => {});
    throw error;
  }
}

/** Where the file system refuses even that (it is read-only), the next attempt begins with it. */
async function undoInit(server: ArchiveServer, volume: ArchiveVolume): Promise<void> {
  const { directory } = volume.files;
  try {
    await removeTree(volume.world.files, directory, STEPS.initUndo);
  } catch (error) {
    server.unfinishedInits.add(volume.volId);
    volume.world.log.error(`could not remove ${directory}: ${errorText(error)}`);
  }
}

/** The state comes last: a directory without it is no volume. */
async function writeInitialFiles(volume: ArchiveVolume): Promise<void> {
  const { files } = volume;
  await files.saveUuid(ZERO_UUID);
  await files.saveArchiveUuid(ZERO_UUID);
  await files.saveBase(NO_STATE, STEPS.initFiles);
  await files.state.save('SyncReady', STEPS.initFiles);
}

/** Removes a volume and all its images: SyncReady or Stopped -> Clear. */
export async function clearVolume(server: ArchiveServer, volume: ArchiveVolume): Promise<void> {
  const func = 'c2aClearVolServer';
  await volume.mutex.run(async () => {
    const from = volume.states.state;
    const transition = beginRemoval(volume, from, 'ClearVol', func);
    try {
      await removeImages(volume, from);
      await removeVolumeDirectory(
        volume.world,
        server.options.baseDirectory,
        volume.volId,
        STEPS.clearDirectory,
      );
      volume.files.state.forget();
      forgetContent(volume);
      server.replicated.delete(volume.volId);
      server.volumes.delete(volume.volId);
      transition.commit('Clear');
    } finally {
      endRemoval(volume, transition);
    }
  });
}

/** Empties a volume: SyncReady or Stopped -> SyncReady. */
export async function resetVolume(volume: ArchiveVolume): Promise<void> {
  const func = 'c2aResetVolServer';
  await volume.mutex.run(async () => {
    const from = volume.states.state;
    const transition = beginRemoval(volume, from, 'ResetVol', func);
    try {
      await removeImages(volume, from);
      const { files } = volume;
      await files.removeFullReplState();
      await forgetZeros(volume);
      await volume.wdiffs.clear();
      await writeInitialFiles(volume);
      forgetContent(volume);
      transition.commit('SyncReady');
    } finally {
      endRemoval(volume, transition);
    }
  });
}

function beginRemoval(
  volume: ArchiveVolume,
  from: string,
  via: 'ClearVol' | 'ResetVol',
  func: string,
): Transition {
  verifyAdmission(volume, { denied: DENIED_BY.everything }, func);
  return volume.states.begin(func, from, via);
}

/** Without its image the volume is at best SyncReady, as its file says, whatever failed behind the removal. */
function endRemoval(volume: ArchiveVolume, transition: Transition): void {
  if (volume.states.inTransition) {
    transition.rollback();
    if (!volume.lvs.has(volume.lvs.baseName)) volume.states.set('SyncReady');
  }
}

/**
 * Removes all block volumes. Copies go first; before the base goes, the stored state says that there is none, so
 * that a crash between leaves a volume that can be cleared, reset or backed up again.
 */
async function removeImages(volume: ArchiveVolume, from: string): Promise<void> {
  const { lvs } = volume;
  await volume.imageMutex.run(async () => {
    await lvs.relocate();
    await removeRestored(volume);
    await removeCold(volume);
    await volume.files.state.change(from, 'SyncReady', STEPS.clearIntent);
    try {
      await lvs.removeIfThere(lvs.baseName, STEPS.clearBase);
    } catch (error) {
      // The image is whole: the volume stays what it was, in memory by the caller's doing.
      if (lvs.has(lvs.baseName)) {
        await volume.files.state.putBack(from, 'SyncReady', STEPS.clearIntent);
      }
      throw error;
    }
    await removeColdCopies(volume);
  });
}

/** Removes the copies that were made for operators, unfinished ones included. */
export async function removeRestored(volume: ArchiveVolume): Promise<void> {
  const { lvs } = volume;
  for (const gid of lvs.gids('restored')) await lvs.remove(lvs.restoredName(gid), STEPS.clearSnapshots);
  for (const gid of lvs.gids('restoring')) await lvs.remove(lvs.restoringName(gid), STEPS.clearSnapshots);
}

function forgetContent(volume: ArchiveVolume): void {
  volume.wdiffs.set.clear();
  volume.files.forget();
  volume.latest = null;
  volume.unclearedLb = null;
  volume.progressLb = 0;
}

/** Stopped -> Archived. */
export async function startVolume(volume: ArchiveVolume): Promise<void> {
  const func = 'c2aStartServer';
  await volume.mutex.run(async () => {
    verifyAdmission(volume, { denied: DENIED_BY.everything }, func);
    const transition = volume.states.begin(func, 'Stopped', 'Start');
    try {
      await volume.files.state.change('Stopped', 'Archived', STEPS.startState);
      await refreshLatest(volume);
      transition.commit('Archived');
    } finally {
      transition.rollback();
    }
  });
}

/** Marks the volume as being stopped. Throws StateError when it is being stopped already. */
export function beginStop(volume: ArchiveVolume, mode: StopMode): Stopper {
  const stopper = volume.stopState.begin(mode === 'force' ? 'ForceStopping' : 'Stopping');
  if (stopper === null) throw new StateError(`c2aStopServer:already under stopping:${volume.volId}`);
  return stopper;
}

/** Archived -> Stopped, when what runs has ended. The caller ends the stopper. */
export async function stopVolume(server: ArchiveServer, volume: ArchiveVolume): Promise<void> {
  const func = 'c2aStopServer';
  const { clock } = server.world;
  const isQuiet = () => STEADY_STATES.includes(volume.states.state) && volume.actions.total() === 0;
  const deadlineUs = clock.monotonicUs() + STOP_TIMEOUT_S * US_PER_S;
  for (;;) {
    if (!(await waitUntil(clock, volume.changed, isQuiet, deadlineUs))) {
      throw new StateError(`${func}:timeout:${volume.volId}:${STOP_TIMEOUT_S}`);
    }
    const isStopped = await volume.mutex.run(async () => {
      // Something may have begun between the look and the lock.
      if (!isQuiet()) return false;
      const transition = volume.states.begin(func, 'Archived', 'Stop');
      try {
        await volume.files.state.change('Archived', 'Stopped', STEPS.stopState);
        transition.commit('Stopped');
      } finally {
        transition.rollback();
      }
      return true;
    });
    if (isStopped) return;
  }
}
