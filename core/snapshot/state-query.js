import { StateError } from '../errors.js';
import { applyDiff, applyDiffs, beginApplying, endApplying, reachesEnd } from './algebra.js';
import { applicableDiff, applicableDiffList, applicableDiffListByGid } from './diff-chain.js';
import { isCleanSnap, makeState, stateToText } from './meta.js';
/**
 * What can be made of a base image and the diffs beside it: the latest snapshot, the snapshots that can be
 * restored, and which diffs to read for that. See docs/snapshots.md, "Interrupted applies".
 */
/** The newest snapshot that the diffs lead to. */
export function latestSnapshot(set, state) {
    return applyDiffs(state.snapB, applicableDiffList(set, state.snapB));
}
/**
 * The state after all diffs; `state` itself when there is none to apply. An interrupted apply that the
 * diffs can not complete does not matter here, since further diffs are received by this.
 */
export function latestState(set, state) {
    const chain = applicableDiffList(set, state.snapB);
    if (chain.length === 0)
        return state;
    return makeState(applyDiffs(state.snapB, chain), chain[chain.length - 1].timestamp);
}
/**
 * The diffs without which the image stays a mixture: the shortest beginning of the greedy chain that leads
 * as far as the interrupted apply was meant to. Empty unless applying. Throws StateError when the diffs do
 * not lead that far: the image can not be used before they come.
 */
export function minimumApplicableDiffList(set, state) {
    const list = [];
    let at = state.snapB;
    while (!reachesEnd(state, at)) {
        const diff = applicableDiff(set, at);
        if (diff === null) {
            throw new StateError(`getMinimumApplicableDiffList:no diffs that complete the interrupted apply:${stateToText(state)}`, stateToText(state));
        }
        at = applyDiff(at, diff);
        list.push(diff);
    }
    return list;
}
/** The first state, from where the image is, whose content is of one time. Throws StateError if none is. */
export function oldestCleanState(set, state) {
    let at = endApplying(state, minimumApplicableDiffList(set, state));
    while (!isCleanSnap(at.snapB)) {
        const diff = applicableDiff(set, at.snapB);
        if (diff === null) {
            throw new StateError('MetaDiffManager::getOldestCleanState:there is no clean snapshot.');
        }
        at = endApplying(at, [diff]);
    }
    return at;
}
/**
 * The states that can be restored, ascending: the base when it is clean, never marked explicit; then the
 * clean ones of the greedy chain, the implicit ones only when `isAll`. The last one counts as explicit.
 */
export function restorableList(set, state, isAll) {
    const chain = applicableDiffList(set, state.snapB);
    const minimum = minimumApplicableDiffList(set, state);
    const found = [];
    let at = endApplying(state, minimum);
    if (isCleanSnap(at.snapB))
        found.push({ ...at, isExplicit: false });
    for (let i = minimum.length; i < chain.length; i++) {
        at = endApplying(at, [chain[i]]);
        const isExplicit = i + 1 === chain.length || !chain[i + 1].isMergeable;
        if (isCleanSnap(at.snapB) && (isAll || isExplicit))
            found.push({ ...at, isExplicit });
    }
    return found;
}
/** Gids of all snapshots that can be restored, ascending. */
export function cleanSnapshotList(set, state) {
    return restorableList(set, state, true).map((at) => at.snapB.gidB);
}
/** The state of an image that all diffs up to a gid are being or have been applied to. */
export function stateByGid(set, state, gid, stage) {
    const diffs = applicableDiffListByGid(set, state.snapB, gid);
    return stage === 'begin' ? beginApplying(state, diffs) : endApplying(state, diffs);
}
/**
 * The diffs that make the image the snapshot with gidB = `gid`, or null when that snapshot can not be made
 * (or is dirty and `mustBeClean`). Empty when the image is there already.
 */
export function diffListToMaterialize(set, state, gid, mustBeClean) {
    const minimum = minimumApplicableDiffList(set, state);
    const diffs = applicableDiffListByGid(set, state.snapB, gid);
    if (minimum.length > diffs.length)
        return null;
    const { snapB } = endApplying(state, diffs);
    if (snapB.gidB !== gid || (mustBeClean && !isCleanSnap(snapB)))
        return null;
    return diffs;
}
/**
 * The diffs for one round of restoring a clean snapshot: at most `maxDiffs` of them (0: no limit), but never
 * fewer than an interrupted apply needs. Null when it can not be restored.
 */
export function diffListToRestore(set, state, gid, maxDiffs = 0) {
    const diffs = diffListToMaterialize(set, state, gid, true);
    if (diffs === null || maxDiffs === 0)
        return diffs;
    return diffs.slice(0, Math.max(maxDiffs, minimumApplicableDiffList(set, state).length));
}
/** The diffs for reading a snapshot, clean or dirty, in one go; null when impossible or more than `maxDiffs`. */
export function diffListToScan(set, state, gid, maxDiffs = 0) {
    const diffs = diffListToMaterialize(set, state, gid, false);
    return diffs !== null && maxDiffs > 0 && diffs.length > maxDiffs ? null : diffs;
}
/**
 * The diffs for one round of applying up to a gid: at most `maxDiffs` of them (0: no limit), but never fewer
 * than an interrupted apply needs, whatever the gid. Empty when there is nothing to do.
 */
export function diffListToApply(set, state, gid, maxDiffs = 0) {
    const minimum = minimumApplicableDiffList(set, state);
    const diffs = applicableDiffListByGid(set, state.snapB, gid);
    const round = maxDiffs > 0 ? diffs.slice(0, maxDiffs) : diffs;
    return minimum.length > round.length ? minimum : round;
}
