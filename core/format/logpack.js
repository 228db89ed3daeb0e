/**
 * Logpacks: one header block that describes up to 127 IOs, whose data follow. This file holds the header's
 * bytes; how packs are filled is in logpack-builder.ts. See docs/formats.md, "Logpack".
 */
import { FormatError } from '../errors.js';
import { LOGICAL_BLOCK_BYTES } from '../units.js';
import { checkRange, getU64, getU64Number, hex32, setU64, viewOf } from './binary.js';
import { checksum } from './checksum.js';
import { capacityPb, checkPhysicalBlockBytes } from './physical-block.js';
export { capacityPb } from './physical-block.js';
export const LOGPACK_TYPE = 0x0003;
/** Size of a log record in a logpack header. */
export const LOG_RECORD_BYTES = 32;
/** Bytes before the first record. */
const HEADER_FIXED_BYTES = 24;
/** Largest normal IO. */
export const MAX_LOG_IO_LB = 65535;
/** Most blocks of data in a pack; the header is not counted. */
export const MAX_PACK_IO_PB = 65535;
/** Byte offsets inside the header block. */
const AT = {
    checksum: 0,
    sectorType: 4,
    totalIoSizePb: 6,
    logpackLsid: 8,
    recordCount: 16,
    paddingCount: 18,
    records: HEADER_FIXED_BYTES,
};
/** Byte offsets inside a record. */
const RECORD_AT = {
    checksum: 0,
    flags: 4,
    offsetLb: 8,
    sizeLb: 16,
    lsidLocal: 20,
    lsid: 24,
};
const FLAG_EXIST = 1;
const FLAG_PADDING = 2;
const FLAG_DISCARD = 4;
const KIND_FLAGS = {
    normal: FLAG_EXIST,
    padding: FLAG_EXIST | FLAG_PADDING,
    discard: FLAG_EXIST | FLAG_DISCARD,
};
/** Records that fit in a header block: 15 for 512 bytes, 127 for 4096. */
export function maxRecords(pbs) {
    return Math.floor((pbs - HEADER_FIXED_BYTES) / LOG_RECORD_BYTES);
}
/** Whether the record takes blocks of the log: all but discards do. */
export function hasData(record) {
    return record.kind !== 'discard';
}
/** Blocks of the log that the record takes. */
export function recordSizePb(record, pbs) {
    return record.kind === 'discard' ? 0 : capacityPb(record.sizeLb, pbs);
}
/** Where the record's data begin, counted from the end of the header block. */
export function recordDataOffsetBytes(record, pbs) {
    return (record.lsidLocal - 1) * pbs;
}
/** Whether `data` (at least the record's size) is what was logged. Padding and discards always are. */
export function isRecordDataValid(record, data, salt) {
    if (record.kind !== 'normal')
        return true;
    const sizeBytes = record.sizeLb * LOGICAL_BLOCK_BYTES;
    return data.length >= sizeBytes && checksum(data.subarray(0, sizeBytes), salt) === record.checksum;
}
/** Whether the header is the end block, which ends a wlog and never stands for a pack. */
export function isEndBlock(header) {
    return header.logpackLsid === null;
}
/** Lsid of the pack after this one. Throws FormatError for an end block. */
export function nextLsid(header) {
    if (header.logpackLsid === null)
        throw new FormatError('an end block has no next lsid', AT.logpackLsid);
    if (header.records.length === 0)
        return header.logpackLsid;
    return header.logpackLsid + 1 + header.totalIoSizePb;
}
/**
 * The pack cut before record `recordIndex`, the first whose data are bad: what remains is a whole valid pack.
 * With nothing left the next lsid is that of the pack itself, and the header cannot be encoded. The checksum
 * of the result is 0 until encoded.
 */
export function shrinkLogpack(header, recordIndex) {
    const records = header.records.slice(0, recordIndex);
    // A record stands where the ones before it end.
    const cut = header.records[recordIndex];
    return {
        checksum: 0,
        totalIoSizePb: cut === undefined ? header.totalIoSizePb : cut.lsidLocal - 1,
        logpackLsid: header.logpackLsid,
        paddingCount: Math.min(header.paddingCount, records.filter((record) => record.kind === 'padding').length),
        records,
    };
}
/**
 * The header block, its checksum set. Throws FormatError unless it is valid as `decodeLogpackHeader` wants it;
 * a pack without records is never written (an end block is, see `encodeEndBlock`).
 */
export function encodeLogpackHeader(header, pbs, salt) {
    checkPhysicalBlockBytes(pbs);
    checkHeader(header, pbs);
    const block = new Uint8Array(pbs);
    const view = viewOf(block);
    view.setUint16(AT.sectorType, LOGPACK_TYPE, true);
    view.setUint16(AT.totalIoSizePb, header.totalIoSizePb, true);
    setU64(view, AT.logpackLsid, header.logpackLsid, 'the logpack lsid');
    view.setUint16(AT.recordCount, header.records.length, true);
    view.setUint16(AT.paddingCount, header.paddingCount, true);
    let at = AT.records;
    for (const record of header.records) {
        view.setUint32(at + RECORD_AT.checksum, record.checksum, true);
        view.setUint32(at + RECORD_AT.flags, KIND_FLAGS[record.kind], true);
        setU64(view, at + RECORD_AT.offsetLb, record.offsetLb, 'the offset of a log record');
        view.setUint32(at + RECORD_AT.sizeLb, record.sizeLb, true);
        view.setUint16(at + RECORD_AT.lsidLocal, record.lsidLocal, true);
        setU64(view, at + RECORD_AT.lsid, record.lsid, 'the lsid of a log record');
        at += LOG_RECORD_BYTES;
    }
    view.setUint32(AT.checksum, checksum(block, salt), true);
    return block;
}
/** The block that ends a wlog: no records, the lsid all ones. */
export function encodeEndBlock(pbs, salt) {
    return encodeLogpackHeader({ checksum: 0, totalIoSizePb: 0, logpackLsid: null, paddingCount: 0, records: [] }, pbs, salt);
}
/**
 * Whether the block that begins at byte `at` says that it is the header of the pack at `lsid`: a cheap look, for
 * callers that search many blocks for few packs. Only decoding tells whether it is a valid one.
 */
export function claimsLogpackAt(blocks, at, lsid) {
    return (blocks.getUint16(at + AT.sectorType, true) === LOGPACK_TYPE &&
        blocks.getUint32(at + AT.logpackLsid, true) === lsid % 0x1_0000_0000 &&
        blocks.getUint32(at + AT.logpackLsid + 4, true) === Math.floor(lsid / 0x1_0000_0000));
}
/**
 * Decodes a header block of one physical block. Throws FormatError unless it is a pack with at least one
 * record or an end block, with a valid checksum, and consistent in itself: every record stands where the ones
 * before it end, and together they take the blocks that the header says.
 */
export function decodeLogpackHeader(block, salt) {
    const pbs = block.length;
    checkPhysicalBlockBytes(pbs);
    const view = viewOf(block);
    const type = view.getUint16(AT.sectorType, true);
    if (type !== LOGPACK_TYPE) {
        throw new FormatError(`a logpack header must have sector type ${LOGPACK_TYPE}, got ${type}`, AT.sectorType);
    }
    const recordCount = view.getUint16(AT.recordCount, true);
    if (recordCount > maxRecords(pbs)) {
        throw new FormatError(`a logpack of ${pbs}-byte blocks must have at most ${maxRecords(pbs)} records, got ${recordCount}`, AT.recordCount);
    }
    const sum = checksum(block, salt);
    if (sum !== 0) {
        throw new FormatError(`a logpack header must have a valid checksum, it is off by ${hex32(sum)}`, AT.checksum);
    }
    const records = [];
    for (let i = 0, at = AT.records; i < recordCount; i++, at += LOG_RECORD_BYTES) {
        records.push(decodeRecord(view, at));
    }
    const header = {
        checksum: view.getUint32(AT.checksum, true),
        totalIoSizePb: view.getUint16(AT.totalIoSizePb, true),
        logpackLsid: getU64(view, AT.logpackLsid, 'the logpack lsid'),
        paddingCount: view.getUint16(AT.paddingCount, true),
        records,
    };
    checkHeader(header, pbs);
    return header;
}
function decodeRecord(view, at) {
    const flags = view.getUint32(at + RECORD_AT.flags, true);
    return {
        kind: kindOfFlags(flags, at + RECORD_AT.flags),
        checksum: view.getUint32(at + RECORD_AT.checksum, true),
        offsetLb: getU64Number(view, at + RECORD_AT.offsetLb, 'the offset of a log record'),
        sizeLb: view.getUint32(at + RECORD_AT.sizeLb, true),
        lsidLocal: view.getUint16(at + RECORD_AT.lsidLocal, true),
        lsid: getU64Number(view, at + RECORD_AT.lsid, 'the lsid of a log record'),
    };
}
function kindOfFlags(flags, at) {
    const padding = (flags & FLAG_PADDING) !== 0;
    const discard = (flags & FLAG_DISCARD) !== 0;
    if ((flags & FLAG_EXIST) === 0 || (padding && discard)) {
        throw new FormatError(`a log record must exist and be padding or discard or none, got flags ${flags}`, at);
    }
    return padding ? 'padding' : discard ? 'discard' : 'normal';
}
/** The rules that a header must keep, whether read or to be written. */
function checkHeader(header, pbs) {
    const { records, logpackLsid, totalIoSizePb, paddingCount } = header;
    if (records.length === 0) {
        if (logpackLsid !== null || totalIoSizePb !== 0 || paddingCount !== 0) {
            throw new FormatError('a logpack without records must be an end block', AT.recordCount);
        }
        return;
    }
    if (records.length > maxRecords(pbs)) {
        throw new FormatError(`a logpack must have at most ${maxRecords(pbs)} records`, AT.recordCount);
    }
    if (logpackLsid === null || !Number.isSafeInteger(logpackLsid + 1 + totalIoSizePb)) {
        throw new FormatError('a logpack with records must have an lsid below 2^53', AT.logpackLsid);
    }
    checkRange(totalIoSizePb, 0, MAX_PACK_IO_PB, 'the size of a logpack', AT.totalIoSizePb);
    // More paddings than the count says occur: a tool that neutralizes records does not count them.
    checkRange(paddingCount, 0, 1, 'the padding count of a logpack', AT.paddingCount);
    let sizePb = 0;
    for (let i = 0; i < records.length; i++) {
        const at = AT.records + i * LOG_RECORD_BYTES;
        checkRecord(records[i], logpackLsid, 1 + sizePb, at);
        sizePb += recordSizePb(records[i], pbs);
    }
    if (sizePb !== totalIoSizePb) {
        throw new FormatError(`the records of a logpack must take the ${totalIoSizePb} blocks that its header says, got ${sizePb}`, AT.totalIoSizePb);
    }
}
function checkRecord(record, logpackLsid, lsidLocal, at) {
    const minLb = record.kind === 'padding' ? 0 : 1;
    const maxLb = record.kind === 'discard' ? 0xffff_ffff : MAX_LOG_IO_LB;
    checkRange(record.sizeLb, minLb, maxLb, 'the size of a log record', at + RECORD_AT.sizeLb);
    checkRange(record.checksum, 0, 0xffff_ffff, 'the checksum of a log record', at + RECORD_AT.checksum);
    if (!Number.isSafeInteger(record.offsetLb + record.sizeLb) || record.offsetLb < 0) {
        throw new FormatError('a log record must end below block 2^53', at + RECORD_AT.offsetLb);
    }
    if (record.lsidLocal !== lsidLocal || lsidLocal > 0xffff || record.lsid !== logpackLsid + lsidLocal) {
        throw new FormatError(`a log record must stand behind the ones before it, at ${logpackLsid} + ${lsidLocal}, got lsid ${record.lsid} local ${record.lsidLocal}`, at + RECORD_AT.lsid);
    }
}
