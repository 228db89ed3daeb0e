import { errorText, NotFoundError, StateError } from '../../errors.js';
import { endApplying } from '../../snapshot/algebra.js';
import { diffListToRestore } from '../../snapshot/state-query.js';
import { beginAction, verifyAdmission } from './admission.js';
import { chooseOrigin, isAt } from './base-image.js';
import { healPromotion } from './promotion.js';
import { ACTION, ACTIVE_OR_STOPPED_STATES, ACTIVE_STATES, DENIED_BY } from './states.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
import { closeAll } from './wdiff-store.js';
import { writeDiffs } from './write-diffs.js';
import { withZerosPaid } from './zero-clear.js';
/** Copies of snapshots as volumes of their own (docs/operations.md, "Restoring"). */
/** Begins a restore, or throws what the operator is told. */
export async function admitRestore(server, volume, gid) {
    const func = 'c2aRestoreServer';
    return volume.mutex.run(async () => {
        if (volume.lvs.has(volume.lvs.restoredName(gid))) {
            throw new StateError(`${func}:already restored:${volume.volId}:${gid}`);
        }
        const end = beginAction(server, volume, ACTION.restore, func, {
            notStopping: true,
            states: ACTIVE_STATES,
            denied: DENIED_BY.restore,
        });
        try {
            const base = await volume.files.loadBase();
            if (diffListToRestore(volume.wdiffs.set, base, gid) === null) {
                throw new NotFoundError(`verifyRestorable:bad gid to restore:${volume.volId}:${gid}`);
            }
        }
        catch (error) {
            end();
            throw error;
        }
        return { run: () => restore(server, volume, gid), end };
    });
}
async function restore(server, volume, gid) {
    const { lvs, imageMutex, world } = volume;
    const name = lvs.restoringName(gid);
    try {
        const state = await copyOrigin(server, volume, gid);
        if (lvs.isThin)
            await keepCold(volume, gid, state);
        await imageMutex.run(() => lvs.rename(name, lvs.restoredName(gid), STEPS.restoreRename));
    }
    catch (error) {
        await imageMutex.run(() => removeQuietly(volume, name));
        throw error;
    }
    if (lvs.isThin && server.options.keepOneColdSnapshot)
        await imageMutex.run(() => keepNewestCold(volume));
    world.log.info(`restore succeeded:${volume.volId}:${gid}`);
}
/** Makes the copy and brings it to the snapshot, in as many rounds as open files are allowed. */
async function copyOrigin(server, volume, gid) {
    const { lvs, wdiffs } = volume;
    const name = lvs.restoringName(gid);
    const openRound = (state) => wdiffs.openAll(() => restoreList(server, volume, state, gid));
    const begun = await withZerosPaid(server, volume, async () => {
        await healPromotion(volume);
        await lvs.removeIfThere(name, STEPS.restoreRemoveOld);
        // The copy and what is known of it belong together: nobody changes the base record meanwhile.
        const origin = await chooseOrigin(volume, gid);
        await lvs.snapshot(origin.name, name, true, STEPS.restoreSnapshot);
        await growToBase(volume, origin, name);
        // An apply may remove these diffs as soon as the mutex is free.
        const opened = isAt(origin.state, gid) ? [] : await openRound(origin.state);
        return { state: origin.state, opened };
    });
    let { state, opened } = begun;
    while (!isAt(state, gid)) {
        try {
            state = await restoreRound(server, volume, name, state, opened);
        }
        finally {
            closeAll(opened);
        }
        opened = isAt(state, gid) ? [] : await openRound(state);
    }
    return state;
}
async function restoreRound(server, volume, name, state, opened) {
    const device = await volume.lvs.open(name, 'write', STEPS.restoreOpen);
    try {
        await writeDiffs(server, volume, device, opened, {
            write: STEPS.restoreWrite,
            flush: STEPS.restoreFlush,
        });
    }
    finally {
        device.close();
    }
    return endApplying(state, opened.map(({ diff }) => diff));
}
function restoreList(server, volume, state, gid) {
    const list = diffListToRestore(volume.wdiffs.set, state, gid, server.options.maxOpenDiffs);
    if (list === null || list.length === 0) {
        throw new StateError(`restore:no diffs that lead to the snapshot:${volume.volId}:${gid}`);
    }
    return list;
}
/** A cold snapshot is as large as the base was when it was made. */
async function growToBase(volume, origin, name) {
    const { lvs } = volume;
    if (origin.coldGid === null || lvs.baseLb === null || lvs.sizeLb(name) >= lvs.baseLb)
        return;
    await lvs.grow(name, lvs.baseLb, STEPS.restoreGrow);
}
/**
 * Keeps the content as a cold snapshot too. It is only a shortcut for later: when it cannot be made, the restore
 * goes on without.
 */
async function keepCold(volume, gid, state) {
    const { lvs, files, imageMutex, world } = volume;
    const cold = lvs.coldName(gid);
    await imageMutex.run(async () => {
        if (lvs.has(cold))
            return;
        try {
            await lvs.snapshot(lvs.restoringName(gid), cold, false, STEPS.restoreCold);
            // The time comes last: without it the snapshot does not count.
            await files.saveColdTime(gid, state.timestamp, STEPS.restoreColdTime);
        }
        catch (error) {
            world.log.warning(`could not keep a cold snapshot:${volume.volId}:${gid}:${errorText(error)}`);
            await removeQuietly(volume, cold);
        }
    });
}
/** Removes all cold snapshots but the one with the largest gid. */
async function keepNewestCold(volume) {
    for (const gid of volume.lvs.gids('cold').slice(0, -1)) {
        try {
            await volume.lvs.remove(volume.lvs.coldName(gid), STEPS.keepOneCold);
            await volume.files.removeColdTime(gid);
        }
        catch (error) {
            volume.world.log.warning(`could not remove a cold snapshot:${volume.volId}:${gid}:${errorText(error)}`);
        }
    }
}
async function removeQuietly(volume, name) {
    try {
        await volume.lvs.removeIfThere(name, STEPS.restoreUndo);
    }
    catch (error) {
        volume.world.log.error(`could not remove ${name}: ${errorText(error)}`);
    }
}
/** `del-restored`, `del-cold`. Throws NotFoundError for a gid that is not there, IoError while it is in use. */
export async function removeSnapshot(volume, gid, role) {
    const func = role === 'restored' ? 'c2aDelRestoredServer' : 'c2aDelColdServer';
    await volume.mutex.run(async () => {
        verifyAdmission(volume, { notStopping: true, states: ACTIVE_OR_STOPPED_STATES, denied: DENIED_BY.restore }, func);
    });
    const { lvs, files, imageMutex } = volume;
    await imageMutex.run(async () => {
        if (!lvs.gids(role).includes(gid)) {
            throw new NotFoundError(`delSnapshot:volume not found:${volume.volId}:${gid}:${role}`);
        }
        if (role === 'restored') {
            await lvs.remove(lvs.restoredName(gid), STEPS.removeRestored);
            return;
        }
        await lvs.remove(lvs.coldName(gid), STEPS.removeColdVolume);
        await files.removeColdTime(gid);
    });
}
