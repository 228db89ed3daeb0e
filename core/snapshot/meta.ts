import { FormatError } from '../errors.ts';
import { u64Text } from '../format/binary.ts';
import type { Gid, Lsid, UnixTimeS } from '../units.ts';

/**
 * Snapshots, diffs and states: plain immutable values, and what makes one well formed.
 *
 * A gid that is `null` has no value: 2^64-1 in files, on the wire and in texts. It is greater than every
 * other gid. What the values mean is told in docs/snapshots.md.
 */

/** `|gidB|` (clean, gidB = gidE) or `|gidB,gidE|` (dirty: each block is from some time in gidB..gidE). */
export interface MetaSnap {
  readonly gidB: Gid | null;
  readonly gidE: Gid | null;
}

/** `|B|-->|E|`: what turns snapshot B into snapshot E. Its identity is `snapB` and `snapE` alone. */
export interface MetaDiff {
  /** May be merged onto its predecessor: the snapshot where it begins need not be kept. */
  readonly isMergeable: boolean;
  /** Made by comparing two images: never merged, applied only exactly where it begins. */
  readonly isCompDiff: boolean;
  /** Time of snapE. */
  readonly timestamp: UnixTimeS;
  readonly snapB: MetaSnap;
  readonly snapE: MetaSnap;
  /** Size of the wdiff file, 0 where unknown. */
  readonly dataSizeBytes: number;
}

/** State of a base image: at snapB, or while `isApplying` somewhere between snapB and snapE. */
export interface MetaState {
  readonly isApplying: boolean;
  /** Time of snapB, or of snapE while applying. */
  readonly timestamp: UnixTimeS;
  readonly snapB: MetaSnap;
  /** Without meaning unless `isApplying`. */
  readonly snapE: MetaSnap;
  /** Listings only, never saved: the operator asked to keep this snapshot. */
  readonly isExplicit?: boolean;
}

/** A point of a volume's log that is or will be a snapshot. */
export interface MetaLsidGid {
  readonly isMergeable: boolean;
  readonly timestamp: UnixTimeS;
  readonly lsid: Lsid | null;
  readonly gid: Gid | null;
}

/** The snapshot without value, `|18446744073709551615|`. */
export const NO_SNAP: MetaSnap = Object.freeze({ gidB: null, gidE: null });

/** State of an image of which nothing is known: what an archive writes for a new volume. */
export const NO_STATE: MetaState = Object.freeze({
  isApplying: false,
  timestamp: 0,
  snapB: NO_SNAP,
  snapE: NO_SNAP,
});

/** The log position of a volume that was never backed up. */
export const NO_LSID_GID: MetaLsidGid = Object.freeze({
  isMergeable: false,
  timestamp: 0,
  lsid: null,
  gid: null,
});

/** A number that orders gids as the format does: no value is the greatest. */
export function gidOrder(gid: Gid | null): number {
  return gid === null ? Number.POSITIVE_INFINITY : gid;
}

/** The greater of two gids. */
export function maxGid(a: Gid | null, b: Gid | null): Gid | null {
  return gidOrder(a) >= gidOrder(b) ? a : b;
}

/** A clean snapshot, or a dirty one when `gidE` is given and differs. Throws FormatError if gidB > gidE. */
export function makeSnap(gidB: Gid | null, gidE: Gid | null = gidB): MetaSnap {
  const snap = { gidB, gidE };
  verifySnap(snap);
  return snap;
}

/** What a diff may be told beside its ends; everything defaults to false or 0. */
export type DiffTraits = Partial<Omit<MetaDiff, 'snapB' | 'snapE'>>;

/** A diff between two snapshots (or clean snapshots by gid). Throws FormatError unless it progresses. */
export function makeDiff(begin: MetaSnap | Gid, end: MetaSnap | Gid, traits: DiffTraits = {}): MetaDiff {
  const diff = {
    isMergeable: traits.isMergeable ?? false,
    isCompDiff: traits.isCompDiff ?? false,
    timestamp: traits.timestamp ?? 0,
    snapB: typeof begin === 'number' ? makeSnap(begin) : begin,
    snapE: typeof end === 'number' ? makeSnap(end) : end,
    dataSizeBytes: traits.dataSizeBytes ?? 0,
  };
  verifyDiff(diff);
  return diff;
}

/** `<snap>`: the image is at `snap`, which is of time `timestamp`. */
export function makeState(snap: MetaSnap, timestamp: UnixTimeS = 0): MetaState {
  return { isApplying: false, timestamp, snapB: snap, snapE: snap };
}

/** `<snapB-->snapE>`: the image is on its way. Throws FormatError unless it progresses. */
export function makeApplyingState(snapB: MetaSnap, snapE: MetaSnap, timestamp: UnixTimeS = 0): MetaState {
  const state = { isApplying: true, timestamp, snapB, snapE };
  verifyState(state);
  return state;
}

/** Throws FormatError if gidB > gidE. */
export function verifySnap(snap: MetaSnap): void {
  if (gidOrder(snap.gidB) <= gidOrder(snap.gidE)) return;
  throw new FormatError(`MetaSnap::check:must be gidB <= gidE:${u64Text(snap.gidB)}:${u64Text(snap.gidE)}`);
}

/** Which rule of progress a diff breaks (`B`: gidB must grow; `E`: gidE must not shrink), or null. */
export function brokenProgress(diff: MetaDiff): 'B' | 'E' | null {
  if (gidOrder(diff.snapB.gidB) >= gidOrder(diff.snapE.gidB)) return 'B';
  if (gidOrder(diff.snapB.gidE) > gidOrder(diff.snapE.gidE)) return 'E';
  return null;
}

/** Throws FormatError unless both ends are well formed and the diff progresses. */
export function verifyDiff(diff: MetaDiff): void {
  verifySnap(diff.snapB);
  verifySnap(diff.snapE);
  const broken = brokenProgress(diff);
  if (broken === null) return;
  throw new FormatError(
    `MetaDiff::broken progress constraint for ${broken}:${snapToText(diff.snapB)}:${snapToText(diff.snapE)}`,
  );
}

/** Throws FormatError unless the snapshots are well formed and an applying state progresses. */
export function verifyState(state: MetaState): void {
  verifySnap(state.snapB);
  verifySnap(state.snapE);
  if (!state.isApplying || gidOrder(state.snapB.gidB) < gidOrder(state.snapE.gidB)) return;
  throw new FormatError(
    `MetaState::broken progress constraint:${snapToText(state.snapB)}:${snapToText(state.snapE)}`,
  );
}

/** All blocks of the snapshot are of one time. */
export function isCleanSnap(snap: MetaSnap): boolean {
  return snap.gidB === snap.gidE;
}

/** Both ends are clean. Only a diff made by comparing images is not. */
export function isCleanDiff(diff: MetaDiff): boolean {
  return isCleanSnap(diff.snapB) && isCleanSnap(diff.snapE);
}

/** Whether both ends are the same. */
export function snapEquals(a: MetaSnap, b: MetaSnap): boolean {
  return a.gidB === b.gidB && a.gidE === b.gidE;
}

/** Same ends. Flags, time and size are no part of a diff's identity. */
export function diffEquals(a: MetaDiff, b: MetaDiff): boolean {
  return snapEquals(a.snapB, b.snapB) && snapEquals(a.snapE, b.snapE);
}

/** Same place of the image. Times are not compared, nor snapE unless applying. */
export function stateEquals(a: MetaState, b: MetaState): boolean {
  if (a.isApplying !== b.isApplying || !snapEquals(a.snapB, b.snapB)) return false;
  return !a.isApplying || snapEquals(a.snapE, b.snapE);
}

/** `|5|` when clean, `|5,7|` when dirty. */
export function snapToText(snap: MetaSnap): string {
  return isCleanSnap(snap) ? `|${u64Text(snap.gidB)}|` : `|${u64Text(snap.gidB)},${u64Text(snap.gidE)}|`;
}

/** `|0|-->|1|`: the ends of a diff, its identity. */
export function diffToText(diff: MetaDiff): string {
  return `${snapToText(diff.snapB)}-->${snapToText(diff.snapE)}`;
}

/** `<|3|>`, or `<|3|-->|5|>` while applying. */
export function stateToText(state: MetaState): string {
  const end = state.isApplying ? `-->${snapToText(state.snapE)}` : '';
  return `<${snapToText(state.snapB)}${end}>`;
}
