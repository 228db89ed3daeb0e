import { errorText, NotFoundError, StateError, TimeoutError } from '../errors.js';
import { sleep } from '../server/shared/condition.js';
import { US_PER_S } from '../units.js';
import { getCold, getRestorableGid, getRestored, isArchiveActive } from './queries.js';
import { getState, pollUntil, runCtl, SHORT_TIMEOUT_S, TIMEOUT_S, waitForNoAction, } from './session.js';
const MAX_REMOVAL_TRIES = 3;
const REMOVAL_PAUSE_S = 1;
/** Takes a snapshot; its gid is known at once, it becomes restorable later. */
export async function snapshotNbk(session, sx, vol) {
    return Number((await runCtl(session, sx, ['snapshot', vol]))[0]);
}
/** Takes a snapshot and waits until each of the archives can restore it. */
export async function snapshot(session, sx, vol, archives, timeoutS = TIMEOUT_S) {
    for (const ax of archives) {
        if (!(await isArchiveActive(session, ax, vol)))
            throw new StateError(`snapshot:bad state:${ax.name}:${vol}`);
    }
    const gid = await snapshotNbk(session, sx, vol);
    const state = await getState(session, sx, vol);
    if (state !== 'Target') {
        throw new StateError(`snapshot: state is not target and can not wait:${sx.name}:${vol}:${state}`, state);
    }
    for (const ax of archives)
        await waitForRestorable(session, ax, vol, gid, timeoutS);
    return gid;
}
/** Waits until a snapshot is listed as restorable; merged-away and implicit ones are not. */
export async function waitForRestorable(session, ax, vol, gid, timeoutS = TIMEOUT_S) {
    await waitForGid(session, ax, vol, gid, () => getRestorableGid(session, ax, vol), timeoutS);
}
async function waitForGid(session, ax, vol, gid, list, timeoutS, isListed = true) {
    await pollUntil(session, timeoutS, async () => {
        const gids = await list();
        return gids.includes(gid) === isListed ? { done: undefined } : { seen: gids.join(',') };
    }, (last) => new TimeoutError(`wait_for_gid: timeout:${ax.name}:${vol}:${gid}:${timeoutS}:${last}`));
}
/** Waits, and throws StateError when the gid becomes restorable all the same. An error of the query passes. */
export async function verifyNotRestorable(session, ax, vol, gid, waitS, what) {
    try {
        await waitForRestorable(session, ax, vol, gid, waitS);
    }
    catch {
        return;
    }
    throw new StateError(`${what}:gid must not be restorable:${ax.name}:${vol}:${gid}`);
}
/** Makes a writable copy of the volume as it was at a gid. */
export async function restore(session, ax, vol, gid, timeoutS = TIMEOUT_S) {
    if ((await getRestored(session, ax, vol)).includes(gid)) {
        throw new StateError(`restore: already restored:${ax.name}:${vol}:${gid}`);
    }
    await runCtl(session, ax, ['restore', vol, String(gid)]);
    await waitForRestored(session, ax, vol, gid, timeoutS);
}
export async function waitForRestored(session, ax, vol, gid, timeoutS = TIMEOUT_S) {
    await waitForNoAction(session, ax, vol, 'Restore', timeoutS);
    if (!(await getRestored(session, ax, vol)).includes(gid)) {
        throw new StateError(`wait_for_restored:failed:${ax.name}:${vol}:${gid}`);
    }
}
/** Removes a restored copy; somebody may still be closing it, so it is tried three times. */
export async function delRestored(session, ax, vol, gid) {
    await removeCopy(session, ax, vol, gid, 'del-restored', () => getRestored(session, ax, vol));
}
/** Removes a cold snapshot, which only saves time. */
export async function delCold(session, ax, vol, gid) {
    await removeCopy(session, ax, vol, gid, 'del-cold', () => getCold(session, ax, vol));
}
async function removeCopy(session, ax, vol, gid, command, list) {
    if (!(await list()).includes(gid))
        throw new NotFoundError(`${command}: volume not found:${ax.name}:${vol}:${gid}`);
    for (let tries = 1;; tries++) {
        try {
            await runCtl(session, ax, [command, vol, String(gid)]);
            break;
        }
        catch (error) {
            // An answer that was lost on its way does not matter when the copy is gone.
            if (!(await list()).includes(gid))
                break;
            if (tries === MAX_REMOVAL_TRIES) {
                throw new StateError(`${command}: exceeds max retry times:${ax.name}:${vol}:${gid}: ${errorText(error)}`);
            }
            await sleep(session.world.clock, REMOVAL_PAUSE_S * US_PER_S);
        }
    }
    await waitForGid(session, ax, vol, gid, list, SHORT_TIMEOUT_S, false);
}
/** Removes all restored copies; returns their gids. */
export async function delRestoredAll(session, ax, vol) {
    const gids = await getRestored(session, ax, vol);
    for (const gid of gids)
        await delRestored(session, ax, vol, gid);
    return gids;
}
/** Lets snapshots be merged away. Every gid is tried; one that fails fails the command. */
export async function disableSnapshot(session, ax, vol, gids) {
    await runCtl(session, ax, ['disable-snapshot', vol, ...gids.map(String)]);
}
/** Keeps snapshots from being merged away. */
export async function enableSnapshot(session, ax, vol, gids) {
    await runCtl(session, ax, ['enable-snapshot', vol, ...gids.map(String)]);
}
