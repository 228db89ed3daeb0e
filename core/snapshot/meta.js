import { FormatError } from '../errors.js';
import { u64Text } from '../format/binary.js';
/** The snapshot without value, `|18446744073709551615|`. */
export const NO_SNAP = Object.freeze({ gidB: null, gidE: null });
/** State of an image of which nothing is known: what an archive writes for a new volume. */
export const NO_STATE = Object.freeze({
    isApplying: false,
    timestamp: 0,
    snapB: NO_SNAP,
    snapE: NO_SNAP,
});
/** The log position of a volume that was never backed up. */
export const NO_LSID_GID = Object.freeze({
    isMergeable: false,
    timestamp: 0,
    lsid: null,
    gid: null,
});
/** A number that orders gids as the format does: no value is the greatest. */
export function gidOrder(gid) {
    return gid === null ? Number.POSITIVE_INFINITY : gid;
}
/** The greater of two gids. */
export function maxGid(a, b) {
    return gidOrder(a) >= gidOrder(b) ? a : b;
}
/** A clean snapshot, or a dirty one when `gidE` is given and differs. Throws FormatError if gidB > gidE. */
export function makeSnap(gidB, gidE = gidB) {
    const snap = { gidB, gidE };
    verifySnap(snap);
    return snap;
}
/** A diff between two snapshots (or clean snapshots by gid). Throws FormatError unless it progresses. */
export function makeDiff(begin, end, traits = {}) {
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
export function makeState(snap, timestamp = 0) {
    return { isApplying: false, timestamp, snapB: snap, snapE: snap };
}
/** `<snapB-->snapE>`: the image is on its way. Throws FormatError unless it progresses. */
export function makeApplyingState(snapB, snapE, timestamp = 0) {
    const state = { isApplying: true, timestamp, snapB, snapE };
    verifyState(state);
    return state;
}
/** Throws FormatError if gidB > gidE. */
export function verifySnap(snap) {
    if (gidOrder(snap.gidB) <= gidOrder(snap.gidE))
        return;
    throw new FormatError(`MetaSnap::check:must be gidB <= gidE:${u64Text(snap.gidB)}:${u64Text(snap.gidE)}`);
}
/** Which rule of progress a diff breaks (`B`: gidB must grow; `E`: gidE must not shrink), or null. */
export function brokenProgress(diff) {
    if (gidOrder(diff.snapB.gidB) >= gidOrder(diff.snapE.gidB))
        return 'B';
    if (gidOrder(diff.snapB.gidE) > gidOrder(diff.snapE.gidE))
        return 'E';
    return null;
}
/** Throws FormatError unless both ends are well formed and the diff progresses. */
export function verifyDiff(diff) {
    verifySnap(diff.snapB);
    verifySnap(diff.snapE);
    const broken = brokenProgress(diff);
    if (broken === null)
        return;
    throw new FormatError(`MetaDiff::broken progress constraint for ${broken}:${snapToText(diff.snapB)}:${snapToText(diff.snapE)}`);
}
/** Throws FormatError unless the snapshots are well formed and an applying state progresses. */
export function verifyState(state) {
    verifySnap(state.snapB);
    verifySnap(state.snapE);
    if (!state.isApplying || gidOrder(state.snapB.gidB) < gidOrder(state.snapE.gidB))
        return;
    throw new FormatError(`MetaState::broken progress constraint:${snapToText(state.snapB)}:${snapToText(state.snapE)}`);
}
/** All blocks of the snapshot are of one time. */
export function isCleanSnap(snap) {
    return snap.gidB === snap.gidE;
}
/** Both ends are clean. Only a diff made by comparing images is not. */
export function isCleanDiff(diff) {
    return isCleanSnap(diff.snapB) && isCleanSnap(diff.snapE);
}
/** Whether both ends are the same. */
export function snapEquals(a, b) {
    return a.gidB === b.gidB && a.gidE === b.gidE;
}
/** Same ends. Flags, time and size are no part of a diff's identity. */
export function diffEquals(a, b) {
    return snapEquals(a.snapB, b.snapB) && snapEquals(a.snapE, b.snapE);
}
/** Same place of the image. Times are not compared, nor snapE unless applying. */
export function stateEquals(a, b) {
    if (a.isApplying !== b.isApplying || !snapEquals(a.snapB, b.snapB))
        return false;
    return !a.isApplying || snapEquals(a.snapE, b.snapE);
}
/** `|5|` when clean, `|5,7|` when dirty. */
export function snapToText(snap) {
    return isCleanSnap(snap) ? `|${u64Text(snap.gidB)}|` : `|${u64Text(snap.gidB)},${u64Text(snap.gidE)}|`;
}
/** `|0|-->|1|`: the ends of a diff, its identity. */
export function diffToText(diff) {
    return `${snapToText(diff.snapB)}-->${snapToText(diff.snapE)}`;
}
/** `<|3|>`, or `<|3|-->|5|>` while applying. */
export function stateToText(state) {
    const end = state.isApplying ? `-->${snapToText(state.snapE)}` : '';
    return `<${snapToText(state.snapB)}${end}>`;
}
