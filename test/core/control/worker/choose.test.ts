import { describe, expect, it } from 'vitest';
import {
  chooseMergeRange,
  chooseReplicationGid,
  latestBefore,
} from '../../../../core/control/worker/index.ts';
import { type MetaDiff, makeDiff, makeSnap } from '../../../../core/snapshot/meta.ts';

const NO_LIMITS = { maxCount: Number.POSITIVE_INFINITY, maxSizeBytes: Number.POSITIVE_INFINITY };

/** `|begin|-->|begin+1|` and so on, one for each size; flags as in listings. */
function chain(sizes: readonly number[], flags: readonly string[] = []): MetaDiff[] {
  return sizes.map((dataSizeBytes, i) => {
    const flag = flags[i] ?? 'M-';
    return makeDiff(i, i + 1, {
      isMergeable: flag[0] === 'M',
      isCompDiff: flag[1] === 'C',
      dataSizeBytes,
    });
  });
}

const TEN = chain(new Array<number>(10).fill(10));
const range = (gidB: number, gidE: number) => ({ gidB, gidE });

describe('the latest snapshot before a time', () => {
  const infos = [10, 20, 30].map((timestamp, gid) => ({ gid, timestamp, isExplicit: null }));

  it.each([
    [9, null],
    [10, null],
    [19, null],
    [20, 1],
    [29, 1],
    [30, 2],
    [1000, 2],
  ])('at %d is %s: the base does not count, the time itself does', (untilS, gid) => {
    expect(latestBefore(infos, untilS)?.gid ?? null).toBe(gid);
  });

  it('is the last one before the first that is younger, whatever the clocks said later', () => {
    const stepped = [0, 20, 50, 10].map((timestamp, gid) => ({ gid, timestamp, isExplicit: null }));
    expect(latestBefore(stepped, 30)?.gid).toBe(1);
  });

  it('is none without snapshots', () => {
    expect(latestBefore([], 5)).toBeNull();
    expect(latestBefore(infos.slice(0, 1), 50)).toBeNull();
  });
});

describe('the range to merge', () => {
  it.each([
    [{ ...NO_LIMITS, maxCount: 1 }, range(0, 2)],
    [{ ...NO_LIMITS, maxCount: 2 }, range(0, 3)],
    [{ ...NO_LIMITS, maxCount: 3 }, range(0, 4)],
    [{ ...NO_LIMITS, maxSizeBytes: 25 }, range(0, 2)],
    [NO_LIMITS, null],
  ])('of ten equal diffs with %j is %j', (limits, expected) => {
    expect(chooseMergeRange(TEN, limits)).toEqual(expected);
  });

  it('does not pass over the position of a replica', () => {
    const diffs = [...chain([10, 10, 10, 10, 10, 10]), makeDiff(6, 7, { dataSizeBytes: 10 })];
    expect(chooseMergeRange(diffs, NO_LIMITS)).toEqual(range(0, 6));
    expect(chooseMergeRange(diffs, NO_LIMITS, [2])).toEqual(range(2, 6));
    expect(chooseMergeRange(diffs, NO_LIMITS, [0, 6, 7])).toEqual(range(0, 6));
    expect(chooseMergeRange(diffs, NO_LIMITS, [1, 2, 3, 4, 5])).toBeNull();
  });

  it.each<[string, number[], string[], { gidB: number; gidE: number } | null]>([
    ['nothing', [], [], null],
    ['one', [1], ['M-'], null],
    ['all to keep', [1, 1, 1], ['--', '--', '--'], null],
    ['a run that one to keep ends', [1, 1, 1, 1], ['--', 'M-', 'M-', '--'], range(0, 3)],
    ['compared ones divide', [9, 9, 9, 1, 1, 1], ['M-', 'M-', '-C', 'M-', 'M-', '-C'], range(3, 5)],
    [
      'no compared one at the end: the run before',
      [9, 9, 9, 1, 1, 1],
      ['M-', 'M-', '-C', 'M-', 'M-', 'M-'],
      range(0, 2),
    ],
    ['compared and mergeable divides too', [1, 1, 1, 1, 1], ['M-', 'M-', 'MC', 'M-', 'M-'], range(0, 2)],
    [
      'the earlier of two that are equal',
      [1, 1, 1, 1, 1, 1],
      ['M-', 'M-', '-C', 'M-', 'M-', '-C'],
      range(0, 2),
    ],
  ])('of %s', (_name, sizes, flags, expected) => {
    expect(chooseMergeRange(chain(sizes, flags), NO_LIMITS)).toEqual(expected);
  });

  it('with a limit of two has three members, the smallest ones', () => {
    const diffs = chain([50, 50, 50, 50, 50, 50, 10, 10, 10, 10, 10]);
    expect(chooseMergeRange(diffs, { ...NO_LIMITS, maxCount: 2 })).toEqual(range(6, 9));
  });

  it('leaves out diffs larger than the limit, and counts the one that ends a run', () => {
    expect(chooseMergeRange(chain([1, 1, 100, 1, 1, 1, 100]), { ...NO_LIMITS, maxSizeBytes: 50 })).toEqual(
      // (1 + 1 + 100) / 2 = 51 against (1 + 1 + 1 + 100) / 3 = 34.
      range(3, 6),
    );
  });

  it('never ends in or begins at a dirty snapshot', () => {
    const diffs = [
      makeDiff(0, 1, { isMergeable: true }),
      makeDiff(1, makeSnap(2, 3), { isMergeable: true }),
      makeDiff(makeSnap(2, 3), makeSnap(4, 4), { isMergeable: true }),
      makeDiff(4, 5, { isMergeable: true }),
      makeDiff(5, 6, { isMergeable: true }),
      makeDiff(6, 7),
    ];
    expect(chooseMergeRange(diffs, NO_LIMITS)).toEqual(range(4, 6));
  });
});

describe('the gid to replicate to', () => {
  const nine = chain(new Array<number>(9).fill(100));

  it.each([
    [200, 0, 3],
    [1, 0, 2],
    [1000, 0, 9],
    [200, 7, 9],
    [200, 8, null],
    [0, 0, null],
  ])('with a limit of %d at gid %d is %s', (limit, destinationGid, expected) => {
    expect(chooseReplicationGid(nine, destinationGid, limit)).toBe(expected);
  });

  it('is open with fewer than two diffs', () => {
    expect(chooseReplicationGid([], 0, 5)).toBeNull();
    expect(chooseReplicationGid(chain([100]), 0, 5)).toBeNull();
  });

  it('is the last one when one large dirty diff stands in the middle', () => {
    const diffs = [
      makeDiff(10, 11, { dataSizeBytes: 8728 }),
      makeDiff(11, makeSnap(12, 30), { dataSizeBytes: 4_700_000_000 }),
      makeDiff(makeSnap(12, 30), 31, { dataSizeBytes: 11_234 }),
    ];
    expect(chooseReplicationGid(diffs, 11, 1024 ** 3)).toBe(31);
  });
});
