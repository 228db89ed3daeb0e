import { OverflowError, StateError } from '../../errors.js';
import { uuidEquals } from '../../format/uuid.js';
import { readVolumeSuperSector } from './device-log.js';
import { STORAGE_STEPS as STEPS } from './steps.js';
import { requireDevice, volumeWorld } from './volume.js';
import { maxWlogSendPb, nextGid } from './wlog-plan.js';
/** Writes that are under way may need another flush; a log that is not durable after so many is a device's failure. */
const MAX_FLUSHES = 10;
/**
 * Takes a snapshot at the device's latest lsid and queues it; durable when the gid is returned, and the log up to
 * there too (docs/operations.md, "Snapshots"). Throws OverflowError when the log has lost history, StateError when it was reset
 * and the volume's files did not follow.
 */
export async function takeSnapshot(server, volume, isMergeable) {
    const { physicalBlockBytes, uuid } = await readVolumeSuperSector(server, volume);
    return volume.queueMutex.run(async () => {
        // A stopped volume whose log was reset in between would give the gids of snapshots that were taken before.
        if (!uuidEquals(uuid, await volume.files.loadUuid())) {
            throw new StateError(`takeSnapshot:the log of ${volume.wdevPath} is not the one that was sent from; reset the volume and back it up again`, volume.states.state);
        }
        const path = requireDevice(volume, 'takeSnapshot');
        const { devices } = volumeWorld(server, volume, 'snapshot');
        const { latest } = await devices.lsids(path, STEPS.readDevice);
        await makeDurable(devices, path, latest);
        return takeSnapshotAt(server, volume, latest, isMergeable, physicalBlockBytes);
    });
}
/**
 * Lets the log up to an lsid be durable. A power loss could take its tail away otherwise, and what an application
 * writes there before this server is back would become part of the snapshot.
 */
async function makeDurable(devices, path, lsid) {
    const isDurable = async () => (await devices.lsids(path, STEPS.readDevice)).permanent >= lsid;
    if (await isDurable())
        return;
    const device = await devices.openDevice(path, STEPS.flushDevice);
    try {
        for (let i = 0; i < MAX_FLUSHES; i++) {
            await device.flush(STEPS.flushDevice);
            if (await isDurable())
                return;
        }
    }
    finally {
        device.close();
    }
    throw new StateError(`takeSnapshot:the log of ${path} is not durable up to ${lsid}`);
}
/** As takeSnapshot, with the queue's mutex held by the caller. */
export async function takeSnapshotAt(server, volume, lsid, isMergeable, physicalBlockBytes) {
    const world = volumeWorld(server, volume, 'snapshot');
    const path = requireDevice(volume, 'takeSnapshot');
    if (await world.devices.isOverflow(path, STEPS.readDevice)) {
        throw new OverflowError(`takeSnapshotDetail:wlog overflow:${path}`);
    }
    const previous = await newestPosition(volume);
    if (previous.lsid > lsid)
        throw new StateError(`takeSnapshotDetail:invalid lsid:${previous.lsid}:${lsid}`);
    const maxPb = maxWlogSendPb(server.options.maxWlogSendMb, physicalBlockBytes);
    const gid = nextGid(previous, lsid, maxPb);
    await volume.files.pushQueue({ lsid, gid, isMergeable, timestamp: world.clock.wallTimeS() });
    return gid;
}
/** The newest queued position, else what was delivered last. */
export async function newestPosition(volume) {
    return (await volume.files.loadQueue())[0] ?? (await volume.files.loadDonePosition());
}
