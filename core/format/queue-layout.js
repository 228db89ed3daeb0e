import { FormatError } from '../errors.js';
import { getU64, setU64, viewOf } from './binary.js';
import { checksum } from './checksum.js';
/**
 * The bytes of a queue file: two copies of a header, then the record area. All integers are fixed width,
 * little endian. See docs/snapshots.md, "Queue file".
 */
/** Begins headers and records. */
const PREAMBLE = 0x119d_83a7;
const MAX_U32 = 0xffff_ffff;
const HEADER = { preamble: 0, checksum: 4, salt: 8, beginOffset: 12, endOffset: 20, sizeBytes: 28 };
const RECORD = { preamble: 0, checksum: 4, dataSize: 8, toPrev: 12, sizeBytes: 16 };
/** Size of the header before each record, and of the stub after the last one. */
export const RECORD_HEADER_BYTES = RECORD.sizeBytes;
/** Where the record area begins in the file. */
export const RECORD_AREA_OFFSET = 2 * HEADER.sizeBytes;
/** A file of a queue without records needs this much. */
export const MIN_QUEUE_FILE_BYTES = RECORD_AREA_OFFSET + RECORD_HEADER_BYTES;
/** Where a header copy stands in the file. */
export function headerOffset(copy) {
    return copy * HEADER.sizeBytes;
}
export function encodeQueueHeader(header) {
    const bytes = new Uint8Array(HEADER.sizeBytes);
    const view = viewOf(bytes);
    view.setUint32(HEADER.preamble, PREAMBLE, true);
    view.setUint32(HEADER.salt, header.salt, true);
    setU64(view, HEADER.beginOffset, header.beginOffset, 'beginOffset of a queue');
    setU64(view, HEADER.endOffset, header.endOffset, 'endOffset of a queue');
    view.setUint32(HEADER.checksum, checksum(bytes, 0), true);
    return bytes;
}
/** A header copy of a whole file, or null unless it is intact and points into the file. */
export function decodeQueueHeader(file, copy) {
    if (file.length < MIN_QUEUE_FILE_BYTES)
        return null;
    const bytes = file.subarray(headerOffset(copy), headerOffset(copy) + HEADER.sizeBytes);
    const view = viewOf(bytes);
    if (view.getUint32(HEADER.preamble, true) !== PREAMBLE || checksum(bytes, 0) !== 0)
        return null;
    const header = {
        salt: view.getUint32(HEADER.salt, true),
        beginOffset: offsetAt(view, HEADER.beginOffset),
        endOffset: offsetAt(view, HEADER.endOffset),
    };
    const isInside = header.endOffset + MIN_QUEUE_FILE_BYTES <= file.length;
    return header.beginOffset <= header.endOffset && isInside ? header : null;
}
/** Too large offsets are outside of every file, so they need no precision. */
function offsetAt(view, at) {
    if (view.getUint32(at + 4, true) > 0xffff)
        return Number.POSITIVE_INFINITY;
    return getU64(view, at, 'an offset of a queue') ?? Number.POSITIVE_INFINITY;
}
/** Largest record, so that the distances fit their fields. */
export const MAX_RECORD_BYTES = MAX_U32 - RECORD_HEADER_BYTES;
export function encodeRecordHeader(header) {
    const bytes = new Uint8Array(RECORD.sizeBytes);
    const view = viewOf(bytes);
    view.setUint32(RECORD.preamble, PREAMBLE, true);
    view.setUint32(RECORD.checksum, header.checksum, true);
    view.setUint32(RECORD.dataSize, header.dataBytes, true);
    view.setUint32(RECORD.toPrev, header.toPrevBytes, true);
    return bytes;
}
/** The record header at an offset of the record area; the caller has checked that it lies in the file. */
export function decodeStub(file, offset) {
    const view = viewOf(file.subarray(RECORD_AREA_OFFSET + offset));
    return {
        checksum: view.getUint32(RECORD.checksum, true),
        dataBytes: view.getUint32(RECORD.dataSize, true),
        toPrevBytes: view.getUint32(RECORD.toPrev, true),
    };
}
/**
 * The record at an offset of the record area that must end at or before `endOffset`; its data is a copy.
 * Throws FormatError, with the offset in the file, unless preamble, size and checksum are right.
 */
export function decodeRecord(file, offset, header) {
    const at = RECORD_AREA_OFFSET + offset;
    const left = header.endOffset - offset - RECORD.sizeBytes;
    if (left < 0)
        throw new FormatError('a queue record must end where the queue ends', at);
    if (viewOf(file).getUint32(at + RECORD.preamble, true) !== PREAMBLE) {
        throw new FormatError('a queue record must begin with its preamble', at);
    }
    const found = decodeStub(file, offset);
    if (found.dataBytes > left) {
        throw new FormatError(`a queue record of at most ${left} bytes expected, got ${found.dataBytes}`, at);
    }
    const dataAt = at + RECORD.sizeBytes;
    const data = file.slice(dataAt, dataAt + found.dataBytes);
    if (checksum(data, header.salt) !== found.checksum) {
        throw new FormatError('a queue record must have the checksum of its data', at);
    }
    return { data, toPrevBytes: found.toPrevBytes };
}
