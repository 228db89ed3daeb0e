import { FormatError, StateError, TimeoutError } from '../errors.js';
import { isCleanDiff } from '../snapshot/meta.js';
import { LOGICAL_BLOCK_BYTES, MIB } from '../units.js';
import { existsDiff, getApplicableDiffList, getBase, getRestorableGid, getVolSizeLb } from './queries.js';
import { getState, pollUntil, runCtl, SHORT_TIMEOUT_S, TIMEOUT_S, waitForNoAction, } from './session.js';
import { ARCHIVE_RESIZABLE } from './states.js';
import { verifyGidRange } from './values.js';
const LB_PER_MIB = MIB / LOGICAL_BLOCK_BYTES;
/** Moves the base image up to a snapshot; older ones are gone afterwards. */
export async function apply(session, ax, vol, gid, timeoutS = TIMEOUT_S) {
    const diffs = await getApplicableDiffList(session, ax, vol);
    if (!diffs.some((diff) => diff.snapE.gidB === gid)) {
        throw new StateError(`apply: gid is not restorable:${ax.name}:${vol}:${gid}`);
    }
    await runCtl(session, ax, ['apply', vol, String(gid)]);
    await waitForNoAction(session, ax, vol, 'Apply', timeoutS);
    const base = await getBase(session, ax, vol);
    const oldest = (await getRestorableGid(session, ax, vol))[0];
    if (base.isApplying || oldest === undefined || oldest < gid) {
        throw new StateError(`wait_for_applied:failed:${ax.name}:${vol}:${gid}:${oldest ?? ''}`);
    }
}
/** Applies everything; null when there is nothing to apply. */
export async function applyAll(session, ax, vol, timeoutS = TIMEOUT_S) {
    const gid = (await getApplicableDiffList(session, ax, vol)).at(-1)?.snapE.gidB ?? null;
    if (gid !== null)
        await apply(session, ax, vol, gid, timeoutS);
    return gid;
}
/** Makes one diff of those from one snapshot to another; implicit snapshots between are gone afterwards. */
export async function merge(session, ax, vol, gidB, gidE, timeoutS = TIMEOUT_S) {
    verifyGidRange(gidB, gidE, 'merge');
    const diffs = await getApplicableDiffList(session, ax, vol, gidE);
    verifyMergeRange(diffs, gidB, gidE);
    await runCtl(session, ax, ['merge', vol, String(gidB), 'gid', String(gidE)]);
    await waitForNoAction(session, ax, vol, 'Merge', timeoutS);
    if (!(await existsDiff(session, ax, vol, gidB, gidE))) {
        throw new StateError(`wait_for_merged:failed:${ax.name}:${vol}:${gidB}:${gidE}`);
    }
}
function verifyMergeRange(diffs, gidB, gidE) {
    const range = diffs.filter((diff) => (diff.snapB.gidB ?? 0) >= gidB);
    const first = range[0];
    if (first === undefined || first.snapB.gidB !== gidB || range.at(-1)?.snapE.gidB !== gidE) {
        throw new StateError(`merge: specify exact ranges:${gidB}:${gidE}`);
    }
    if (!range.every(isCleanDiff))
        throw new StateError(`merge: a dirty snapshot is in the range:${gidB}:${gidE}`);
    if (first.isCompDiff)
        throw new StateError(`merge: first diff must not be comp diff:${gidB}`);
    for (const diff of range.slice(1)) {
        if (diff.isMergeable && !diff.isCompDiff)
            continue;
        throw new StateError(`merge: diff must mergeable and not comp diff:${diff.snapB.gidB}:${diff.snapE.gidB}`);
    }
}
/** Grows an archive's image; `doZeroClear` writes zeros over what is new. */
export async function resizeArchive(session, ax, vol, sizeMb, doZeroClear) {
    verifySizeMb(sizeMb);
    await growArchive(session, ax, vol, sizeMb * LB_PER_MIB, doZeroClear);
}
/**
 * As resizeArchive, to a size that need not be whole MiB: what a replica needs that follows its source. `timeoutS`
 * limits the waiting for zeros.
 */
export async function growArchive(session, ax, vol, sizeLb, doZeroClear, timeoutS = SHORT_TIMEOUT_S) {
    const sizeMb = sizeLb / LB_PER_MIB;
    const sizeU = Number.isInteger(sizeMb) ? `${sizeMb}m` : String(sizeLb * LOGICAL_BLOCK_BYTES);
    const state = await getState(session, ax, vol);
    if (!ARCHIVE_RESIZABLE.includes(state)) {
        throw new StateError(`resize_archive:bad state:${ax.name}:${vol}:${sizeMb}:${state}`, state, ARCHIVE_RESIZABLE);
    }
    const oldMb = (await getVolSizeLb(session, ax, vol)) / LB_PER_MIB;
    if (oldMb === sizeMb)
        return;
    if (oldMb > sizeMb) {
        throw new StateError(`resize_archive:shrink is not supported:${ax.name}:${vol}:${oldMb}:${sizeMb}`);
    }
    await runCtl(session, ax, ['resize', vol, sizeU, ...(doZeroClear ? ['zeroclear'] : [])]);
    await waitForNoAction(session, ax, vol, 'Resize', timeoutS);
    await pollUntil(session, SHORT_TIMEOUT_S, async () => {
        const newMb = (await getVolSizeLb(session, ax, vol)) / LB_PER_MIB;
        return newMb >= sizeMb ? { done: undefined } : { seen: String(newMb) };
    }, (last) => new TimeoutError(`wait_for_resize:size is not changed(restored vol may exist):${ax.name}:${vol}:${oldMb}:${last}:${sizeMb}`));
}
/** Grows a storage's walb device; its data device must have been grown. Nothing where the volume is Clear. */
export async function resizeStorage(session, sx, vol, sizeMb) {
    verifySizeMb(sizeMb);
    if ((await getState(session, sx, vol)) === 'Clear')
        return;
    await runCtl(session, sx, ['resize', vol, `${sizeMb}m`]);
}
/** Grows all archives, then all storages; stops at the first failure. */
export async function resize(session, vol, sizeMb, doZeroClear) {
    for (const ax of session.layout.archives)
        await resizeArchive(session, ax, vol, sizeMb, doZeroClear);
    for (const sx of session.layout.storages)
        await resizeStorage(session, sx, vol, sizeMb);
}
function verifySizeMb(sizeMb) {
    if (Number.isSafeInteger(sizeMb) && sizeMb > 0)
        return;
    throw new FormatError(`a size of at least 1 MiB is expected, got ${sizeMb}`);
}
/** Removes diffs that larger ones have made superfluous. */
export async function gcDiff(session, ax, vol) {
    await runCtl(session, ax, ['gc-diff', vol]);
}
