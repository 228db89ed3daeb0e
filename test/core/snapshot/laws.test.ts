import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  applyDiff,
  applyDiffs,
  applyToState,
  beginApplying,
  canApply,
  canApplyToState,
  canMerge,
  canMergeAll,
  contains,
  endApplying,
  joinDiffs,
  mergeDiff,
  mergeDiffs,
  relation,
} from '../../../core/snapshot/algebra.ts';
import {
  brokenProgress,
  diffEquals,
  isCleanDiff,
  makeApplyingState,
  makeState,
  snapEquals,
  stateEquals,
} from '../../../core/snapshot/meta.ts';
import { expectIs } from '../../expect-same.ts';
import { anyDiff, anyHistory, anySnap, S } from './arbitraries.ts';

/** Any state, at rest or applying. */
const anyState = fc
  .tuple(anySnap, fc.integer({ min: 0, max: 5 }))
  .map(([snap, ahead]) =>
    ahead === 0 ? makeState(snap) : makeApplyingState(snap, S(snap.gidB! + ahead, snap.gidE! + ahead)),
  );

/** Two diffs that merge. Filtered here, for a precondition that fails in the property throws, which takes far longer. */
const mergingPair = fc.tuple(anyDiff, anyDiff).filter(([a, b]) => canMerge(a, b));

const runs = { numRuns: 2000 };

describe('laws of apply', () => {
  it('A1: a diff is too old, applicable or too new', () => {
    fc.assert(
      fc.property(anySnap, anyDiff, (s, a) => {
        const found = relation(s, a);
        expect(['too-old', 'applicable', 'too-new']).toContain(found);
        expectIs(found === 'too-old', a.snapE.gidB! <= s.gidB!);
        expectIs(found === 'too-new', a.snapB.gidB! > s.gidB!);
      }),
      runs,
    );
  });

  it('A2, A3, A4: applying progresses, can not be repeated, and a clean diff does not lower gidE', () => {
    fc.assert(
      fc.property(anySnap, anyDiff, fc.boolean(), (s, diff, isCompDiff) => {
        const a = { ...diff, isCompDiff };
        fc.pre(canApply(s, a));
        const after = applyDiff(s, a);
        expectIs(after.gidB, a.snapE.gidB);
        expect(after.gidB!).toBeGreaterThan(s.gidB!);
        expectIs(relation(after, a), isCompDiff ? 'not-applicable' : 'too-old');
        if (isCleanDiff(a)) expect(after.gidE!).toBeGreaterThanOrEqual(s.gidE!);
      }),
      runs,
    );
  });
});

describe('laws of merge', () => {
  it('M1: never with itself, never both ways', () => {
    fc.assert(
      fc.property(anyDiff, anyDiff, (a, b) => {
        expectIs(canMerge(a, a), false);
        expectIs(canMerge(a, b) && canMerge(b, a), false);
      }),
      runs,
    );
  });

  it('M2: neighbours that merge can be merged from either side', () => {
    const mergingTriple = fc
      .tuple(anyDiff, anyDiff, anyDiff)
      .filter(([a, b, c]) => canMerge(a, b) && canMerge(b, c));
    fc.assert(
      fc.property(mergingTriple, ([a, b, c]) => {
        expectIs(canMerge(joinDiffs(a, b), c), true);
        expectIs(canMerge(a, joinDiffs(b, c)), true);
      }),
      runs,
    );
  });

  it('M3, M4, M6: the merged diff contains both and is applied where one of them is', () => {
    fc.assert(
      fc.property(anySnap, mergingPair, (s, [a, b]) => {
        const ab = joinDiffs(a, b);
        expectIs(contains(ab, a) && contains(ab, b), true);
        expectIs(canApply(s, ab), canApply(s, a) || canApply(s, b));
        if (canApply(s, a)) {
          expectIs(canApply(applyDiff(s, a), b), true);
          expectIs(applyDiffs(s, [a, b]).gidB, applyDiff(s, ab).gidB);
        }
      }),
      runs,
    );
  });

  it('M5: where a contained diff can be applied the containing one can', () => {
    const containing = fc
      .tuple(anySnap, anyDiff, anyDiff)
      .filter(([s, c, d]) => contains(c, d) && canApply(s, d));
    fc.assert(
      fc.property(containing, ([s, c]) => {
        expectIs(canApply(s, c), true);
      }),
      runs,
    );
  });

  it('time and begin flag: the time of the second, the flag of the first, no size', () => {
    fc.assert(
      fc.property(anyDiff, anyDiff, fc.boolean(), (first, b, isMergeable) => {
        const a = { ...first, isMergeable, dataSizeBytes: 5 };
        fc.pre(canMerge(a, b));
        const { timestamp, isMergeable: flag, isCompDiff, dataSizeBytes } = joinDiffs(a, b);
        expect([timestamp, flag, isCompDiff, dataSizeBytes]).toEqual([b.timestamp, isMergeable, false, 0]);
      }),
      runs,
    );
  });

  it('apply and merge exchange, and merging is associative, under their local conditions', () => {
    fc.assert(
      fc.property(anySnap, mergingPair, anyDiff, (s, [x, y], z) => {
        const xy = joinDiffs(x, y);
        if (canApply(s, x)) {
          const t = applyDiff(s, x);
          const isFit =
            (isCleanDiff(x) || s.gidE! <= x.snapE.gidE!) && (isCleanDiff(y) || t.gidE! <= y.snapE.gidE!);
          if (isFit) expect(applyDiff(t, y)).toEqual(applyDiff(s, xy));
        }
        if (canMerge(y, z)) {
          const isFit =
            (isCleanDiff(y) || x.snapE.gidE! <= y.snapE.gidE!) &&
            (isCleanDiff(z) || xy.snapE.gidE! <= z.snapE.gidE!);
          if (isFit) expectIs(diffEquals(joinDiffs(xy, z), joinDiffs(x, joinDiffs(y, z))), true);
        }
      }),
      runs,
    );
  });
});

describe('laws of states', () => {
  it('T1, T2, T3: an apply can be begun again, and ends where a direct one ends', () => {
    fc.assert(
      fc.property(anyState, anyDiff, (st, a) => {
        fc.pre(canApplyToState(st, [a]));
        const begun = beginApplying(st, [a]);
        expectIs(begun.isApplying, true);
        expectIs(begun.timestamp, a.timestamp);
        expectIs(canApplyToState(begun, [a]), true);
        expectIs(stateEquals(beginApplying(begun, [a]), begun), true);
        expectIs(stateEquals(endApplying(begun, [a]), applyToState(st, [a])), true);
      }),
      runs,
    );
  });

  it('T4: an interrupted apply goes on with the merged diff, or with the list it was merged from', () => {
    const fitting = fc.tuple(anyState, mergingPair).filter(([st, [a]]) => canApplyToState(st, [a]));
    fc.assert(
      fc.property(fitting, ([st, [a, b]]) => {
        const ab = joinDiffs(a, b);
        expectIs(canApplyToState(beginApplying(st, [a]), [ab]), true);
        expectIs(canApplyToState(beginApplying(st, [ab]), [a]), false);
        expectIs(canApplyToState(beginApplying(st, [ab]), [a, b]), true);
      }),
      runs,
    );
  });

  it('the empty list changes nothing, and does not complete an interrupted apply', () => {
    fc.assert(
      fc.property(anyState, (st) => {
        expect([beginApplying(st, []), endApplying(st, []), applyToState(st, [])]).toEqual([st, st, st]);
        expectIs(canApplyToState(st, []), !st.isApplying);
      }),
    );
  });
});

describe('laws along one history', () => {
  /** md_{i,j}: the diffs i..j-1 merged. */
  const merged = (diffs: Parameters<typeof mergeDiffs>[0], i: number, j: number) =>
    mergeDiffs(diffs.slice(i, j));

  it('H1, H2, H6: a merged diff is applied within its range and always leads to its end', () => {
    fc.assert(
      fc.property(anyHistory, ({ snaps, diffs }) => {
        const n = diffs.length;
        for (let k = 0; k < n; k++) {
          expect(snaps[k + 1].gidE!).toBeGreaterThanOrEqual(snaps[k].gidE!);
          for (let l = k + 1; l <= n; l++) {
            const diff = merged(diffs, k, l);
            expectIs(brokenProgress(diff), null);
            for (let i = 0; i <= n; i++) {
              expectIs(canApply(snaps[i], diff), k <= i && i < l);
              if (k <= i && i < l) expectIs(snapEquals(applyDiff(snaps[i], diff), snaps[l]), true);
            }
          }
        }
      }),
      { numRuns: 300 },
    );
  });

  it('H3: two ranges merge when they touch or overlap and the second goes farther', () => {
    fc.assert(
      fc.property(anyHistory, ({ diffs }) => {
        const n = Math.min(diffs.length, 5);
        const ranges: [number, number][] = [];
        for (let i = 0; i < n; i++) for (let j = i + 1; j <= n; j++) ranges.push([i, j]);
        for (const [i, j] of ranges) {
          for (const [k, l] of ranges) {
            const [a, b] = [merged(diffs, i, j), merged(diffs, k, l)];
            const isFit = i <= k && k <= j && j < l;
            expectIs(canMerge(a, b), isFit);
            if (isFit) expectIs(diffEquals(mergeDiff(a, b), merged(diffs, i, l)), true);
          }
        }
      }),
      { numRuns: 100 },
    );
  });

  it('H4, H5: however the diffs of a run are grouped and applied, the result is the same', () => {
    fc.assert(
      fc.property(anyHistory, fc.array(fc.nat({ max: 7 }), { maxLength: 8 }), ({ snaps, diffs }, picks) => {
        let list = [...diffs];
        for (const pick of picks) {
          if (list.length < 2) break;
          const at = pick % (list.length - 1);
          list = [...list.slice(0, at), mergeDiff(list[at], list[at + 1]), ...list.slice(at + 2)];
          expectIs(canMergeAll(list), true);
          expectIs(snapEquals(applyDiffs(snaps[0], list), snaps[snaps.length - 1]), true);
          expectIs(diffEquals(mergeDiffs(list), mergeDiffs(diffs)), true);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('an interrupted apply can always be completed, however diffs were merged meanwhile', () => {
    fc.assert(
      fc.property(
        anyHistory,
        fc.nat(),
        fc.nat(),
        fc.array(fc.nat({ max: 7 }), { maxLength: 8 }),
        ({ snaps, diffs }, from, to, picks) => {
          const i = from % diffs.length;
          const j = i + 1 + (to % (diffs.length - i));
          const state = makeApplyingState(snaps[i], snaps[j]);
          let list = [...diffs];
          for (const pick of [...picks, 0]) {
            const isCompletable = list.some((_, a) =>
              list.some((_, b) => b >= a && canApplyToState(state, list.slice(a, b + 1))),
            );
            expectIs(isCompletable, true);
            if (list.length < 2) break;
            const at = pick % (list.length - 1);
            list = [...list.slice(0, at), mergeDiff(list[at], list[at + 1]), ...list.slice(at + 2)];
          }
        },
      ),
      { numRuns: 1000 },
    );
  });
});
