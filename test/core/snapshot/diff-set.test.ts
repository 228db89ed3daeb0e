import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergeDiffs } from '../../../core/snapshot/algebra.ts';
import {
  applicableAndMergeableDiffList,
  applicableDiffList,
  collectGarbage,
  mergeableDiffList,
} from '../../../core/snapshot/diff-chain.ts';
import { DiffSet } from '../../../core/snapshot/diff-set.ts';
import type { MetaDiff } from '../../../core/snapshot/meta.ts';
import { diffToText, makeDiff, makeState, snapEquals } from '../../../core/snapshot/meta.ts';
import {
  cleanSnapshotList,
  latestSnapshot,
  oldestCleanState,
  restorableList,
} from '../../../core/snapshot/state-query.ts';
import { expectEqual } from '../../expect-same.ts';
import { anyDiff, anyFlaggedHistory, anyHistory, D, S } from './arbitraries.ts';
import { NaiveDiffSet } from './naive-diff-set.ts';

const texts = (diffs: readonly MetaDiff[]) => diffs.map(diffToText);

describe('DiffSet', () => {
  it('holds each pair of ends once, whatever the flags', () => {
    const set = new DiffSet([D(0, 1)]);
    expect(() => set.add(D(0, 1, { isMergeable: false, timestamp: 5 }))).toThrow(
      'MetaDiffManager::add:already exists:|0|-->|1|',
    );
    expect(set.exists(D(0, 1, { timestamp: 9 }))).toBe(true);
    expect(set.find(D(0, 1, { timestamp: 9 }))).toEqual(D(0, 1));
    expect(set.find(D(0, 2))).toBe(null);
    expect(set.size).toBe(1);
    expect(() => new DiffSet([D(0, 1), D(0, 1)])).toThrow('already exists');
  });

  it('refuses malformed diffs', () => {
    expect(() => new DiffSet().add({ ...D(0, 1), snapB: S(1) })).toThrow('broken progress constraint for B');
  });

  it('erases by ends', () => {
    const set = new DiffSet([D(0, 1), D(1, 2)]);
    expect(set.erase(D(5, 6))).toBe(null);
    expect(() => set.eraseStrictly(D(5, 6))).toThrow('MetaDiffManager::erase:not found:|5|-->|6|');
    expect(set.erase(D(0, 1, { isMergeable: false }))).toEqual(D(0, 1));
    expect(texts(set.getAll())).toEqual(['|1|-->|2|']);
    set.clear();
    expect([set.size, set.getAll().length, set.covering(1).length, set.exists(D(1, 2))]).toEqual([
      0,
      0,
      0,
      false,
    ]);
  });

  it('lists by begin, then by insertion', () => {
    const set = new DiffSet([D(3, 4), D(0, 2), D(1, 2), D(0, 1), D(0, 3)]);
    expect(texts(set.getAll())).toEqual(['|0|-->|2|', '|0|-->|1|', '|0|-->|3|', '|1|-->|2|', '|3|-->|4|']);
    expect(texts(set.getAll(1, 3))).toEqual(['|1|-->|2|']);
    expect(texts(set.getAll(1))).toEqual(['|1|-->|2|', '|3|-->|4|']);
    expect(() => set.getAll(3, 3)).toThrow('MetaDiffManager::getAll:gid0 >= gid1:3:3');
    expect(() => set.getAll(null)).toThrow('gid0 >= gid1:18446744073709551615:18446744073709551615');
  });

  it('finds what covers a gid in order of insertion', () => {
    const set = new DiffSet([D(2, 9), D(0, 3), D(1, 2), D(3, 4)]);
    expect(texts(set.covering(2))).toEqual(['|2|-->|9|', '|0|-->|3|']);
    expect(texts(set.covering(3))).toEqual(['|2|-->|9|', '|3|-->|4|']);
    expect(set.covering(9)).toEqual([]);
    expect(set.covering(null)).toEqual([]);
    set.add({ ...D(0, 1), snapE: S(null) });
    expect(texts(set.covering(1000))).toEqual(['|0|-->|18446744073709551615|']);
    expect(set.covering(null)).toEqual([]);
  });

  it('knows the smallest and greatest gid, and the diff that begins last', () => {
    expect(new DiffSet().minMaxGid()).toEqual({ minGid: 0, maxGid: 0 });
    expect(new DiffSet().diffWithMaxGid()).toBe(null);
    const set = new DiffSet([D(3, 9), D(5, 7), D(5, 6), D(4, 5)]);
    expect(set.minMaxGid()).toEqual({ minGid: 3, maxGid: 9 });
    expect(diffToText(set.diffWithMaxGid()!)).toBe('|5|-->|6|');
    expect(texts(set.firstAt(4))).toEqual(['|4|-->|5|']);
    expect(texts(set.firstAt(5))).toEqual(['|5|-->|7|', '|5|-->|6|']);
    expect(set.firstAt(6)).toEqual([]);
  });

  it('erases before a gid and spares what reaches across it', () => {
    const set = new DiffSet([D(0, 1), D(1, 3), D(0, 2), D(2, 3)]);
    expect(texts(set.eraseBeforeGid(2))).toEqual(['|0|-->|1|', '|0|-->|2|']);
    expect(texts(set.getAll())).toEqual(['|1|-->|3|', '|2|-->|3|']);
    expect(texts(set.eraseBeforeGid(null))).toEqual(['|1|-->|3|', '|2|-->|3|']);
  });

  it('removes what a range covers and spares the exact range', () => {
    const set = new DiffSet([D(0, 1), D(0, 2), D(1, 2), D(1, 3), D(2, 3), D(2, 4)]);
    expect(texts(set.gcRange(1, 3))).toEqual(['|1|-->|2|', '|2|-->|3|']);
    expect(texts(set.getAll())).toEqual(['|0|-->|1|', '|0|-->|2|', '|1|-->|3|', '|2|-->|4|']);
  });

  it('makes snapshots explicit and implicit', () => {
    const set = new DiffSet([D(0, 1), D(1, 2), D(1, 3, { isMergeable: false })]);
    expect(set.changeSnapshot(1, true)).toEqual([D(1, 2, { isMergeable: false })]);
    expect(set.changeSnapshot(1, true)).toEqual([]);
    expect(texts(set.changeSnapshot(1, false)!)).toEqual(['|1|-->|2|', '|1|-->|3|']);
    expect(set.getAll(1).every((diff) => diff.isMergeable)).toBe(true);
    expect(set.changeSnapshot(2, true)).toBe(null);
    expect(set.changeSnapshot(3, true)).toBe(null);
  });

  it('stays fast with 100000 diffs', () => {
    const set = new DiffSet();
    const n = 100_000;
    for (let i = 0; i < n; i++) set.add(D(i, i + 1));
    set.add(D(0, n));
    set.add(D(5, n - 5));
    expect(applicableDiffList(set, S(0))).toHaveLength(1);
    set.erase(D(0, n));
    set.erase(D(5, n - 5));
    expect(applicableDiffList(set, S(0))).toHaveLength(n);
    expect(set.eraseBeforeGid(n / 2)).toHaveLength(n / 2);
    for (let i = n - 1; i >= n / 2; i -= 2) set.erase(D(i, i + 1));
    expect(set.size).toBe(n / 4);
    expect(set.getAll()).toHaveLength(n / 4);
  });
});

describe('directories that do not hang together', () => {
  const explicit = { isMergeable: false };

  it('merges and cleans up step by step', () => {
    const set = new DiffSet([D(0, 1, explicit), D(1, 2), D(2, 3, explicit), D(3, 4), D(4, 5)]);
    const first = mergeableDiffList(set, 0);
    expect(texts(first)).toEqual(['|0|-->|1|', '|1|-->|2|']);
    set.add(mergeDiffs(first));
    const second = mergeableDiffList(set, 2);
    expect(second).toHaveLength(3);
    set.add(mergeDiffs(second));
    expect(set.size).toBe(7);
    collectGarbage(set, S(0));
    expect(texts(set.getAll())).toEqual(['|0|-->|2|', '|2|-->|5|']);
    set.eraseBeforeGid(5);
    expect(set.size).toBe(0);
  });

  it('sends run by run', () => {
    const set = new DiffSet([D(0, 1, explicit), D(2, 3, explicit), D(3, 4), D(4, 5), D(7, 8), D(8, 9)]);
    const found: number[] = [];
    for (const gid of [1, 5, 9, null]) {
      found.push(mergeableDiffList(set, 0).length);
      set.eraseBeforeGid(gid);
    }
    expect(found).toEqual([1, 3, 2, 0]);
  });
});

describe('H7: along one history', () => {
  it('merging and removing garbage changes neither the latest nor the number of explicit snapshots', () => {
    fc.assert(
      fc.property(
        anyFlaggedHistory,
        fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 10 }),
        ({ snaps, diffs }, picks) => {
          const base = makeState(snaps[0]);
          const set = new DiffSet();
          diffs.forEach((diff, i) => {
            set.add(diff);
            expect(snapEquals(latestSnapshot(set, base), snaps[i + 1])).toBe(true);
          });
          expect(texts(applicableDiffList(set, snaps[0]))).toEqual(texts(diffs));
          const explicit = restorableList(set, base, false).length;
          let all = restorableList(set, base, true).length;
          for (const [from, count] of picks) {
            const run = mergeableDiffList(set, set.getAll()[from % set.size].snapB.gidB);
            const part = run.slice(0, 1 + (count % run.length));
            if (part.length > 1) set.add(mergeDiffs(part));
            const chain = texts(applicableDiffList(set, snaps[0]));
            const everything = texts(set.getAll());
            const removed = texts(collectGarbage(set, snaps[0]));
            expect(texts(set.getAll())).toEqual(chain);
            expect([...removed, ...chain].sort()).toEqual([...everything].sort());
            expect(snapEquals(latestSnapshot(set, base), snaps[snaps.length - 1])).toBe(true);
            expect(restorableList(set, base, false)).toHaveLength(explicit);
            const now = restorableList(set, base, true).length;
            expect(now).toBeLessThanOrEqual(all);
            all = now;
            const clean = cleanSnapshotList(set, base);
            if (clean.length > 0) expect(oldestCleanState(set, base).snapB.gidB).toBe(clean[0]);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('the list to send merges as it is listed', () => {
    fc.assert(
      fc.property(
        anyHistory,
        fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
        ({ snaps, diffs }, flags) => {
          const set = new DiffSet(diffs.map((diff, i) => ({ ...diff, isMergeable: flags[i] })));
          for (const snap of snaps.slice(0, -1)) {
            const list = applicableAndMergeableDiffList(set, snap);
            expect(list.length).toBeGreaterThan(0);
            expect(() => mergeDiffs(list)).not.toThrow();
          }
        },
      ),
    );
  });
});

/** What may be done to a set: the arguments are taken modulo what there is. */
const anyOperation = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('add' as const), diff: anyDiff }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('erase' as const), pick: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('gc' as const), gid: fc.nat({ max: 12 }) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('gcRange' as const),
      gid: fc.nat({ max: 12 }),
      length: fc.nat({ max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('eraseBefore' as const), gid: fc.nat({ max: 8 }) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('merge' as const), gid: fc.nat({ max: 16 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      gid: fc.nat({ max: 12 }),
      keep: fc.boolean(),
    }),
  },
);

describe('against a naive set', () => {
  it('answers alike after any operations', () => {
    fc.assert(
      fc.property(fc.array(anyOperation, { maxLength: 60 }), (operations) => {
        const set = new DiffSet();
        const naive = new NaiveDiffSet();
        for (const operation of operations) {
          if (operation.kind === 'add') {
            if (!set.exists(operation.diff)) for (const s of [set, naive]) s.add(operation.diff);
          } else if (operation.kind === 'erase') {
            if (set.size === 0) continue;
            const diff = set.getAll()[operation.pick % set.size];
            expectEqual(set.eraseStrictly(diff), naive.erase(diff));
          } else if (operation.kind === 'gc') {
            const snap = S(operation.gid);
            expectEqual(collectGarbage(set, snap), naive.gc(snap));
          } else if (operation.kind === 'gcRange') {
            const [from, to] = [operation.gid, operation.gid + operation.length];
            expectEqual(set.gcRange(from, to), naive.gcRange(from, to));
          } else if (operation.kind === 'eraseBefore') {
            expectEqual(set.eraseBeforeGid(operation.gid), naive.eraseBefore(operation.gid));
          } else if (operation.kind === 'merge') {
            const list = mergeableDiffList(set, operation.gid);
            expectEqual(list, naive.mergeableList(operation.gid));
            if (list.length < 2) continue;
            const merged = mergeDiffs(list);
            if (!set.exists(merged)) for (const s of [set, naive]) s.add(merged);
          } else {
            expect(set.changeSnapshot(operation.gid, operation.keep)).toEqual(
              naive.change(operation.gid, operation.keep),
            );
          }
          expectEqual(set.getAll(), naive.all());
          expect(set.size).toBe(naive.all().length);
        }
        for (let gid = 0; gid <= 26; gid++) {
          expectEqual(set.covering(gid), naive.covering(gid));
          expectEqual(applicableDiffList(set, S(gid)), naive.chain(S(gid)));
          expectEqual(set.firstAt(gid), naive.first(gid));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('answers alike with many diffs, in every order of insertion', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), fc.integer({ min: 600, max: 1800 }), (stream, n) => {
        const next = (bound: number) => Number(stream.next().value) % bound;
        const set = new DiffSet();
        const naive = new NaiveDiffSet();
        for (let i = 0; i < n; i++) {
          const begin = next(800);
          const diff = makeDiff(begin, begin + 1 + next(next(20) === 0 ? 800 : 8));
          if (!set.exists(diff)) for (const s of [set, naive]) s.add(diff);
          if (next(3) === 0 && set.size > 0) {
            const all = naive.all();
            const gone = all[next(all.length)];
            expectEqual(set.erase(gone), naive.erase(gone));
          }
          if (next(400) === 0) {
            const gid = next(800);
            expectEqual(set.gcRange(gid, gid + 40), naive.gcRange(gid, gid + 40));
          }
        }
        const compare = () => {
          expectEqual(set.getAll(), naive.all());
          expectEqual(set.diffWithMaxGid(), naive.all().at(-1) ?? null);
          for (let gid = 0; gid < 1600; gid += 37) {
            expectEqual(set.covering(gid), naive.covering(gid));
            expectEqual(set.firstAt(gid), naive.first(gid));
            expectEqual(set.getAll(gid, gid + 100), naive.all(gid, gid + 100));
          }
        };
        compare();
        // Some orders of erasing leave small chunks before, some behind the one that shrinks.
        const order = next(3);
        const doomed = set.getAll().filter(() => next(10) > 0);
        if (order === 1) doomed.reverse();
        if (order === 2) doomed.sort((a, b) => (a.snapB.gidB! % 97) - (b.snapB.gidB! % 97));
        for (const diff of doomed) expectEqual(set.erase(diff), naive.erase(diff));
        compare();
        expectEqual(set.eraseBeforeGid(300), naive.eraseBefore(300));
        compare();
      }),
      { numRuns: 10 },
    );
  });

  it('answers alike where a range goes that leaves a few diffs of one chunk and a few of the next', () => {
    const set = new DiffSet();
    const naive = new NaiveDiffSet();
    for (let gid = 0; gid < 1500; gid++) for (const s of [set, naive]) s.add(makeDiff(gid, gid + 1));
    expectEqual(set.gcRange(10, 480), naive.gcRange(10, 480));
    // What comes behind goes where what is left ends.
    for (const s of [set, naive]) s.add(makeDiff(10, 480));
    expectEqual(set.getAll(), naive.all());
    for (const gid of [0, 9, 10, 300, 479, 480, 500, 511, 512, 1499]) {
      expectEqual(set.firstAt(gid), naive.first(gid));
      expectEqual(set.covering(gid), naive.covering(gid));
    }
  });

  it('follows a growing chain that is merged, cleaned up and cut for a thousand rounds', () => {
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (stream) => {
        const next = (bound: number) => Number(stream.next().value) % bound;
        const set = new DiffSet();
        const naive = new NaiveDiffSet();
        let base = S(0);
        for (let gid = 0; gid < 1000; gid++) {
          for (const s of [set, naive]) s.add(D(gid, gid + 1));
          const chain = applicableDiffList(set, base);
          expectEqual(chain, naive.chain(base));
          if (chain.length > 8 && next(4) === 0) {
            const from = next(chain.length - 1);
            const merged = mergeDiffs(chain.slice(from, from + 2 + next(chain.length - from - 1)));
            if (!set.exists(merged)) for (const s of [set, naive]) s.add(merged);
          }
          if (next(10) === 0) expectEqual(collectGarbage(set, base), naive.gc(base));
          if (chain.length > 20 && next(3) === 0) {
            const now = applicableDiffList(set, base);
            const end = now[next(Math.min(3, now.length))].snapE.gidB;
            expectEqual(set.eraseBeforeGid(end), naive.eraseBefore(end!));
            base = S(end);
          }
          expectEqual(set.getAll(), naive.all());
          expectEqual(set.covering(gid), naive.covering(gid));
        }
        expect(applicableDiffList(set, base).at(-1)!.snapE.gidB).toBe(1000);
      }),
      { numRuns: 3 },
    );
  });
});
