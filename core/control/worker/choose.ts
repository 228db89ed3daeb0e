import { isCleanDiff, type MetaDiff } from '../../snapshot/meta.ts';
import type { GidInfo } from '../../snapshot/meta-text.ts';
import type { Gid, UnixTimeS } from '../../units.ts';

/** What to apply, merge or send, as pure functions over what an archive answered (docs/worker.md, "Choices"). */

/**
 * The last snapshot that is not younger than `untilS`, among the first ones that are not. The first entry is the
 * base and never chosen. `infos` are ascending. Null when there is none.
 */
export function latestBefore(infos: readonly GidInfo[], untilS: UnixTimeS): GidInfo | null {
  let found: GidInfo | null = null;
  for (const info of infos.slice(1)) {
    if (info.timestamp > untilS) break;
    found = info;
  }
  return found;
}

export interface MergeLimits {
  /** One merge takes at most one diff more than this. */
  readonly maxCount: number;
  readonly maxSizeBytes: number;
}

/** A run of diffs that may be merged: it is open at the right end. */
interface Run {
  readonly beginGid: Gid;
  endGid: Gid;
  count: number;
  totalBytes: number;
}

/**
 * The range of diffs that is merged next: of all runs of diffs that may be merged, the one with the smallest
 * average size, the earlier on ties. Runs end at diffs that were made by comparing, that begin at a snapshot to
 * keep, that are dirty or too large; at positions of replicas, which could not go on from inside; and at the limits.
 * The last run stays open and is left alone: the newest diffs are not touched. Null when there is no run of at
 * least two.
 *
 * `diffs` are applicable ones in order, `replicaGids` the positions of replicas.
 */
export function chooseMergeRange(
  diffs: readonly MetaDiff[],
  limits: MergeLimits,
  replicaGids: readonly Gid[] = [],
): { readonly gidB: Gid; readonly gidE: Gid } | null {
  let run: Run | null = null;
  let best: { readonly gidB: Gid; readonly gidE: Gid; readonly averageBytes: number } | null = null;
  for (const diff of diffs) {
    const endGid = diff.snapE.gidB ?? 0;
    const isUsable = !diff.isCompDiff && isCleanDiff(diff) && diff.dataSizeBytes <= limits.maxSizeBytes;
    if (run !== null) {
      const { beginGid } = run;
      run.totalBytes += diff.dataSizeBytes;
      const splitsReplica = replicaGids.some((gid) => beginGid < gid && gid < endGid);
      const fits = run.totalBytes <= limits.maxSizeBytes && run.count <= limits.maxCount;
      if (diff.isMergeable && isUsable && !splitsReplica && fits) {
        run.count += 1;
        run.endGid = endGid;
        continue;
      }
      if (run.count >= 2) {
        // The size of the diff that ended the run counts: the original's average.
        const averageBytes = Math.floor(run.totalBytes / run.count);
        if (best === null || averageBytes < best.averageBytes) {
          best = { gidB: run.beginGid, gidE: run.endGid, averageBytes };
        }
      }
    }
    run = isUsable
      ? { beginGid: diff.snapB.gidB ?? 0, endGid, count: 1, totalBytes: diff.dataSizeBytes }
      : null;
  }
  return best === null ? null : { gidB: best.gidB, gidE: best.gidE };
}

/**
 * Up to which gid a replica that is at `destinationGid` is brought, so that about `maxSendBytes` are sent: the diff
 * that exceeds it is still included, and there are at least two. Null: as far as possible (no limit, or nothing to
 * divide).
 */
export function chooseReplicationGid(
  diffs: readonly MetaDiff[],
  destinationGid: Gid,
  maxSendBytes: number,
): Gid | null {
  if (maxSendBytes === 0 || diffs.length < 2) return null;
  const first = diffs.findIndex((_diff, i) => (diffs[i + 1]?.snapB.gidB ?? -1) > destinationGid);
  if (first < 0) return null;
  let totalBytes = 0;
  for (let i = first; i < diffs.length; i++) {
    totalBytes += diffs[i]?.dataSizeBytes ?? 0;
    if (i > first && (totalBytes > maxSendBytes || i === diffs.length - 1))
      return diffs[i]?.snapE.gidB ?? null;
  }
  return null;
}
