import { logMatchesFiles } from './device-log.js';
import { STORAGE_STEPS as STEPS } from './steps.js';
import { requireDevice, volumeWorld } from './volume.js';
/**
 * What a start must mend before a volume goes on (docs/operations.md, "Start-up of a storage server").
 *
 * A log that was reset without its volume's files following (a crash in between, or somebody's `reset-wal`) has
 * another uuid: the volume stops and waits for a reset and a backup. And when a power loss took the tail of the
 * log, snapshots may point beyond what is left; new writes would get those positions, so the snapshots move
 * down to the end of the log.
 */
export async function repairAfterCrash(server, volume) {
    const { state } = volume.states;
    if (state !== 'Target' && state !== 'Stopped')
        return;
    const world = volumeWorld(server, volume, 'recovery');
    if (!(await logMatchesFiles(server, volume))) {
        world.log.error(`${volume.volId}: the log of ${volume.wdevPath} is not the one that was sent from; reset the volume and back it up again`);
        if (state === 'Target') {
            await volume.files.saveState('Stopped');
            volume.states.set('Stopped');
        }
        return;
    }
    const path = requireDevice(volume, 'repairAfterCrash');
    const { latest } = await world.devices.lsids(path, STEPS.readDevice);
    const queue = await volume.files.loadQueue();
    if (queue.every((position) => position.lsid <= latest))
        return;
    const repaired = queue.map((position) => ({ ...position, lsid: Math.min(position.lsid, latest) }));
    await volume.files.replaceQueue(repaired);
    world.log.warning(`${volume.volId}: the log ends at lsid ${latest}; snapshots beyond it were moved down to it`);
}
