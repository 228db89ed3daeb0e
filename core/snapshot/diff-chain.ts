import type { Gid, UnixTimeS } from '../units.ts';
import { applyDiff, canApply, canMerge, joinDiffs, maxProgressDiff } from './algebra.ts';
import type { DiffSet } from './diff-set.ts';
import type { MetaDiff, MetaSnap } from './meta.ts';
import { brokenProgress, gidOrder } from './meta.ts';

/**
 * Greedy chains through a diff set: from a snapshot always take the diff that leads farthest. A large diff
 * hides the snapshots inside it as soon as it is there. See docs/snapshots.md, "Greedy chains".
 */

/** The diff to apply next to the snapshot, or null when none can be applied. */
export function applicableDiff(set: DiffSet, snap: MetaSnap): MetaDiff | null {
  const candidates = set.covering(snap.gidB).filter((diff) => canApply(snap, diff));
  return candidates.length === 0 ? null : maxProgressDiff(candidates);
}

/** The greedy chain from a snapshot, as far as `goesOn` says yes to a diff and the snapshot after it. */
function greedyChain(
  set: DiffSet,
  snap: MetaSnap,
  goesOn: (diff: MetaDiff, after: MetaSnap) => boolean,
): MetaDiff[] {
  const chain: MetaDiff[] = [];
  let at = snap;
  for (;;) {
    const diff = applicableDiff(set, at);
    if (diff === null) return chain;
    at = applyDiff(at, diff);
    if (!goesOn(diff, at)) return chain;
    chain.push(diff);
  }
}

/** The whole greedy chain from a snapshot. */
export function applicableDiffList(set: DiffSet, snap: MetaSnap): MetaDiff[] {
  return greedyChain(set, snap, () => true);
}

/** The greedy chain while it does not pass `maxGid`. */
export function applicableDiffListByGid(set: DiffSet, snap: MetaSnap, maxGid: Gid | null): MetaDiff[] {
  return greedyChain(set, snap, (_, after) => gidOrder(after.gidB) <= gidOrder(maxGid));
}

/** The greedy chain while no diff is newer than `maxTimestamp`. */
export function applicableDiffListByTime(set: DiffSet, snap: MetaSnap, maxTimestamp: UnixTimeS): MetaDiff[] {
  return greedyChain(set, snap, (diff) => diff.timestamp <= maxTimestamp);
}

/** The longest beginning of the greedy chain that can be merged into one diff. */
export function applicableAndMergeableDiffList(set: DiffSet, snap: MetaSnap): MetaDiff[] {
  let merged: MetaDiff | null = null;
  return greedyChain(set, snap, (diff) => {
    const next: MetaDiff | null = merged === null ? diff : joinIfSound(merged, diff);
    if (next !== null) merged = next;
    return next !== null;
  });
}

/**
 * Diffs that can be merged into one: begins with the farthest of those that begin first at or after `gid`,
 * whatever its flags, and goes on with the farthest that can be merged, while `goesOn` agrees.
 */
export function mergeableDiffList(
  set: DiffSet,
  gid: Gid | null,
  goesOn: (diff: MetaDiff) => boolean = () => true,
): MetaDiff[] {
  const first = set.firstAt(gid);
  if (first.length === 0) return [];
  let merged = maxProgressDiff(first);
  const list = [merged];
  for (;;) {
    const before = merged;
    const candidates = set.covering(before.snapE.gidB).filter((diff) => canMerge(before, diff));
    if (candidates.length === 0) return list;
    const next = maxProgressDiff(candidates);
    const joined = joinIfSound(before, next);
    if (joined === null || !goesOn(next)) return list;
    merged = joined;
    list.push(next);
  }
}

/** The merged diff, or null when it is not allowed or would be malformed (diffs of different histories). */
function joinIfSound(first: MetaDiff, second: MetaDiff): MetaDiff | null {
  if (!canMerge(first, second)) return null;
  const joined = joinDiffs(first, second);
  return brokenProgress(joined) === null ? joined : null;
}

/** Keeps the first diff always, and more while the sum of their sizes is at most `maxBytes`. */
export function cutBySize(diffs: readonly MetaDiff[], maxBytes: number): MetaDiff[] {
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
export function collectGarbage(set: DiffSet, snap: MetaSnap): MetaDiff[] {
  return set.keepOnly(applicableDiffList(set, snap));
}
