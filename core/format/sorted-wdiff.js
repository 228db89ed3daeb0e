/**
 * Packs of the sorted wdiff format: a header block of up to 127 records, then their stored data. Packs are
 * also what the servers send each other. See docs/formats.md, "Sorted wdiff".
 */
import { FormatError } from '../errors.js';
import { MIB } from '../units.js';
import { checkRange, getU64Number, setU64, viewOf } from './binary.js';
import { checksum } from './checksum.js';
import { checkBlockRange, checkStoredSize, compressionNumber, compressionOfNumber, endLb, flagsOfKind, kindOfFlags, } from './wdiff-record.js';
/** Size of a pack header; the data of the pack follow. */
export const PACK_HEADER_BYTES = 4096;
/** Records that fit a pack header. */
export const MAX_PACK_RECORDS = 127;
/** Stored data of a pack, unless it holds a single larger record. */
export const MAX_PACK_DATA_BYTES = 32 * MIB;
const PACK_RECORD_BYTES = 32;
const FLAG_END = 1;
const MAX_U32 = 0xffff_ffff;
/** Byte offsets inside the header block. */
const AT = { checksum: 0, recordCount: 4, flags: 6, totalSizeBytes: 8, records: 16 };
/** Byte offsets inside a record. */
const RECORD_AT = {
    addressLb: 0,
    sizeLb: 8,
    flags: 12,
    compression: 13,
    dataOffsetBytes: 16,
    dataSizeBytes: 20,
    checksum: 24,
};
/**
 * Whether a record of `dataSizeBytes` may join a pack of `recordCount` records and `totalSizeBytes` of data;
 * anything fits an empty pack.
 */
export function fitsPack(recordCount, totalSizeBytes, dataSizeBytes) {
    if (recordCount === 0)
        return true;
    return recordCount < MAX_PACK_RECORDS && totalSizeBytes + dataSizeBytes <= MAX_PACK_DATA_BYTES;
}
/**
 * The 4096 bytes of a pack header, checksum set. The records must stand one behind the other, in the file and
 * in the address space; else FormatError. Only the end pack has no records, and it has none.
 */
export function encodePackHeader(records, options) {
    const end = options?.end === true;
    const totalSizeBytes = checkPack(records, end);
    const block = new Uint8Array(PACK_HEADER_BYTES);
    const view = viewOf(block);
    view.setUint16(AT.recordCount, records.length, true);
    view.setUint8(AT.flags, end ? FLAG_END : 0);
    view.setUint32(AT.totalSizeBytes, totalSizeBytes, true);
    let at = AT.records;
    for (const record of records) {
        setU64(view, at + RECORD_AT.addressLb, record.addressLb, 'the address of a wdiff record');
        view.setUint32(at + RECORD_AT.sizeLb, record.sizeLb, true);
        view.setUint8(at + RECORD_AT.flags, flagsOfKind(record.kind));
        const compression = record.kind === 'normal' ? compressionNumber(record.compression) : 0;
        view.setUint8(at + RECORD_AT.compression, compression);
        view.setUint32(at + RECORD_AT.dataOffsetBytes, record.dataOffsetBytes, true);
        view.setUint32(at + RECORD_AT.dataSizeBytes, record.dataSizeBytes, true);
        view.setUint32(at + RECORD_AT.checksum, record.checksum, true);
        at += PACK_RECORD_BYTES;
    }
    view.setUint32(AT.checksum, checksum(block, 0), true);
    return block;
}
/** The block that ends a sorted wdiff. A constant: hand out copies (`END_PACK.slice()`). */
export const END_PACK = encodePackHeader([], { end: true });
/**
 * Decodes the 4096 bytes of a pack header. Throws FormatError unless valid: checksum, every record, data
 * without gaps, addresses ascending, sizes that add up; records unless it is the end pack, else none.
 */
export function decodePackHeader(block) {
    const { checksumIsValid, recordCount, totalSizeBytes, end } = probePackHeader(block);
    if (!checksumIsValid)
        throw new FormatError('DiffPackHeader:invalid checksum', AT.checksum);
    if (recordCount > MAX_PACK_RECORDS) {
        throw new FormatError(`invalid n_records: a pack must have at most ${MAX_PACK_RECORDS} records, got ${recordCount}`, AT.recordCount);
    }
    const view = viewOf(block);
    const records = [];
    for (let i = 0, at = AT.records; i < recordCount; i++, at += PACK_RECORD_BYTES) {
        records.push(decodePackRecord(view, at));
    }
    const sumBytes = checkPack(records, end);
    if (sumBytes !== totalSizeBytes) {
        throw new FormatError(`the records of a pack must store the ${totalSizeBytes} bytes that its header says, got ${sumBytes}`, AT.totalSizeBytes);
    }
    return { records, totalSizeBytes, end };
}
export function probePackHeader(block) {
    if (block.length !== PACK_HEADER_BYTES) {
        throw new FormatError(`a pack header must have ${PACK_HEADER_BYTES} bytes, got ${block.length}`);
    }
    const view = viewOf(block);
    return {
        checksum: view.getUint32(AT.checksum, true),
        checksumIsValid: checksum(block, 0) === 0,
        recordCount: view.getUint16(AT.recordCount, true),
        totalSizeBytes: view.getUint32(AT.totalSizeBytes, true),
        end: (view.getUint8(AT.flags) & FLAG_END) !== 0,
    };
}
function decodePackRecord(view, at) {
    const kind = kindOfFlags(view.getUint8(at + RECORD_AT.flags), at + RECORD_AT.flags);
    return {
        addressLb: getU64Number(view, at + RECORD_AT.addressLb, 'the address of a wdiff record'),
        sizeLb: view.getUint32(at + RECORD_AT.sizeLb, true),
        kind,
        compression: kind === 'normal'
            ? compressionOfNumber(view.getUint8(at + RECORD_AT.compression), at + RECORD_AT.compression)
            : 'none',
        dataOffsetBytes: view.getUint32(at + RECORD_AT.dataOffsetBytes, true),
        dataSizeBytes: view.getUint32(at + RECORD_AT.dataSizeBytes, true),
        checksum: view.getUint32(at + RECORD_AT.checksum, true),
    };
}
/** The rules that the records of a pack must keep, whether read or to be written. Returns the bytes they store. */
function checkPack(records, end) {
    if (end !== (records.length === 0)) {
        throw new FormatError(end ? 'the end pack must have no records' : 'a pack must have records or be the end pack', AT.recordCount);
    }
    if (records.length > MAX_PACK_RECORDS) {
        throw new FormatError(`a pack must have at most ${MAX_PACK_RECORDS} records`, AT.recordCount);
    }
    let totalSizeBytes = 0;
    let previousEndLb = 0;
    let at = AT.records;
    for (const record of records) {
        checkBlockRange(record.addressLb, record.sizeLb, at);
        checkStoredSize(record, record.sizeLb, at);
        checkRange(record.checksum, 0, MAX_U32, 'the checksum of a wdiff record', at + RECORD_AT.checksum);
        if (record.addressLb < previousEndLb) {
            throw new FormatError('Invalid wdiff: IOs must be sorted and not overlapped each other.', at);
        }
        if (record.dataOffsetBytes !== totalSizeBytes) {
            throw new FormatError(`data offset invalid: it must be ${totalSizeBytes}, got ${record.dataOffsetBytes}`, at + RECORD_AT.dataOffsetBytes);
        }
        totalSizeBytes += record.dataSizeBytes;
        previousEndLb = endLb(record);
        at += PACK_RECORD_BYTES;
    }
    if (totalSizeBytes > MAX_U32) {
        throw new FormatError('the records of a pack must store less than 4 GiB', AT.totalSizeBytes);
    }
    return totalSizeBytes;
}
