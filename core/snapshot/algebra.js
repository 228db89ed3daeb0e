import { StateError } from '../errors.js';
import { diffToText, gidOrder, isCleanDiff, maxGid, snapToText, stateToText, verifyDiff, verifySnap, } from './meta.js';
/** The number of a relation in error texts. */
export const RELATION_NUMBERS = {
    'too-old': 0,
    'too-new': 1,
    applicable: 2,
    'not-applicable': 3,
};
/**
 * How a diff lies to a snapshot. Only gidB of the snapshot counts. `not-applicable` is the answer for a
 * compared diff that does not begin exactly there; such a diff is never too old or too new.
 */
export function relation(snap, diff) {
    const at = gidOrder(snap.gidB);
    const begin = gidOrder(diff.snapB.gidB);
    if (diff.isCompDiff)
        return begin === at ? 'applicable' : 'not-applicable';
    if (begin > at)
        return 'too-new';
    return gidOrder(diff.snapE.gidB) <= at ? 'too-old' : 'applicable';
}
/** The diff begins at or before the snapshot and ends after it (a compared diff: begins exactly there). */
export function canApply(snap, diff) {
    return relation(snap, diff) === 'applicable';
}
/** Each diff of the list can be applied to what the ones before it made; true for the empty list. */
export function canApplyAll(snap, diffs) {
    let at = snap;
    for (const diff of diffs) {
        if (!canApply(at, diff))
            return false;
        at = applyDiff(at, diff);
    }
    return true;
}
/** The snapshot after applying a diff. Throws StateError if it can not be applied. */
export function applyDiff(snap, diff) {
    const found = relation(snap, diff);
    if (found !== 'applicable') {
        throw new StateError(`apply:can not apply:${snapToText(snap)}:${diffToText(diff)}`, found, [
            'applicable',
        ]);
    }
    const after = endAfter(diff, snap);
    verifySnap(after);
    return after;
}
/** The snapshot after applying a list in order. Throws StateError at the first that can not be applied. */
export function applyDiffs(snap, diffs) {
    return diffs.reduce(applyDiff, snap);
}
/**
 * Where a diff leads: a clean one moves gidB and leaves what is newer than its end as it is; a dirty one,
 * made from whole images, replaces the snapshot.
 */
function endAfter(diff, before) {
    if (!isCleanDiff(diff))
        return diff.snapE;
    const gidB = diff.snapE.gidB;
    return { gidB, gidE: maxGid(gidB, before.gidE) };
}
/** `second` may be merged onto `first`: allowed by its flag, no compared diff, no gap, and it progresses. */
export function canMerge(first, second) {
    if (!second.isMergeable || first.isCompDiff || second.isCompDiff)
        return false;
    const begin = gidOrder(second.snapB.gidB);
    const firstEnd = gidOrder(first.snapE.gidB);
    return gidOrder(first.snapB.gidB) <= begin && begin <= firstEnd && firstEnd < gidOrder(second.snapE.gidB);
}
/** The list can be merged from left to right; false for the empty list, true for a single diff. */
export function canMergeAll(diffs) {
    if (diffs.length === 0)
        return false;
    let merged = diffs[0];
    for (const diff of diffs.slice(1)) {
        if (!canMerge(merged, diff))
            return false;
        merged = joinDiffs(merged, diff);
    }
    return true;
}
/**
 * The result of a merge by formula alone. For two diffs of different histories it may be a diff that is
 * not well formed; `mergeDiff` refuses that.
 */
export function joinDiffs(first, second) {
    return {
        isMergeable: first.isMergeable,
        isCompDiff: false,
        timestamp: second.timestamp,
        snapB: first.snapB,
        snapE: endAfter(second, first.snapE),
        dataSizeBytes: 0,
    };
}
/** Merges two diffs. Throws StateError if they can not be merged, FormatError if the result is malformed. */
export function mergeDiff(first, second) {
    if (!canMerge(first, second)) {
        throw new StateError(`merge:can not merge:${diffToText(first)}:${diffToText(second)}`);
    }
    const merged = joinDiffs(first, second);
    verifyDiff(merged);
    return merged;
}
/** Merges a list from left to right; throws as `mergeDiff` does, and StateError for the empty list. */
export function mergeDiffs(diffs) {
    if (diffs.length === 0)
        throw new StateError('merge:empty vector.');
    return diffs.reduce(mergeDiff);
}
/** `outer` covers all of `inner`: wherever the inner one could be applied, the outer one can. */
export function contains(outer, inner) {
    return (gidOrder(outer.snapB.gidB) <= gidOrder(inner.snapB.gidB) &&
        gidOrder(inner.snapE.gidB) <= gidOrder(outer.snapE.gidB));
}
/**
 * The diff that leads farthest; among equals the one that begins latest, then the first of the list.
 * Throws StateError for the empty list.
 */
export function maxProgressDiff(diffs) {
    if (diffs.length === 0)
        throw new StateError('getMaxProgressDiff:empty');
    return diffs.reduce((best, diff) => (progressesFarther(diff, best) ? diff : best));
}
function progressesFarther(a, b) {
    const endA = gidOrder(a.snapE.gidB);
    const endB = gidOrder(b.snapE.gidB);
    if (endA !== endB)
        return endA > endB;
    return gidOrder(a.snapB.gidB) > gidOrder(b.snapB.gidB);
}
/** An image at `at` is through with the interrupted apply of `state` (true when there is none). */
export function reachesEnd(state, at) {
    return !state.isApplying || gidOrder(state.snapE.gidB) <= gidOrder(at.gidB);
}
/**
 * The list can be applied to an image in this state: in order to its snapB, and while applying also at
 * least as far as the interrupted apply would have led.
 */
export function canApplyToState(state, diffs) {
    return canApplyAll(state.snapB, diffs) && reachesEnd(state, applyDiffs(state.snapB, diffs));
}
/** The state to save before the first block changes; `state` itself for the empty list. Throws StateError. */
export function beginApplying(state, diffs) {
    if (diffs.length === 0)
        return state;
    const snapE = applyToEnd(state, diffs);
    return { isApplying: true, timestamp: lastTimestamp(diffs), snapB: state.snapB, snapE };
}
/** The state to save after the last block is durable; `state` itself for the empty list. Throws StateError. */
export function endApplying(state, diffs) {
    if (diffs.length === 0)
        return state;
    const snap = applyToEnd(state, diffs);
    return { isApplying: false, timestamp: lastTimestamp(diffs), snapB: snap, snapE: snap };
}
/** The state after applying a list: what `endApplying` gives. */
export const applyToState = endApplying;
function applyToEnd(state, diffs) {
    const end = applyDiffs(state.snapB, diffs);
    if (reachesEnd(state, end))
        return end;
    throw new StateError(`apply:can not apply:${stateToText(state)}:${diffs.map(diffToText).join(', ')}`, stateToText(state));
}
function lastTimestamp(diffs) {
    return diffs[diffs.length - 1].timestamp;
}
