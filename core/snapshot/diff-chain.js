import { applyDiff, canApply, canMerge, joinDiffs, maxProgressDiff } from './algebra.js';
import { brokenProgress, gidOrder } from './meta.js';
/**
 * Greedy chains through a diff set: from a snapshot always take the diff that leads farthest. A large diff
 * hides the snapshots inside it as soon as it is there. See docs/snapshots.md, "Greedy chains".
 */
/** The diff to apply next to the snapshot, or null when none can be applied. */
export function applicableDiff(set, snap) {
    const candidates = set.covering(snap.gidB).filter((diff) => canApply(snap, diff));
    return candidates.length === 0 ? null : maxProgressDiff(candidates);
}
/** The greedy chain from a snapshot, as far as `goesOn` says yes to a diff and the snapshot after it. */
function greedyChain(set, snap, goesOn) {
    const chain = [];
    let at = snap;
    for (;;) {
        const diff = applicableDiff(set, at);
        if (diff === null)
            return chain;
        at = applyDiff(at, diff);
        if (!goesOn(diff, at))
            return chain;
        chain.push(diff);
    }
}
/** The whole greedy chain from a snapshot. */
export function applicableDiffList(set, snap) {
    return greedyChain(set, snap, () => true);
}
/** The greedy chain while it does not pass `maxGid`. */
export function applicableDiffListByGid(set, snap, maxGid) {
    return greedyChain(set, snap, (_, after) => gidOrder(after.gidB) <= gidOrder(maxGid));
}
/** The greedy chain while no diff is newer than `maxTimestamp`. */
export function applicableDiffListByTime(set, snap, maxTimestamp) {
    return greedyChain(set, snap, (diff) => diff.timestamp <= maxTimestamp);
}
/** The longest beginning of the greedy chain that can be merged into one diff. */
export function applicableAndMergeableDiffList(set, snap) {
    let merged = null;
    return greedyChain(set, snap, (diff) => {
        const next = merged === null ? diff : joinIfSound(merged, diff);
        if (next !== null)
            merged = next;
        return next !== null;
    });
}
/**
 * Diffs that can be merged into one: begins with the farthest of those that begin first at or after `gid`,
 * whatever its flags, and goes on with the farthest that can be merged, while `goesOn` agrees.
 */
export function mergeableDiffList(set, gid, goesOn = () => true) {
    const first = set.firstAt(gid);
    if (first.length === 0)
        return [];
    let merged = maxProgressDiff(first);
    const list = [merged];
    for (;;) {
        const before = merged;
        const candidates = set.covering(before.snapE.gidB).filter((diff) => canMerge(before, diff));
        if (candidates.length === 0)
            return list;
        const next = maxProgressDiff(candidates);
        const joined = joinIfSound(before, next);
        if (joined === null || !goesOn(next))
            return list;
        merged = joined;
        list.push(next);
    }
}
/** The merged diff, or null when it is not allowed or would be malformed (diffs of different histories). */
function joinIfSound(first, second) {
    if (!canMerge(first, second))
        return null;
    const joined = joinDiffs(first, second);
    return brokenProgress(joined) === null ? joined : null;
}
/** Keeps the first diff always, and more while the sum of their sizes is at most `maxBytes`. */
export function cutBySize(diffs, maxBytes) {
    let totalBytes = 0;
    const end = diffs.findIndex((diff, i) => {
        totalBytes += diff.dataSizeBytes;
        return i > 0 && totalBytes > maxBytes;
    });
    return end < 0 ? [...diffs] : diffs.slice(0, end);
}
/**
 * Removes every diff that is not on the greedy chain from the snapshot, those behind a gap included, and
 * returns them. Do not call it while pieces may still arrive.
 */
export function collectGarbage(set, snap) {
    return set.keepOnly(applicableDiffList(set, snap));
}
