import { errorText, FormatError, IoError, NotFoundError, OverflowError, StateError } from '../../errors.ts';
import { ZERO_UUID } from '../../format/uuid.ts';
import type { StopMode } from '../../protocol/command-words.ts';
import type { Gid, Lb, UnixTimeS } from '../../units.ts';
import { US_PER_S } from '../../units.ts';
import { waitUntil } from '../shared/condition.ts';
import { exists, makeVolumeDirectory, removeVolumeDirectory } from '../shared/persist.ts';
import type { Transition } from '../shared/state-machine.ts';
import type { Stopper } from '../shared/stop-state.ts';
import { logMatchesFiles, readVolumeSuperSector } from './device-log.ts';
import { monitoredBy, pushTask, startMonitoring, stopMonitoring } from './monitoring.ts';
import { RESIZABLE_STATES, STEADY_STATES, STOPPABLE_STATES, STORAGE_ACTIONS } from './states.ts';
import { STORAGE_STEPS as STEPS } from './steps.ts';
import {
  getVolume,
  requireDevice,
  type StorageServer,
  type StorageVolume,
  verifyState,
  volumeWorld,
} from './volume.ts';
import { StorageVolumeFiles } from './volume-files.ts';

/** How long a stop waits for running work. */
const STOP_TIMEOUT_S = 60;

const WDEV_PREFIX = '/dev/walb/';

/** Makes a volume for a walb device: Clear -> SyncReady. A crash shows the whole volume or none. */
export async function initVolume(server: StorageServer, volId: string, wdevPath: string): Promise<void> {
  const func = 'c2sInitVolServer';
  const loaded = await getVolume(server, volId);
  const volume = server.volumes.get(volId) ?? loaded;
  const transition = volume.states.begin(func, 'Clear', 'InitVol');
  // From now on everybody who asks finds this volume, in state InitVol.
  server.volumes.set(volId, volume);
  try {
    if (!wdevPath.startsWith(WDEV_PREFIX) || wdevPath.length === WDEV_PREFIX.length) {
      throw new FormatError(`getWdevNameFromWdevPath:bad name:${wdevPath}`);
    }
    if (monitoredBy(server, wdevPath) !== null) {
      throw new StateError(`${func}:wdevPath is already used:${volId}:${wdevPath}`);
    }
    const world = volumeWorld(server, volume, 'init-vol');
    if (!(await world.devices.exists(wdevPath, STEPS.checkDevice))) {
      throw new NotFoundError(`StorageVolInfo:not found:${wdevPath}`);
    }
    if (await exists(world.files, volume.files.directory, STEPS.initDirectory)) {
      throw new StateError(`StorageVolInfo:already exists:${volume.files.directory}`);
    }
    await makeVolumeDirectory(
      world.files,
      server.options.baseDirectory,
      volId,
      (directory) =>
        fillVolume(new StorageVolumeFiles(world, directory, null), wdevPath, world.clock.wallTimeS()),
      STEPS.initDirectory,
    );
    volume.wdevPath = wdevPath;
    transition.commit('SyncReady');
  } catch (error) {
    server.volumes.delete(volId);
    throw error;
  } finally {
    transition.rollback();
  }
}

async function fillVolume(files: StorageVolumeFiles, wdevPath: string, timestamp: UnixTimeS): Promise<void> {
  await files.createQueue();
  await files.savePath(wdevPath);
  await files.saveState('SyncReady');
  await files.saveDone({ lsid: null, gid: null, isMergeable: false, timestamp });
  await files.saveUuid(ZERO_UUID);
}

/** Forgets a volume: SyncReady -> Clear. The device is left alone. */
export async function clearVolume(server: StorageServer, volume: StorageVolume): Promise<void> {
  const func = 'c2sClearVolServer';
  // A transfer that a failed backup left behind must not write into the files of the next volume of this name.
  volume.actions.verifyNotRunning(STORAGE_ACTIONS, func);
  const transition = volume.states.begin(func, 'SyncReady', 'ClearVol');
  try {
    const world = volumeWorld(server, volume, 'clear-vol');
    await removeVolumeDirectory(world, server.options.baseDirectory, volume.volId, STEPS.clearFiles);
    volume.files.state.forget();
    server.volumes.delete(volume.volId);
    transition.commit('Clear');
  } finally {
    transition.rollback();
  }
}

/** Empties the log and begins a new history at `gid`: Stopped -> SyncReady. */
export async function resetVolume(server: StorageServer, volume: StorageVolume, gid: Gid): Promise<void> {
  await volume.mutex.run(async () => {
    volume.stopState.verify(['NotStopping'], volume.volId, 'c2sResetVolServer');
    const transition = volume.states.begin('', 'Stopped', 'Reset');
    try {
      await resetWlog(server, volume, gid);
      transition.commit('SyncReady');
    } catch (error) {
      await followStoredState(volume, transition);
      throw error;
    } finally {
      transition.rollback();
    }
  });
}

/**
 * A reset that failed at or behind the state may have left a file that says SyncReady. Memory follows it: putting Stopped
 * back could meet the new log's uuid, and the volume would start without the backup that it needs.
 */
async function followStoredState(volume: StorageVolume, transition: Transition): Promise<void> {
  const stored = await volume.files.loadState().catch(() => 'Stopped');
  if (stored !== 'SyncReady') return;
  transition.commit('SyncReady');
  // What can be seen may not be durable.
  volume.files.state.keep('SyncReady', STEPS.saveState);
}

/**
 * Resets the device's log and lets the volume's files follow: done at (0, gid), empty queue, the log's new uuid,
 * state SyncReady. The newest gid that was given is kept: replicas may have what the primary archive never got.
 */
export async function resetWlog(server: StorageServer, volume: StorageVolume, gid: Gid): Promise<void> {
  const world = volumeWorld(server, volume, 'reset-wlog');
  await volume.queueMutex.run(async () => {
    const { files } = volume;
    await files.keepLastGid(await files.loadNewestGid());
    await world.devices.resetWal(requireDevice(volume, 'resetWlog'), STEPS.resetWal);
    await files.saveDone({ lsid: 0, gid, isMergeable: false, timestamp: world.clock.wallTimeS() });
    await files.clearQueue();
    // Before the uuid: whoever finds Stopped after a crash must find a uuid that is not the log's, too, so that
    // nothing is sent before a backup.
    await files.saveState('SyncReady');
    await files.saveUuid((await readVolumeSuperSector(server, volume)).uuid);
  });
}

/** Stopped -> Target or SyncReady -> Standby. The caller answers while the volume's mutex is held. */
export async function startVolume(
  server: StorageServer,
  volume: StorageVolume,
  role: 'target' | 'standby',
): Promise<void> {
  const func = 'c2sStartServer';
  await volume.mutex.run(async () => {
    volume.stopState.verify(['NotStopping'], volume.volId, func);
    const path = requireDevice(volume, func);
    const { devices } = volumeWorld(server, volume, 'start');
    const isOverflow = await devices.isOverflow(path, STEPS.readDevice);
    const [from, via, to] =
      role === 'target'
        ? (['Stopped', 'StartTarget', 'Target'] as const)
        : (['SyncReady', 'StartStandby', 'Standby'] as const);
    if (role === 'target' && isOverflow) throw new OverflowError(`${func}:overflow:${volume.volId}:${path}`);
    const transition = volume.states.begin(func, from, via);
    try {
      await verifyStoredState(volume, from, func);
      if (role === 'target' && !(await logMatchesFiles(server, volume))) {
        throw new StateError(
          `${func}:the log of ${path} is not the one that was sent from; reset the volume and back it up again`,
          from,
        );
      }
      if (role === 'standby' && isOverflow) await resetWlog(server, volume, 0);
      await startMonitoring(server, volume);
      try {
        await volume.files.changeState(from, to);
      } catch (error) {
        stopMonitoring(server, volume);
        throw error;
      }
      transition.commit(to);
    } finally {
      transition.rollback();
    }
  });
}

async function verifyStoredState(volume: StorageVolume, expected: string, func: string): Promise<void> {
  await volume.files.state.settle();
  const stored = await volume.files.loadState();
  if (stored !== expected)
    throw new StateError(`${func}:bad state:${stored}:${expected}`, stored, [expected]);
}

/** Marks the volume as being stopped. Throws StateError when it is being stopped already. */
export function beginStop(volume: StorageVolume, mode: StopMode): Stopper {
  const stopper = volume.stopState.begin(mode === 'force' ? 'ForceStopping' : 'Stopping');
  if (stopper === null) throw new StateError(`c2sStopServer:already under stopping:${volume.volId}`);
  return stopper;
}

/** Target -> Stopped or Standby -> SyncReady, when what runs has ended. Ends the stopper in any case. */
export async function stopVolume(
  server: StorageServer,
  volume: StorageVolume,
  stopper: Stopper,
): Promise<void> {
  const func = 'c2sStopServer';
  const { clock } = server.world;
  try {
    const isQuiet = () =>
      STEADY_STATES.includes(volume.states.state) &&
      STORAGE_ACTIONS.every((name) => volume.actions.count(name) === 0);
    const deadlineUs = clock.monotonicUs() + STOP_TIMEOUT_S * US_PER_S;
    if (!(await waitUntil(clock, volume.changed, isQuiet, deadlineUs))) {
      throw new StateError(`${func}:timeout:${STOP_TIMEOUT_S}`);
    }
    await volume.mutex.run(async () => {
      verifyState(volume, STOPPABLE_STATES, func);
      await leaveRole(server, volume, func);
    });
  } finally {
    stopper.end();
    // What was dropped while the volume seemed to stop; nothing where monitoring has ended.
    if (volume.watch !== null) pushTask(server, volume, 0);
  }
}

/** The way out of Target or Standby, on disk and in memory. */
export async function leaveRole(server: StorageServer, volume: StorageVolume, func: string): Promise<void> {
  const isTarget = volume.states.state === 'Target';
  const [from, via, to] = isTarget
    ? (['Target', 'StopTarget', 'Stopped'] as const)
    : (['Standby', 'StopStandby', 'SyncReady'] as const);
  const transition = volume.states.begin(func, from, via);
  try {
    await verifyStoredState(volume, from, func);
    await volume.files.changeState(from, to);
    stopMonitoring(server, volume);
    transition.commit(to);
  } finally {
    transition.rollback();
  }
}

/** Grows the walb device; its data device must have been grown before. */
export async function resizeVolume(server: StorageServer, volume: StorageVolume, sizeLb: Lb): Promise<void> {
  const func = 'c2sResizeServer';
  await volume.mutex.run(async () => {
    volume.stopState.verify(['NotStopping'], volume.volId, func);
    verifyState(volume, RESIZABLE_STATES, func);
    const path = requireDevice(volume, func);
    const { devices } = volumeWorld(server, volume, 'resize');
    const currentLb = await devices.sizeLb(path, STEPS.readDevice);
    if (sizeLb < currentLb) throw new StateError(`growWdev:shrink is not supported:${currentLb}:${sizeLb}`);
    try {
      await devices.resize(path, sizeLb, STEPS.resize);
    } catch (error) {
      if (error instanceof IoError && error.code === 'EFAULT') {
        throw new IoError('EFAULT', `setValueByIoctl:ioctl error:Bad address(14): ${errorText(error)}`);
      }
      throw error;
    }
  });
}
