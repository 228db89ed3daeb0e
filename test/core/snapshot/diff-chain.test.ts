import { describe, expect, it } from 'vitest';
import { applyToState, beginApplying, endApplying, mergeDiffs } from '../../../core/snapshot/algebra.ts';
import {
  applicableAndMergeableDiffList,
  applicableDiff,
  applicableDiffList,
  applicableDiffListByGid,
  applicableDiffListByTime,
  collectGarbage,
  cutBySize,
  mergeableDiffList,
} from '../../../core/snapshot/diff-chain.ts';
import { DiffSet } from '../../../core/snapshot/diff-set.ts';
import type { MetaDiff } from '../../../core/snapshot/meta.ts';
import {
  diffToText,
  makeApplyingState,
  makeState,
  snapToText,
  stateToText,
} from '../../../core/snapshot/meta.ts';
import {
  cleanSnapshotList,
  diffListToApply,
  diffListToMaterialize,
  diffListToRestore,
  diffListToScan,
  latestSnapshot,
  latestState,
  minimumApplicableDiffList,
  oldestCleanState,
  restorableList,
  stateByGid,
} from '../../../core/snapshot/state-query.ts';
import { D, S } from './arbitraries.ts';

const texts = (diffs: readonly MetaDiff[] | null) => diffs?.map(diffToText);
const length = (diffs: readonly MetaDiff[] | null) => (diffs === null ? 'fail' : diffs.length);
const explicit = { isMergeable: false };

/** Lengths of a query's answers for several gids, 'fail' where there is none. */
function lengths<T>(gids: readonly T[], query: (gid: T) => readonly MetaDiff[] | null) {
  return gids.map((gid) => length(query(gid)));
}

describe('a plain chain with one explicit snapshot', () => {
  const diffs = [
    D(0, 1, { timestamp: 1000 }),
    D(1, 2, { timestamp: 1001 }),
    D(2, 3, { timestamp: 1002 }),
    D(3, 4, { timestamp: 1003, isMergeable: false }),
    D(4, 5, { timestamp: 1004 }),
  ];
  const base = makeState(S(0));
  const gids = [0, 1, 2, 3, 4, 5];

  it('answers all queries', () => {
    const set = new DiffSet(diffs);
    expect(snapToText(latestSnapshot(set, base))).toBe('|5|');
    expect(stateToText(oldestCleanState(set, base))).toBe('<|0|>');
    expect(applicableDiffListByGid(set, S(0), 4)).toHaveLength(4);
    expect(applicableDiffListByTime(set, S(0), 1003)).toHaveLength(4);
    expect(lengths(gids, (gid) => diffListToApply(set, base, gid))).toEqual(gids);
    expect(lengths(gids, (gid) => diffListToRestore(set, base, gid))).toEqual(gids);
    expect(lengths(gids, (gid) => diffListToMaterialize(set, base, gid, true))).toEqual(gids);
    expect(lengths(gids, (gid) => diffListToScan(set, base, gid))).toEqual(gids);
    expect(restorableList(set, base, true)).toHaveLength(6);
    expect(restorableList(set, base, false)).toHaveLength(3);
    expect(latestState(set, base)).toEqual(makeState(S(5), 1004));
    expect(stateToText(stateByGid(set, base, 3, 'begin'))).toBe('<|0|-->|3|>');
    expect(stateToText(stateByGid(set, base, 3, 'end'))).toBe('<|3|>');
  });

  it('keeps latest and explicit snapshots when runs are merged and garbage is removed', () => {
    const set = new DiffSet(diffs);
    const first = mergeableDiffList(set, 0);
    const second = mergeableDiffList(set, 3);
    expect([first.length, second.length]).toEqual([3, 2]);
    set.add(mergeDiffs(first));
    set.add(mergeDiffs(second));
    expect(snapToText(latestSnapshot(set, base))).toBe('|5|');
    expect(texts(collectGarbage(set, S(0)))).toEqual(texts(diffs));
    expect(snapToText(latestSnapshot(set, base))).toBe('|5|');
    expect(texts(set.getAll())).toEqual(['|0|-->|3|', '|3|-->|5|']);
  });
});

describe('a dirty base and a hash backup', () => {
  const all = [D(0, 5), D([5, 10], [15, 20]), D(15, 20), D(20, 25)].map((diff) => ({ ...diff, ...explicit }));
  const base = makeState(S(0, 10));
  const gids = [0, 5, 10, 15, 20, 25];

  it('answers all queries for the base at rest', () => {
    const set = new DiffSet(all);
    expect(stateToText(oldestCleanState(set, base))).toBe('<|20|>');
    expect(applicableDiffList(set, base.snapB)).toHaveLength(4);
    expect(minimumApplicableDiffList(set, base)).toEqual([]);
    expect(lengths([0, 5, 15, 20, 25], (gid) => diffListToApply(set, base, gid))).toEqual([0, 1, 2, 3, 4]);
    expect(lengths([5, 15, 20, 25], (gid) => diffListToRestore(set, base, gid))).toEqual([
      'fail',
      'fail',
      3,
      4,
    ]);
    const clean = (gid: number) => diffListToMaterialize(set, base, gid, true);
    const dirty = (gid: number) => diffListToMaterialize(set, base, gid, false);
    expect(lengths([5, 15, 20, 25], clean)).toEqual(['fail', 'fail', 3, 4]);
    expect(lengths([5, 15], dirty)).toEqual([1, 2]);
    expect(lengths([0, 5, 15, 20, 25], (gid) => diffListToScan(set, base, gid))).toEqual([0, 1, 2, 3, 4]);
    expect(restorableList(set, base, true)).toHaveLength(2);
    expect(restorableList(set, base, false)).toHaveLength(2);
    expect(cleanSnapshotList(set, base)).toEqual([20, 25]);
  });

  it('answers all queries while all of it is being applied', () => {
    const set = new DiffSet(all);
    const applying = beginApplying(base, all);
    expect(stateToText(applying)).toBe('<|0,10|-->|25|>');
    expect(beginApplying(applying, all)).toEqual(applying);
    expect(stateToText(endApplying(applying, all))).toBe('<|25|>');
    expect(lengths([0, 5, 20, 25], (gid) => diffListToApply(set, applying, gid))).toEqual([4, 4, 4, 4]);
    for (const query of [diffListToRestore, diffListToScan]) {
      expect(lengths([5, 20, 25], (gid) => query(set, applying, gid))).toEqual(['fail', 'fail', 4]);
    }
    expect(lengths([5, 20, 25], (gid) => diffListToMaterialize(set, applying, gid, true))).toEqual([
      'fail',
      'fail',
      4,
    ]);
  });

  it('answers all queries without the last diff', () => {
    const set = new DiffSet(all.slice(0, 3));
    expect(stateToText(oldestCleanState(set, base))).toBe('<|20|>');
    expect(applicableDiffList(set, base.snapB)).toHaveLength(3);
    expect(lengths(gids.slice(0, 5), (gid) => diffListToApply(set, base, gid))).toEqual([0, 1, 1, 2, 3]);
    const restore = (gid: number) => diffListToRestore(set, base, gid);
    expect(lengths([5, 10, 15, 20], restore)).toEqual(['fail', 'fail', 'fail', 3]);
    const dirty = (gid: number) => diffListToMaterialize(set, base, gid, false);
    expect(lengths([5, 15], dirty)).toEqual([1, 2]);
    expect(length(diffListToMaterialize(set, base, 20, true))).toBe(3);
    expect([restorableList(set, base, true).length, restorableList(set, base, false).length]).toEqual([1, 1]);
    const scan = (gid: number) => diffListToScan(set, base, gid);
    expect(lengths([5, 15, 20, 4, 8, 22], scan)).toEqual([1, 2, 3, 'fail', 'fail', 'fail']);
  });

  it('says when nothing ever becomes clean', () => {
    const set = new DiffSet(all.slice(0, 2));
    expect(() => oldestCleanState(set, base)).toThrow(
      'MetaDiffManager::getOldestCleanState:there is no clean snapshot.',
    );
  });
});

describe('a diff that begins before the base', () => {
  const set = new DiffSet([D(0, 5)]);
  const base = makeState(S(3));

  it('leads from the base to its end', () => {
    expect(stateToText(oldestCleanState(set, base))).toBe('<|3|>');
    expect(applicableDiffList(set, base.snapB)).toHaveLength(1);
    expect(minimumApplicableDiffList(set, base)).toEqual([]);
    expect(lengths([2, 3, 4, 5], (gid) => diffListToRestore(set, base, gid))).toEqual(['fail', 0, 'fail', 1]);
    expect(lengths([4, 5, 6], (gid) => diffListToApply(set, base, gid))).toEqual([0, 1, 1]);
    expect(lengths([3, 4, 5, 6], (gid) => diffListToScan(set, base, gid))).toEqual([0, 'fail', 1, 'fail']);
  });
});

describe('what can not be reached', () => {
  it('fails for a diff that begins after the base', () => {
    const set = new DiffSet([D(2, 5)]);
    const base = makeState(S(0));
    expect(diffListToScan(set, base, 5)).toBe(null);
    expect(lengths([0, 5], (gid) => diffListToApply(set, base, gid))).toEqual([0, 0]);
    expect(lengths([5, 0], (gid) => diffListToRestore(set, base, gid))).toEqual(['fail', 0]);
  });

  it('fails for a diff that ends before the base', () => {
    const set = new DiffSet([D(2, 5)]);
    const base = makeState(S(10));
    expect(lengths([5, 10], (gid) => diffListToScan(set, base, gid))).toEqual(['fail', 0]);
    expect(lengths([0, 5, 10], (gid) => diffListToApply(set, base, gid))).toEqual([0, 0, 0]);
    expect(lengths([5, 10], (gid) => diffListToRestore(set, base, gid))).toEqual(['fail', 0]);
  });

  it('fails when a scan needs more diffs than allowed', () => {
    const set = new DiffSet([D(0, 1), D(1, 2), D(2, 3), D(3, 4), D(4, 5)]);
    const base = makeState(S(0));
    expect(diffListToScan(set, base, 5, 3)).toBe(null);
    expect(length(diffListToScan(set, base, 5, 5))).toBe(5);
  });
});

describe('merged diffs beside their parts', () => {
  const parts = [D(0, 1), D(1, 2), D(2, 3), D(3, 4), D(4, 5)];

  it('takes the farthest first, and at equal ends the shorter one', () => {
    const set = new DiffSet([...parts, D(0, 3), D(1, 5)]);
    expect(texts(applicableDiffList(set, S(0)))).toEqual(['|0|-->|3|', '|1|-->|5|']);
    collectGarbage(set, S(0));
    expect(texts(set.getAll())).toEqual(['|0|-->|3|', '|1|-->|5|']);
    set.add(D(3, 5));
    expect(texts(collectGarbage(set, S(0)))).toEqual(['|1|-->|5|']);
    expect(texts(set.getAll())).toEqual(['|0|-->|3|', '|3|-->|5|']);
  });

  it('goes over gaps in the parts', () => {
    const set = new DiffSet([D(0, 1), D(2, 3), D(4, 5), D(0, 3), D(2, 5)]);
    collectGarbage(set, S(0));
    expect(texts(applicableDiffList(set, S(0)))).toEqual(['|0|-->|3|', '|2|-->|5|']);
  });

  it('hides the snapshots inside a merged diff', () => {
    const set = new DiffSet([D(0, 1), D(1, 2), D(0, 2)]);
    const base = makeState(S(0));
    expect(diffListToRestore(set, base, 1)).toBe(null);
    expect(diffListToApply(set, base, 1)).toEqual([]);
    expect(cleanSnapshotList(set, base)).toEqual([0, 2]);
  });

  it('may jump over the begin of a compared diff', () => {
    const set = new DiffSet([D(0, 2), D(0, 3), D(2, 10, { isCompDiff: true })]);
    expect(texts(applicableDiffList(set, S(0)))).toEqual(['|0|-->|3|']);
  });

  it('chooses by insertion order between diffs that differ in gidE only', () => {
    const wideFirst = new DiffSet([D(0, [5, 7]), D(0, 5)]);
    const cleanFirst = new DiffSet([D(0, 5), D(0, [5, 7])]);
    expect(diffToText(applicableDiff(wideFirst, S(0))!)).toBe('|0|-->|5,7|');
    expect(diffToText(applicableDiff(cleanFirst, S(0))!)).toBe('|0|-->|5|');
  });

  it('removes what is behind a gap', () => {
    const set = new DiffSet([D(0, 1), D(2, 3)]);
    expect(texts(collectGarbage(set, S(0)))).toEqual(['|2|-->|3|']);
  });
});

describe('lists to merge', () => {
  const set = new DiffSet([D(0, 1, explicit), D(2, 3, explicit), D(3, 4), D(4, 5), D(7, 8), D(8, 9)]);

  it('begins at the first diff at or after the gid, whatever its flag', () => {
    expect(texts(mergeableDiffList(set, 0))).toEqual(['|0|-->|1|']);
    expect(texts(mergeableDiffList(set, 2))).toEqual(['|2|-->|3|', '|3|-->|4|', '|4|-->|5|']);
    expect(texts(mergeableDiffList(set, 5))).toEqual(['|7|-->|8|', '|8|-->|9|']);
    expect(mergeableDiffList(set, 9)).toEqual([]);
    expect(texts(mergeableDiffList(set, 2, (diff) => diff.snapB.gidB! < 4))).toEqual([
      '|2|-->|3|',
      '|3|-->|4|',
    ]);
  });

  it('goes on with a shorter diff where the farthest one must not be merged', () => {
    const both = new DiffSet([D(0, 1), D(1, 2), D(1, 3, explicit), D(2, 4)]);
    expect(texts(mergeableDiffList(both, 0))).toEqual(['|0|-->|1|', '|1|-->|2|', '|2|-->|4|']);
  });

  it('never makes a malformed diff', () => {
    const odd = [D([0, 5], [2, 5]), D([1, 2], 3)];
    expect(() => mergeDiffs(odd)).toThrow('broken progress constraint for E:|0,5|:|3|');
    const set = new DiffSet(odd);
    expect(texts(applicableDiffList(set, S(0, 5)))).toHaveLength(2);
    expect(mergeableDiffList(set, 0)).toEqual([odd[0]]);
    expect(applicableAndMergeableDiffList(set, S(0, 5))).toEqual([odd[0]]);
  });

  it('gives the longest beginning of the chain that merges', () => {
    const chain = new DiffSet([D(0, 1, explicit), D(1, 2), D(2, 3), D(3, 4, explicit), D(4, 5)]);
    expect(texts(applicableAndMergeableDiffList(chain, S(0)))).toEqual([
      '|0|-->|1|',
      '|1|-->|2|',
      '|2|-->|3|',
    ]);
    expect(texts(applicableAndMergeableDiffList(chain, S(3)))).toEqual(['|3|-->|4|', '|4|-->|5|']);
    expect(applicableAndMergeableDiffList(chain, S(5))).toEqual([]);
  });

  it('is cut by size: the first always stays', () => {
    const sized = [3, 4, 5].map((dataSizeBytes, i) => D(i, i + 1, { dataSizeBytes }));
    const cut = (maxBytes: number) => cutBySize(sized, maxBytes).length;
    expect([cut(0), cut(6), cut(7), cut(11), cut(12), cut(100)]).toEqual([1, 1, 2, 2, 3, 3]);
    expect(cutBySize([], 5)).toEqual([]);
  });
});

describe('explicit and implicit restorable snapshots', () => {
  const set = new DiffSet([D(0, 1), D(1, 2, explicit), D(2, 3), D(3, 4)]);
  const list = (state: ReturnType<typeof makeState>, isAll: boolean) =>
    restorableList(set, state, isAll).map((at) => `${at.snapB.gidB}(${at.isExplicit ? 1 : 0})`);

  it('lists the base first and the newest as explicit', () => {
    expect(list(makeState(S(0)), true)).toEqual(['0(0)', '1(1)', '2(0)', '3(0)', '4(1)']);
    expect(list(makeState(S(0)), false)).toEqual(['0(0)', '1(1)', '4(1)']);
  });

  it('lists nothing before the end of an interrupted apply', () => {
    const applying = makeApplyingState(S(0), S(2));
    expect(list(applying, true)).toEqual(['2(0)', '3(0)', '4(1)']);
    expect(list(applying, false)).toEqual(['2(0)', '4(1)']);
  });
});

describe('an interrupted apply', () => {
  const parts = [D(0, 1), D(1, 2), D(2, 3), D(3, 4)];
  const applying = makeApplyingState(S(0), S(2));

  it('is completed whatever gid and limit are asked for', () => {
    const set = new DiffSet(parts);
    for (const gid of [0, 1, 2, 3, 4]) {
      expect(texts(diffListToApply(set, applying, gid, 1))).toEqual(['|0|-->|1|', '|1|-->|2|']);
    }
    expect(lengths([0, 1, 2, 3, 4], (gid) => diffListToRestore(set, applying, gid))).toEqual([
      'fail',
      'fail',
      2,
      3,
      4,
    ]);
  });

  it('is not cut short by the limit of a restore', () => {
    const set = new DiffSet(parts);
    expect(lengths([2, 4], (gid) => diffListToRestore(set, applying, gid, 1))).toEqual([2, 2]);
    expect(length(diffListToRestore(set, makeState(S(0)), 4, 1))).toBe(1);
  });

  it('is completed by a diff that leads beyond its end', () => {
    const set = new DiffSet([D(0, 5)]);
    const half = makeApplyingState(S(0), S(3));
    expect(texts(minimumApplicableDiffList(set, half))).toEqual(['|0|-->|5|']);
    expect(texts(diffListToApply(set, half, 4))).toEqual(['|0|-->|5|']);
    expect(lengths([0, 3, 5], (gid) => diffListToRestore(set, half, gid))).toEqual(['fail', 'fail', 1]);
    expect(restorableList(set, half, true).map(stateToText)).toEqual(['<|5|>']);
  });

  it('is an error when the diffs do not lead to its end', () => {
    const set = new DiffSet([D(0, 1)]);
    const lost = 'no diffs that complete the interrupted apply:<|0|-->|2|>';
    expect(() => minimumApplicableDiffList(set, applying)).toThrow(lost);
    expect(() => diffListToApply(set, applying, 1)).toThrow(lost);
    expect(() => diffListToRestore(set, applying, 0)).toThrow(lost);
    expect(() => restorableList(set, applying, true)).toThrow(lost);
    expect(() => oldestCleanState(set, applying)).toThrow(lost);
    expect(stateToText(latestState(set, applying))).toBe('<|1|>');
    set.add(D(1, 2));
    expect(stateToText(applyToState(applying, diffListToApply(set, applying, 0)))).toBe('<|2|>');
  });

  it('leaves the state as it is when there are no diffs', () => {
    const set = new DiffSet();
    expect(latestState(set, applying)).toBe(applying);
  });
});
