import { errorText } from '../../errors.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
/**
 * Removes what lies before the base: diffs, and cold snapshots with their times. What can not be removed is
 * logged and left to the next time. Call it while holding the image mutex, after the base record is durable.
 */
export async function removeHistory(volume, gid) {
    const { lvs, files, wdiffs, world } = volume;
    await wdiffs.removeBeforeGid(gid);
    for (const cold of (await files.listColdTimes()).sort((a, b) => a - b)) {
        if (cold < gid)
            await files.removeColdTime(cold);
    }
    for (const cold of lvs.gids('cold')) {
        if (cold >= gid)
            break;
        try {
            await lvs.remove(lvs.coldName(cold), STEPS.applyRemoveCold);
        }
        catch (error) {
            world.log.warning(`could not remove a cold snapshot:${volume.volId}:${cold}:${errorText(error)}`);
        }
    }
}
/**
 * Removes everything cold of an image that is about to be replaced, unfinished promotions included. What stays
 * would be taken for a shortcut to the new image.
 */
export async function removeColdCopies(volume) {
    const { lvs } = volume;
    await removeCold(volume);
    for (const gid of lvs.gids('cold-to-base')) {
        await lvs.remove(lvs.coldToBaseName(gid), STEPS.clearSnapshots);
    }
}
/** Removes all cold snapshots and what is known of them. */
export async function removeCold(volume) {
    const { lvs, files } = volume;
    for (const gid of await files.listColdTimes())
        await files.removeColdTime(gid);
    for (const gid of lvs.gids('cold'))
        await lvs.remove(lvs.coldName(gid), STEPS.clearSnapshots);
}
