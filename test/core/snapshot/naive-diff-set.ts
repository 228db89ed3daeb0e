import { applyDiff, canApply, canMerge, joinDiffs, maxProgressDiff } from '../../../core/snapshot/algebra.ts';
import type { MetaDiff, MetaSnap } from '../../../core/snapshot/meta.ts';
import { brokenProgress, diffEquals } from '../../../core/snapshot/meta.ts';

const begin = (diff: MetaDiff) => diff.snapB.gidB!;
const end = (diff: MetaDiff) => diff.snapE.gidB!;

/** A diff set that is a list in order of insertion, and looks at all of it for every question. */
export class NaiveDiffSet {
  #diffs: MetaDiff[] = [];

  add(diff: MetaDiff): void {
    this.#diffs.push(diff);
  }

  erase(diff: MetaDiff): MetaDiff | undefined {
    return this.#take((d) => diffEquals(d, diff))[0];
  }

  all(from = 0, to = Number.POSITIVE_INFINITY): MetaDiff[] {
    // Sorting is stable, so equal begins stay in order of insertion.
    return this.#diffs.filter((d) => from <= begin(d) && begin(d) < to).sort((a, b) => begin(a) - begin(b));
  }

  covering(gid: number): MetaDiff[] {
    return this.#diffs.filter((d) => begin(d) <= gid && gid < end(d));
  }

  first(gid: number): MetaDiff[] {
    const later = this.#diffs.filter((d) => begin(d) >= gid);
    const smallest = Math.min(...later.map(begin));
    return later.filter((d) => begin(d) === smallest);
  }

  chain(snap: MetaSnap): MetaDiff[] {
    const fit = this.#diffs.filter((d) => canApply(snap, d));
    if (fit.length === 0) return [];
    const diff = maxProgressDiff(fit);
    return [diff, ...this.chain(applyDiff(snap, diff))];
  }

  mergeableList(gid: number): MetaDiff[] {
    const first = this.first(gid);
    if (first.length === 0) return [];
    let merged = maxProgressDiff(first);
    const list = [merged];
    for (;;) {
      const fit = this.#diffs.filter((d) => canMerge(merged, d));
      if (fit.length === 0) return list;
      const next = maxProgressDiff(fit);
      const joined = joinDiffs(merged, next);
      if (brokenProgress(joined) !== null) return list;
      merged = joined;
      list.push(next);
    }
  }

  gc(snap: MetaSnap): MetaDiff[] {
    const kept = this.chain(snap);
    const removed = this.all().filter((d) => !kept.includes(d));
    this.#diffs = kept;
    return removed;
  }

  gcRange(from: number, to: number): MetaDiff[] {
    return this.#take(
      (d) => from <= begin(d) && end(d) <= to && begin(d) < to && !(begin(d) === from && end(d) === to),
    );
  }

  eraseBefore(gid: number): MetaDiff[] {
    return this.#take((d) => end(d) <= gid);
  }

  change(gid: number, keep: boolean): MetaDiff[] | null {
    const changed: MetaDiff[] = [];
    if (!this.#diffs.some((d) => begin(d) === gid)) return null;
    this.#diffs = this.#diffs.map((d) => {
      if (begin(d) !== gid || d.isMergeable !== keep) return d;
      const now = { ...d, isMergeable: !keep };
      changed.push(now);
      return now;
    });
    return changed;
  }

  #take(unwanted: (diff: MetaDiff) => boolean): MetaDiff[] {
    const removed = this.#diffs.filter(unwanted).sort((a, b) => begin(a) - begin(b));
    this.#diffs = this.#diffs.filter((d) => !unwanted(d));
    return removed;
  }
}
