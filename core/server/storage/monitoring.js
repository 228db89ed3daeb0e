import { StateError } from '../../errors.js';
import { STORAGE_STEPS as STEPS } from './steps.js';
import { requireDevice, volumeWorld } from './volume.js';
/** How long after a log event the volume is looked at. */
const EVENT_DELAY_MS = 100;
/** Watches the log of a volume's device and queues its task. Throws StateError when it is watched already. */
export async function startMonitoring(server, volume) {
    const path = requireDevice(volume, 'startMonitoring');
    const other = monitoredBy(server, path);
    if (other !== null)
        throw new StateError(`StorageSingleton:addWdevName:already exists:${path}:${other}`);
    const { devices } = volumeWorld(server, volume, 'monitor');
    const onLog = () => pushTask(server, volume, EVENT_DELAY_MS);
    volume.watch = await devices.watch(path, onLog, STEPS.watch);
    pushTask(server, volume, 0);
}
/** Stops watching; what is queued for the volume is dropped. Harmless when it is not watched. */
export function stopMonitoring(server, volume) {
    volume.watch?.close();
    volume.watch = null;
    server.tasks.remove((task) => task.volId === volume.volId);
}
/** The volume that watches the device of a path, or null. */
export function monitoredBy(server, wdevPath) {
    for (const volume of server.volumes.values()) {
        if (volume.watch !== null && volume.wdevPath === wdevPath)
            return volume.volId;
    }
    return null;
}
/** Queues the volume's task unless it is queued. */
export function pushTask(server, volume, delayMs) {
    server.tasks.push(volume.volId, { volId: volume.volId, retryDelayMs: 0 }, delayMs);
}
/** Queues the volume's task for this time, whatever was planned. */
export function pushTaskForce(server, volume, delayMs, retryDelayMs = 0) {
    server.tasks.pushForce(volume.volId, { volId: volume.volId, retryDelayMs }, delayMs);
}
