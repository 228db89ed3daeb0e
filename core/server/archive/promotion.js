import { errorText, StateError } from '../../errors.js';
import { makeSnap, makeState } from '../../snapshot/meta.js';
import { US_PER_S } from '../../units.js';
import { sleep } from '../shared/condition.js';
import { newestCold } from './base-image.js';
import { removeHistory } from './history.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
const FINISH_ATTEMPTS = 5;
/**
 * A cold snapshot takes the place of the base, so that nothing need be written (docs/operations.md,
 * "Promotion"). All of it under the image mutex.
 */
/**
 * Makes the newest cold snapshot at or before `gid` the base, when there is one behind the base and nobody reads
 * the base. Throws what went wrong; the volume is then as before, or `recoverPromotion` goes on.
 */
export async function promoteCold(volume, gid) {
    const { lvs, files } = volume;
    const base = await files.loadBase();
    if (base.isApplying || volume.baseReaders.size > 0)
        return;
    const cold = await newestCold(volume, base, gid);
    if (cold === null)
        return;
    const temporary = lvs.coldToBaseName(cold.gid);
    await lvs.removeIfThere(temporary, STEPS.promoteRemoveOld);
    await lvs.rename(lvs.coldName(cold.gid), temporary, STEPS.promoteRenameCold);
    try {
        await lvs.setWritable(temporary, true, STEPS.promoteWritable);
        const baseLb = lvs.baseLb ?? 0;
        if (lvs.sizeLb(temporary) < baseLb)
            await lvs.grow(temporary, baseLb, STEPS.promoteGrow);
        // Behind this there is no way back.
        await lvs.remove(lvs.baseName, STEPS.promoteRemoveBase);
    }
    catch (error) {
        await demote(volume, cold.gid);
        throw error;
    }
    await finishStubbornly(volume, cold.gid, cold.timestamp);
}
/** Without a base the volume is of no use: tries again before it leaves the rest to `healPromotion`. */
async function finishStubbornly(volume, gid, timestamp) {
    for (let attempt = 1;; attempt++) {
        try {
            await finishPromotion(volume, gid, timestamp);
            return;
        }
        catch (error) {
            volume.world.log.error(`promotion is not finished:${volume.volId}:${gid}:${errorText(error)}`);
            if (volume.lvs.baseLb !== null || attempt === FINISH_ATTEMPTS)
                throw error;
            await sleep(volume.world.clock, US_PER_S);
        }
    }
}
async function finishPromotion(volume, gid, timestamp) {
    const { lvs, files } = volume;
    await files.saveBase(makeState(makeSnap(gid), timestamp), STEPS.promoteBaseRecord);
    await lvs.rename(lvs.coldToBaseName(gid), lvs.baseName, STEPS.promoteRename);
    await files.removeColdTime(gid);
    await removeHistory(volume, gid);
}
/** Back to a cold snapshot. Never throws. */
async function demote(volume, gid) {
    const { lvs, world } = volume;
    try {
        await lvs.rename(lvs.coldToBaseName(gid), lvs.coldName(gid), STEPS.promoteUndo);
        await lvs.setWritable(lvs.coldName(gid), false, STEPS.promoteUndo);
    }
    catch (error) {
        world.log.error(`could not take a promotion back:${volume.volId}:${gid}:${errorText(error)}`);
    }
}
/**
 * Goes on with, or takes back, a promotion that was interrupted: at start-up and before each apply. Throws
 * StateError when there is neither a base nor anything that could become one.
 */
export async function recoverPromotion(volume) {
    const { lvs, files, world } = volume;
    const pending = lvs.gids('cold-to-base');
    if (lvs.baseLb !== null) {
        const baseGid = (await files.loadBase()).snapB.gidB ?? -1;
        for (const gid of pending) {
            if (gid > baseGid) {
                world.log.warning(`an interrupted promotion is taken back:${volume.volId}:${gid}`);
                await lvs.rename(lvs.coldToBaseName(gid), lvs.coldName(gid), STEPS.promoteUndo);
                await lvs.setWritable(lvs.coldName(gid), false, STEPS.promoteUndo);
            }
            else {
                await lvs.remove(lvs.coldToBaseName(gid), STEPS.promoteUndo);
                await files.removeColdTime(gid);
            }
        }
        return;
    }
    const gid = pending[pending.length - 1];
    if (gid === undefined)
        throw new StateError(`recoverColdToBase:base image does not exist:${volume.volId}`);
    world.log.warning(`an interrupted promotion is finished:${volume.volId}:${gid}`);
    const base = await files.loadBase();
    // The time may be unlinked already when the record was saved.
    const timestamp = base.snapB.gidB === gid ? base.timestamp : await files.loadColdTime(gid);
    await finishPromotion(volume, gid, timestamp);
}
/** Finishes a promotion that failed behind its point of no return, before somebody misses the base. */
export async function healPromotion(volume) {
    const { lvs } = volume;
    if (lvs.baseLb === null && lvs.gids('cold-to-base').length > 0)
        await recoverPromotion(volume);
}
