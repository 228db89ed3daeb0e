import { FormatError } from '../errors.js';
import { Reader, Writer } from '../format/serializer.js';
import { verifyDiff, verifySnap, verifyState } from './meta.js';
/**
 * Snapshots, diffs, states and log positions as bytes, in files and on the wire: a 16-bit preamble, then the
 * fields in order, see docs/snapshots.md, "Bytes". Reading checks that the value is well formed and throws
 * FormatError otherwise, with the offset where the value began.
 */
const PREAMBLES = {
    MetaSnap: 0x0311,
    MetaDiff: 0x0312,
    MetaState: 0x0313,
    MetaLsidGid: 0x0314,
};
function readPreamble(r, type) {
    const at = r.offset;
    const found = r.u16();
    if (found !== PREAMBLES[type])
        throw new FormatError(`${type}::check:wrong preamble:${found}`, at);
}
/** Runs a check of a value that was read and gives its error the offset where the value began. */
function checkedAt(value, verify, at) {
    try {
        verify(value);
    }
    catch (error) {
        if (error instanceof FormatError)
            throw new FormatError(error.message, at);
        throw error;
    }
    return value;
}
export function writeMetaSnap(w, snap) {
    w.u16(PREAMBLES.MetaSnap);
    w.u64(snap.gidB);
    w.u64(snap.gidE);
}
export function readMetaSnap(r) {
    const at = r.offset;
    readPreamble(r, 'MetaSnap');
    return checkedAt({ gidB: r.u64(), gidE: r.u64() }, verifySnap, at);
}
export function writeMetaDiff(w, diff) {
    w.u16(PREAMBLES.MetaDiff);
    w.bool(diff.isMergeable);
    w.bool(diff.isCompDiff);
    w.u64(diff.timestamp);
    writeMetaSnap(w, diff.snapB);
    writeMetaSnap(w, diff.snapE);
    w.u64(diff.dataSizeBytes);
}
export function readMetaDiff(r) {
    const at = r.offset;
    readPreamble(r, 'MetaDiff');
    const diff = {
        isMergeable: r.bool(),
        isCompDiff: r.bool(),
        timestamp: r.u64Number(),
        snapB: readMetaSnap(r),
        snapE: readMetaSnap(r),
        dataSizeBytes: r.u64Number(),
    };
    return checkedAt(diff, verifyDiff, at);
}
/** Smallest size of a diff in bytes, which bounds how many a message can hold. */
const MIN_DIFF_BYTES = 14;
/** A count, then the diffs. */
export function writeMetaDiffs(w, diffs) {
    w.u64(diffs.length);
    for (const diff of diffs)
        writeMetaDiff(w, diff);
}
export function readMetaDiffs(r) {
    const at = r.offset;
    const count = r.u64Number();
    const most = Math.floor(r.remaining / MIN_DIFF_BYTES);
    if (count > most)
        throw new FormatError(`a list of at most ${most} diffs expected, got ${count}`, at);
    return Array.from({ length: count }, () => readMetaDiff(r));
}
/** Both snapshots are always written. */
export function writeMetaState(w, state) {
    w.u16(PREAMBLES.MetaState);
    w.bool(state.isApplying);
    w.u64(state.timestamp);
    writeMetaSnap(w, state.snapB);
    writeMetaSnap(w, state.snapE);
}
export function readMetaState(r) {
    const at = r.offset;
    readPreamble(r, 'MetaState');
    const state = {
        isApplying: r.bool(),
        timestamp: r.u64Number(),
        snapB: readMetaSnap(r),
        snapE: readMetaSnap(r),
    };
    return checkedAt(state, verifyState, at);
}
export function writeMetaLsidGid(w, position) {
    w.u16(PREAMBLES.MetaLsidGid);
    w.bool(position.isMergeable);
    w.u64(position.timestamp);
    w.u64(position.lsid);
    w.u64(position.gid);
}
export function readMetaLsidGid(r) {
    readPreamble(r, 'MetaLsidGid');
    return { isMergeable: r.bool(), timestamp: r.u64Number(), lsid: r.u64(), gid: r.u64() };
}
/** One value as the bytes of a file or of a queue record. */
export function encodeWith(write, value) {
    const w = new Writer();
    write(w, value);
    return w.finish();
}
/** One value from the bytes of a file or of a queue record; bytes after it are not looked at. */
export function decodeWith(read, bytes) {
    return read(new Reader(bytes));
}
