import { describe, expect, it } from 'vitest';
import {
  applyDiff,
  beginApplying,
  canApply,
  canApplyToState,
  canMerge,
  joinDiffs,
  mergeDiff,
} from '../../../core/snapshot/algebra.ts';
import type { MetaDiff } from '../../../core/snapshot/meta.ts';
import {
  brokenProgress,
  diffEquals,
  diffToText,
  makeState,
  snapEquals,
  snapToText,
} from '../../../core/snapshot/meta.ts';
import { allDiffs, allSnaps, D, S } from './arbitraries.ts';

const snaps = allSnaps(4);
const diffs = allDiffs(4);

function pairsWhere(holds: (a: MetaDiff, b: MetaDiff) => boolean): [MetaDiff, MetaDiff][] {
  return diffs.flatMap((a) => diffs.filter((b) => holds(a, b)).map((b): [MetaDiff, MetaDiff] => [a, b]));
}

describe('every snapshot and diff with gids 0..4', () => {
  it('has 15 snapshots and 70 diffs', () => {
    expect([snaps.length, diffs.length]).toEqual([15, 70]);
  });

  it('511 pairs are applicable, and gidE decreases in 48 of them', () => {
    const pairs = snaps.flatMap((s) => diffs.filter((d) => canApply(s, d)).map((d) => ({ s, d })));
    const shrinking = pairs.filter(({ s, d }) => applyDiff(s, d).gidE! < s.gidE!);
    expect([pairs.length, shrinking.length]).toEqual([511, 48]);
  });

  it('1425 pairs are mergeable, 30 of them give a malformed diff, which mergeDiff refuses', () => {
    const pairs = pairsWhere(canMerge);
    const malformed = pairs.filter(([a, b]) => brokenProgress(joinDiffs(a, b)) !== null);
    expect([pairs.length, malformed.length]).toEqual([1425, 30]);
    for (const [a, b] of malformed) expect(() => mergeDiff(a, b)).toThrow('broken progress constraint for E');
  });

  it('applying a merged diff differs from applying both in 105 of 9496 cases', () => {
    let cases = 0;
    let different = 0;
    for (const [a, b] of pairsWhere(canMerge)) {
      for (const s of snaps) {
        if (!canApply(s, a)) continue;
        cases++;
        if (!snapEquals(applyDiff(applyDiff(s, a), b), applyDiff(s, joinDiffs(a, b)))) different++;
      }
    }
    expect([cases, different]).toEqual([9496, 105]);
  });

  it('merging is not associative in 160 of 13944 cases, and not transitive in 4192', () => {
    let cases = 0;
    let different = 0;
    let gaps = 0;
    for (const [a, b] of pairsWhere(canMerge)) {
      for (const c of diffs) {
        if (!canMerge(b, c)) continue;
        cases++;
        if (!diffEquals(joinDiffs(joinDiffs(a, b), c), joinDiffs(a, joinDiffs(b, c)))) different++;
        if (!canMerge(a, c)) gaps++;
      }
    }
    expect([cases, different, gaps]).toEqual([13944, 160, 4192]);
  });
});

describe('laws that do not hold', () => {
  it('apply and merge do not exchange for diffs of different histories', () => {
    const s = S(0, 3);
    const a = D(0, 1);
    const b = D([0, 1], 2);
    expect(snapToText(applyDiff(applyDiff(s, a), b))).toBe('|2|');
    expect(snapToText(applyDiff(s, mergeDiff(a, b)))).toBe('|2,3|');
  });

  it('merging is not associative for diffs of different histories', () => {
    const [a, b, c] = [D(0, [1, 4]), D(0, 2), D([0, 1], 3)];
    expect(diffToText(mergeDiff(mergeDiff(a, b), c))).toBe('|0|-->|3|');
    expect(diffToText(mergeDiff(a, mergeDiff(b, c)))).toBe('|0|-->|3,4|');
  });

  it('gidE may decrease', () => {
    expect(snapToText(applyDiff(S(0, 2), D([0, 1], 1)))).toBe('|1|');
  });

  it('a merge of well-formed diffs may be malformed', () => {
    const [a, b] = [D([0, 3], [1, 3]), D([0, 1], 2)];
    expect(canMerge(a, b)).toBe(true);
    expect(diffToText(joinDiffs(a, b))).toBe('|0,3|-->|2|');
    expect(() => mergeDiff(a, b)).toThrow('MetaDiff::broken progress constraint for E:|0,3|:|2|');
  });

  it('canMerge is not transitive', () => {
    const [a, b, c] = [D(0, 1), D(0, 2), D(2, 3)];
    expect([canMerge(a, b), canMerge(b, c), canMerge(a, c)]).toEqual([true, true, false]);
  });

  it('what merges with a merged diff need not merge with its parts', () => {
    const [a, b, c] = [D(0, 1), D(1, 2), D(0, 3)];
    expect([canMerge(mergeDiff(a, b), c), canMerge(b, c)]).toEqual([true, false]);
  });

  it('an interrupted apply can not be resumed with a beginning of its list', () => {
    const [a, b] = [D(0, 1), D(1, 2)];
    const applying = beginApplying(makeState(S(0)), [a, b]);
    expect(canApplyToState(applying, [a])).toBe(false);
    expect(canApplyToState(applying, [a, b])).toBe(true);
  });

  it('equal diffs need not be interchangeable', () => {
    const [a, b] = [D(1, 2), D(1, 2, { isMergeable: false, timestamp: 7 })];
    expect(diffEquals(a, b)).toBe(true);
    expect([canMerge(D(0, 1), a), canMerge(D(0, 1), b)]).toEqual([true, false]);
  });
});
