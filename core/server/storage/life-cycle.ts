import { errorText, FormatError, IoError, NotFoundError, OverflowError, StateError } from '../../errors.ts';
import { ZERO_UUID } from '../../format/uuid.ts';
import type { StopMode } from '../../protocol/command-words.ts';
import type { Gid, Lb } from '../../units.ts';
import { US_PER_S } from '../../units.ts';
import { waitUntil } from '../shared/condition.ts';
import { exists, removeTree, removeVolumeDirectory } from '../shared/persist.ts';
import type { Stopper } from '../shared/stop-state.ts';
import { logMatchesFiles, readVolumeSuperSector } from './device-log.ts';
import { monitoredBy, startMonitoring, stopMonitoring } from './monitoring.ts';
import { RESIZABLE_STATES, STEADY_STATES, STOPPABLE_STATES, STORAGE_ACTIONS } from './states.ts';
import { STORAGE_STEPS as STEPS } from './steps.ts';
import { requireDevice, type StorageServer, type StorageVolume, verifyState, volumeWorld } from './volume.ts';

/** How long a stop waits for running work. */
const STOP_TIMEOUT_S = 60;

const WDEV_PREFIX = '/dev/walb/';

/** Makes a volume for a walb device: Clear -> SyncReady. */
export async function initVolume(
  server: StorageServer,
  volume: StorageVolume,
  wdevPath: string,
): Promise<void> {
  const func = 'c2sInitVolServer';
  const transition = volume.states.begin(func, 'Clear', 'InitVol');
  const { directory } = volume.files;
  const world = volumeWorld(server, volume, 'init-vol');
  let created = false;
  try {
    if (!wdevPath.startsWith(WDEV_PREFIX) || wdevPath.length === WDEV_PREFIX.length) {
      throw new FormatError(`getWdevNameFromWdevPath:bad name:${wdevPath}`);
    }
    if (monitoredBy(server, wdevPath) !== null) {
      throw new StateError(`${func}:wdevPath is already used:${volume.volId}:${wdevPath}`);
    }
    if (!(await world.devices.exists(wdevPath, STEPS.checkDevice))) {
      throw new NotFoundError(`StorageVolInfo:not found:${wdevPath}`);
    }
    if (await exists(world.files, directory, STEPS.initDirectory)) {
      throw new StateError(`StorageVolInfo:already exists:${directory}`);
    }
    await world.files.makeDirectory(directory, STEPS.initDirectory);
    created = true;
    const { files } = volume;
    await files.createQueue();
    await files.savePath(wdevPath);
    await files.saveDone({ lsid: null, gid: null, isMergeable: false, timestamp: world.clock.wallTimeS() });
    await files.saveUuid(ZERO_UUID);
    // `state` comes last: a directory without it is a volume that was never made.
    await files.saveState('SyncReady');
    await world.files.syncDirectory(server.options.baseDirectory, STEPS.initDirectory);
    volume.wdevPath = wdevPath;
    server.volumes.set(volume.volId, volume);
    transition.commit('SyncReady');
  } catch (error) {
    if (created) await removeTree(world.files, directory, STEPS.initDirectory);
    throw error;
  } finally {
    transition.rollback();
  }
}

/** Forgets a volume: SyncReady -> Clear. The device is left alone. */
export async function clearVolume(server: StorageServer, volume: StorageVolume): Promise<void> {
  const transition = volume.states.begin('c2sClearVolServer', 'SyncReady', 'ClearVol');
  try {
    const { files } = volumeWorld(server, volume, 'clear-vol');
    await removeVolumeDirectory(files, server.options.baseDirectory, volume.volId, STEPS.clearFiles);
    transition.commit('Clear');
    server.volumes.delete(volume.volId);
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
    } finally {
      transition.rollback();
    }
  });
}

/**
 * Resets the device's log and lets the volume's files follow: done at (0, gid), empty queue, the log's new uuid,
 * state SyncReady.
 */
export async function resetWlog(server: StorageServer, volume: StorageVolume, gid: Gid): Promise<void> {
  const world = volumeWorld(server, volume, 'reset-wlog');
  await volume.queueMutex.run(async () => {
    await world.devices.resetWal(requireDevice(volume, 'resetWlog'), STEPS.resetWal);
    const { files } = volume;
    await files.saveDone({ lsid: 0, gid, isMergeable: false, timestamp: world.clock.wallTimeS() });
    await files.clearQueue();
    await files.saveUuid((await readVolumeSuperSector(server, volume)).uuid);
    await files.saveState('SyncReady');
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
        await volume.files.saveState(to);
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
    await volume.files.saveState(to);
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
