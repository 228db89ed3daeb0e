import { describe, expect, it } from 'vitest';
import {
  applyDiff,
  applyDiffs,
  applyToState,
  beginApplying,
  canApply,
  canApplyAll,
  canApplyToState,
  canMerge,
  canMergeAll,
  contains,
  endApplying,
  maxProgressDiff,
  mergeDiff,
  mergeDiffs,
  RELATION_NUMBERS,
  relation,
} from '../../../core/snapshot/algebra.ts';
import type { MetaDiff, MetaSnap } from '../../../core/snapshot/meta.ts';
import {
  diffToText,
  makeApplyingState,
  makeState,
  snapToText,
  stateToText,
} from '../../../core/snapshot/meta.ts';
import { D, S } from './arbitraries.ts';

const comp = { isCompDiff: true, isMergeable: false };

describe('relation of a diff to a snapshot', () => {
  it.each([
    [S(5), D(5, 10), 'applicable'],
    [S(5), D(4, 5), 'too-old'],
    [S(5), D(6, 7), 'too-new'],
    [S(5), D(3, 7), 'applicable'],
    [S(0), D(1, 2), 'too-new'],
    [S(2), D(0, 1), 'too-old'],
    [S(5, 90), D([3, 4], [6, 7]), 'applicable'],
    [S(5), D(5, 10, comp), 'applicable'],
    [S(5, 9), D(5, 10, comp), 'applicable'],
    [S(5), D(4, 10, comp), 'not-applicable'],
    [S(10), D(5, 10, comp), 'not-applicable'],
  ])('%o vs %o', (snap: MetaSnap, diff: MetaDiff, expected) => {
    expect(relation(snap, diff)).toBe(expected);
    expect(canApply(snap, diff)).toBe(expected === 'applicable');
  });

  it('has the numbers of the original in error texts', () => {
    expect(RELATION_NUMBERS).toEqual({ 'too-old': 0, 'too-new': 1, applicable: 2, 'not-applicable': 3 });
  });

  it('is too old for the snapshot without value', () => {
    expect(relation(S(null), D(0, 1))).toBe('too-old');
    expect(relation(S(null), { ...D(0, 1), snapE: S(null) })).toBe('too-old');
    expect(relation(S(5), { ...D(0, 1), snapE: S(null) })).toBe('applicable');
  });
});

describe('apply', () => {
  const table: [MetaSnap, MetaDiff, string][] = [
    [S(0), D(0, 1), '|1|'],
    [S(1), D(0, 2), '|2|'],
    [S(0, 2), D(0, 1), '|1,2|'],
    [S(0, 2), D(0, 2), '|2|'],
    [S(0, 2), D(0, 4), '|4|'],
    [S(0, 5), D([0, 5], 10), '|10|'],
    [S(0, 5), D([0, 5], [15, 16]), '|15,16|'],
    [S(5, 10), D([0, 5], 15), '|15|'],
    [S(5, 10), D([0, 5], [7, 10]), '|7,10|'],
    [S(5, 90), D(5, 10, comp), '|10,90|'],
    [S(0, 7), D(0, 10), '|10|'],
    [S(0, 10), D(0, 10), '|10|'],
    [S(0, 10), D([0, 10], [11, 12]), '|11,12|'],
    [S(3, null), D(0, 5), '|5,18446744073709551615|'],
  ];

  it.each(table)('%o << %o = %s', (snap, diff, expected) => {
    expect(snapToText(applyDiff(snap, diff))).toBe(expected);
  });

  it.each(table)('the state at %o, begun and ended with %o, is at %s', (snap, plain, expected) => {
    const diff = { ...plain, timestamp: 77 };
    const begun = beginApplying(makeState(snap, 5), [diff]);
    const ended = endApplying(begun, [diff]);
    const direct = applyToState(makeState(snap, 5), [diff]);
    expect([begun.isApplying, ended.isApplying, direct.isApplying]).toEqual([true, false, false]);
    expect([begun.timestamp, ended.timestamp, direct.timestamp]).toEqual([77, 77, 77]);
    expect([begun.snapB, begun.snapE]).toEqual([snap, applyDiff(snap, diff)]);
    expect([stateToText(ended), stateToText(direct)]).toEqual([`<${expected}>`, `<${expected}>`]);
  });

  it('refuses what can not be applied', () => {
    expect(() => applyDiff(S(0), D(1, 2))).toThrow('apply:can not apply:|0|:|1|-->|2|');
    expect(() => applyDiffs(S(0), [D(0, 1), D(2, 3)])).toThrow('apply:can not apply:|1|:|2|-->|3|');
  });

  it('works on lists', () => {
    expect(canApplyAll(S(0), [])).toBe(true);
    expect(canApplyAll(S(0), [D(0, 1), D(1, 2)])).toBe(true);
    expect(canApplyAll(S(0), [D(0, 1), D(2, 3)])).toBe(false);
    expect(snapToText(applyDiffs(S(0), [D(0, 3), D(1, 4)]))).toBe('|4|');
  });
});

describe('merge', () => {
  it.each([
    [D(0, 1), D(1, 2), '|0|-->|2|'],
    [D(0, 2), D(1, 3), '|0|-->|3|'],
    [D(0, 2), D(3, 5), null],
    [D(0, 5), D(1, 3), null],
    [D(1, 3), D(0, 5), null],
    [D(0, [1, 2]), D(1, 2), '|0|-->|2|'],
    [D(0, 1), D(1, [2, 3]), '|0|-->|2,3|'],
    [D(0, 5), D([1, 2], [7, 8]), '|0|-->|7,8|'],
    [D([0, 1], [5, 10]), D(2, 7), '|0,1|-->|7,10|'],
    [D([0, 1], [5, 10]), D(2, 12), '|0,1|-->|12|'],
    [D([0, 0], [1, 2]), D(1, 2), '|0|-->|2|'],
    [D(0, 1), D(1, 2, { isMergeable: false }), null],
    [D(0, 1, { isMergeable: false }), D(1, 2), '|0|-->|2|'],
    [D(0, 1, { isCompDiff: true }), D(1, 2), null],
    [D(0, 1), D(1, 2, { isCompDiff: true }), null],
    [D(0, 1, { isCompDiff: true }), D(1, 2, { isCompDiff: true }), null],
  ])('%o ++ %o = %s', (a: MetaDiff, b: MetaDiff, expected) => {
    expect(canMerge(a, b)).toBe(expected !== null);
    if (expected === null) {
      expect(() => mergeDiff(a, b)).toThrow(`merge:can not merge:${diffToText(a)}:${diffToText(b)}`);
    } else expect(diffToText(mergeDiff(a, b))).toBe(expected);
  });

  it('works on lists', () => {
    expect(canMergeAll([])).toBe(false);
    expect(canMergeAll([D(0, 1, comp)])).toBe(true);
    expect(canMergeAll([D(0, 1), D(1, 2), D(2, 3)])).toBe(true);
    expect(canMergeAll([D(0, 1), D(1, 2), D(3, 4)])).toBe(false);
    expect(() => mergeDiffs([])).toThrow('merge:empty vector.');
    expect(() => mergeDiffs([D(0, 1), D(1, 2), D(3, 4)])).toThrow('merge:can not merge:|0|-->|2|:|3|-->|4|');
    const last = D(1, 2, { timestamp: 9, dataSizeBytes: 5 });
    expect(mergeDiffs([D(0, 1, { isMergeable: false, timestamp: 3 }), last])).toEqual(
      D(0, 2, { isMergeable: false, timestamp: 9 }),
    );
  });

  it('contains by gidB of both ends', () => {
    expect(contains(D(0, 3), D(1, 2))).toBe(true);
    expect(contains(D(0, 3), D(0, 3))).toBe(true);
    expect(contains(D(0, 3), D(1, 4))).toBe(false);
    expect(contains(D(1, 3), D(0, 2))).toBe(false);
    expect(contains(D(0, 3), D([1, 9], [2, 9]))).toBe(true);
  });
});

describe('maximum progress', () => {
  it('takes the farthest end, then the latest begin, then the first', () => {
    const [farther, later] = [D(0, 5), D(2, 5)];
    expect(maxProgressDiff([D(3, 4), farther])).toBe(farther);
    expect(maxProgressDiff([farther, later])).toBe(later);
    expect(maxProgressDiff([later, farther])).toBe(later);
    const [wide, narrow] = [D(0, [5, 7]), D(0, 5)];
    expect(maxProgressDiff([wide, narrow])).toBe(wide);
    expect(maxProgressDiff([narrow, wide])).toBe(narrow);
    expect(() => maxProgressDiff([])).toThrow('getMaxProgressDiff:empty');
  });
});

describe('states', () => {
  const applying = makeApplyingState(S(0), S(3));

  it.each([
    [makeState(S(0)), [D(0, 1)], '<|0|-->|1|>', '<|1|>'],
    [applying, [D(0, 3)], '<|0|-->|3|>', '<|3|>'],
    [applying, [D(0, 5)], '<|0|-->|5|>', '<|5|>'],
    [applying, [D(0, 1), D(1, 2), D(2, 3)], '<|0|-->|3|>', '<|3|>'],
    [makeApplyingState(S(5), S(7)), [D(5, 10, comp)], '<|5|-->|10|>', '<|10|>'],
  ])('%o with %o', (state, diffs, begun, ended) => {
    expect(canApplyToState(state, diffs)).toBe(true);
    expect(stateToText(beginApplying(state, diffs))).toBe(begun);
    expect(stateToText(endApplying(state, diffs))).toBe(ended);
  });

  it('refuses what would leave an interrupted apply incomplete', () => {
    expect(canApplyToState(applying, [D(0, 1)])).toBe(false);
    expect(() => beginApplying(applying, [D(0, 1)])).toThrow('apply:can not apply:<|0|-->|3|>:|0|-->|1|');
    expect(() => endApplying(applying, [D(0, 1), D(1, 2)])).toThrow('apply:can not apply');
    expect(canApplyToState(makeState(S(0)), [D(1, 2)])).toBe(false);
  });
});
