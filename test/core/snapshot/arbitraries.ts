import '../../fixed-seed.ts';
import fc from 'fast-check';
import { applyDiff } from '../../../core/snapshot/algebra.ts';
import type { DiffTraits, MetaDiff, MetaSnap } from '../../../core/snapshot/meta.ts';
import { brokenProgress, makeDiff, makeSnap } from '../../../core/snapshot/meta.ts';

/** `S(5)`, `S(5, 7)`: a snapshot. */
export const S = makeSnap;

/** `D(0, 1)`, `D([0, 5], [7, 10])`: a diff, mergeable unless told otherwise. */
export function D(begin: number | [number, number], end: number | [number, number], traits: DiffTraits = {}) {
  const snap = (gid: number | [number, number]) => (typeof gid === 'number' ? S(gid) : S(...gid));
  return makeDiff(snap(begin), snap(end), { isMergeable: true, ...traits });
}

/** All snapshots with gids 0..most. */
export function allSnaps(most: number): MetaSnap[] {
  const found: MetaSnap[] = [];
  for (let gidB = 0; gidB <= most; gidB++) {
    for (let gidE = gidB; gidE <= most; gidE++) found.push(S(gidB, gidE));
  }
  return found;
}

/** All well-formed diffs with gids 0..most, mergeable and not compared. */
export function allDiffs(most: number): MetaDiff[] {
  const found: MetaDiff[] = [];
  for (const snapB of allSnaps(most)) {
    for (const snapE of allSnaps(most)) {
      const diff = { ...D(0, 1), snapB, snapE };
      if (brokenProgress(diff) === null) found.push(diff);
    }
  }
  return found;
}

/** Snapshots with gids up to 12, so that relations of all kinds are frequent. */
export const anySnap = fc
  .tuple(fc.nat({ max: 12 }), fc.nat({ max: 6 }))
  .map(([gidB, more]) => S(gidB, gidB + more));

/** Well-formed diffs, mergeable and not compared. */
export const anyDiff = fc
  .tuple(anySnap, fc.integer({ min: 1, max: 6 }), fc.nat({ max: 6 }), fc.boolean(), fc.nat({ max: 100 }))
  .map(([snapB, step, more, isClean, timestamp]) => {
    const gidB = snapB.gidB! + step;
    const gidE = Math.max(gidB, isClean && snapB.gidE === snapB.gidB ? gidB : gidB + more, snapB.gidE!);
    return makeDiff(snapB, S(gidB, gidE), { isMergeable: true, timestamp });
  });

/** A history: the snapshots of a volume and the diffs between neighbours, by the two rules of docs/snapshots.md. */
export interface SnapHistory {
  readonly snaps: readonly MetaSnap[];
  readonly diffs: readonly MetaDiff[];
}

interface Move {
  readonly kind: 'log' | 'hash';
  readonly step: number;
  readonly more: number;
}

const anyMove: fc.Arbitrary<Move> = fc.record({
  kind: fc.constantFrom('log', 'log', 'hash'),
  step: fc.integer({ min: 1, max: 10 }),
  more: fc.nat({ max: 10 }),
});

/** Follows the moves from a snapshot: log diffs are clean, hash backups make whole new images. */
function follow(start: MetaSnap, moves: readonly Move[]): SnapHistory {
  const snaps = [start];
  const diffs: MetaDiff[] = [];
  moves.forEach(({ kind, step, more }, i) => {
    const at = snaps[i];
    const traits = { isMergeable: true, timestamp: 1000 + i };
    const diff =
      kind === 'log'
        ? makeDiff(S(at.gidB), S(at.gidB! + step), traits)
        : makeDiff(at, S(at.gidE! + step, at.gidE! + step + more), traits);
    diffs.push(diff);
    snaps.push(applyDiff(at, diff));
  });
  return { snaps, diffs };
}

export const anyHistory: fc.Arbitrary<SnapHistory> = fc
  .tuple(anySnap, fc.array(anyMove, { minLength: 1, maxLength: 8 }))
  .map(([start, moves]) => follow(start, moves));

/** A history whose diffs have flags of their own. */
export const anyFlaggedHistory: fc.Arbitrary<SnapHistory> = fc
  .tuple(anyHistory, fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }))
  .map(([{ snaps, diffs }, flags]) => ({
    snaps,
    diffs: diffs.map((diff, i) => ({ ...diff, isMergeable: flags[i] })),
  }));
