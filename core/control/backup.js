import { StateError, TimeoutError } from '../errors.js';
import { initVol, resetVol, stop } from './life-cycle.js';
import { getRestorableGid, isArchiveActive } from './queries.js';
import { getState, pollUntil, runCtl, TIMEOUT_S, waitForStateChange, } from './session.js';
import { STORAGE_FULL_SYNC, STORAGE_HASH_SYNC } from './states.js';
import { verifySizeUnit } from './values.js';
import { isSynchronizing, kickProxy, startSynchronizing, stopSynchronizing } from './wiring.js';
/** Lets the storage be SyncReady, the others out of the way, and only the primary archive synchronising. */
async function prepareBackup(session, sx, vol, syncOpt) {
    const state = await getState(session, sx, vol);
    if (state === 'Standby')
        await stop(session, sx, vol, 'graceful');
    else if (state === 'Stopped')
        await resetVol(session, sx, vol);
    else if (state !== 'SyncReady') {
        throw new StateError(`prepare_backup:bad state. call stop if target.:${sx.name}:${vol}:${state}`, state);
    }
    for (const other of session.layout.storages) {
        if (other.name === sx.name)
            continue;
        const otherState = await getState(session, other, vol);
        if (!['Standby', 'Clear'].includes(otherState)) {
            throw new StateError(`prepare_backup:bad state:${other.name}:${vol}:${otherState}`, otherState);
        }
    }
    for (const ax of session.layout.archives) {
        if (await isSynchronizing(session, ax, vol))
            await stopSynchronizing(session, ax, vol);
    }
    const primary = session.layout.getPrimaryArchive();
    if ((await getState(session, primary, vol)) === 'Clear')
        await initVol(session, primary, vol);
    await startSynchronizing(session, primary, vol, syncOpt);
}
/**
 * Copies the whole volume to the primary archive, and returns the gid of the first clean snapshot there (null
 * when `block` is false).
 */
export async function fullBackup(session, sx, vol, options = {}) {
    return backUp(session, sx, vol, 'full', options);
}
/** As fullBackup, but only blocks that differ are sent, and the archive keeps its history. */
export async function hashBackup(session, sx, vol, options = {}) {
    return backUp(session, sx, vol, 'hash', options);
}
async function backUp(session, sx, vol, kind, options) {
    const { timeoutS = TIMEOUT_S, block = true, bulkSizeU, syncOpt = null } = options;
    if (bulkSizeU !== undefined)
        verifySizeUnit(bulkSizeU);
    const what = `${kind}_backup`;
    const primary = session.layout.getPrimaryArchive();
    await prepareBackup(session, sx, vol, syncOpt);
    const before = kind === 'hash' ? ((await getRestorableGid(session, primary, vol)).at(-1) ?? -1) : -1;
    await runCtl(session, sx, [`${kind}-bkp`, vol, ...(bulkSizeU === undefined ? [] : [bulkSizeU])]);
    if (!block)
        return null;
    const syncing = kind === 'full' ? STORAGE_FULL_SYNC : STORAGE_HASH_SYNC;
    await waitForStateChange(session, sx, vol, syncing, ['Target'], timeoutS);
    if (!(await isArchiveActive(session, primary, vol))) {
        throw new StateError(`${what}: sync failed:${primary.name}:${vol}`);
    }
    await kickProxy(session, vol, primary);
    return pollUntil(session, timeoutS, async () => {
        const last = (await getRestorableGid(session, primary, vol)).at(-1);
        return last !== undefined && last > before ? { done: last } : { seen: String(last ?? '') };
    }, () => new TimeoutError(`${what}:timeout:${sx.name}:${vol}`));
}
