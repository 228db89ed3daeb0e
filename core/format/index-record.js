/**
 * Records of the index of an indexed wdiff: each is a piece of a stored image. See docs/formats.md,
 * "Indexed wdiff".
 */
import { FormatError } from '../errors.js';
import { checkU32, getU64Number, setU64, viewOf } from './binary.js';
import { checksumOfWords } from './checksum.js';
import { WDIFF_HEADER_BYTES } from './wdiff-header.js';
import { checkBlockRange, checkStoredSize, compressionNumber, compressionOfNumber, flagsOfKind, kindOfFlags, } from './wdiff-record.js';
/** Size of an index record in a file. */
export const INDEX_RECORD_BYTES = 48;
/** Byte offsets inside an index record. */
const AT = {
    addressLb: 0,
    sizeLb: 8,
    flags: 12,
    compression: 13,
    reserved1: 14,
    dataOffsetBytes: 16,
    dataSizeBytes: 24,
    imageOffsetLb: 28,
    imageSizeLb: 32,
    reserved2: 36,
    dataChecksum: 40,
    checksum: 44,
};
/** Writes an index record at `at` of `view`, checksum set. Throws FormatError unless valid. */
export function encodeIndexRecordInto(record, view, at) {
    checkIndexRecord(record, at);
    setU64(view, at + AT.addressLb, record.addressLb, 'the address of an index record');
    view.setUint32(at + AT.sizeLb, record.sizeLb, true);
    view.setUint8(at + AT.flags, flagsOfKind(record.kind));
    view.setUint8(at + AT.compression, record.kind === 'normal' ? compressionNumber(record.compression) : 0);
    view.setUint16(at + AT.reserved1, 0, true);
    setU64(view, at + AT.dataOffsetBytes, record.dataOffsetBytes, 'the data offset of an index record');
    view.setUint32(at + AT.dataSizeBytes, record.dataSizeBytes, true);
    view.setUint32(at + AT.imageOffsetLb, record.imageOffsetLb, true);
    view.setUint32(at + AT.imageSizeLb, record.imageSizeLb, true);
    view.setUint32(at + AT.reserved2, 0, true);
    view.setUint32(at + AT.dataChecksum, record.dataChecksum, true);
    view.setUint32(at + AT.checksum, 0, true);
    view.setUint32(at + AT.checksum, checksumOfWords(view, at, INDEX_RECORD_BYTES), true);
}
/** The 48 bytes of an index record, checksum set. */
export function encodeIndexRecord(record) {
    const bytes = new Uint8Array(INDEX_RECORD_BYTES);
    encodeIndexRecordInto(record, viewOf(bytes), 0);
    return bytes;
}
/**
 * Decodes the 48 bytes at `at`. Throws FormatError unless valid, checksum included, whatever the kind. Where
 * the data are is checked against the file by `checkIndexRecordPlace`. Who decodes many gives the `view`.
 */
export function decodeIndexRecord(bytes, at = 0, view = viewOf(bytes)) {
    if (at + INDEX_RECORD_BYTES > bytes.length) {
        throw new FormatError(`an index record must have ${INDEX_RECORD_BYTES} bytes`, at);
    }
    if (checksumOfWords(view, at, INDEX_RECORD_BYTES) !== 0) {
        throw new FormatError('invalid checksum of an index record', at + AT.checksum);
    }
    const kind = kindOfFlags(view.getUint8(at + AT.flags), at + AT.flags);
    const record = {
        addressLb: getU64Number(view, at + AT.addressLb, 'the address of an index record'),
        sizeLb: view.getUint32(at + AT.sizeLb, true),
        kind,
        compression: kind === 'normal'
            ? compressionOfNumber(view.getUint8(at + AT.compression), at + AT.compression)
            : 'none',
        dataOffsetBytes: getU64Number(view, at + AT.dataOffsetBytes, 'the data offset of an index record'),
        dataSizeBytes: view.getUint32(at + AT.dataSizeBytes, true),
        imageOffsetLb: view.getUint32(at + AT.imageOffsetLb, true),
        imageSizeLb: view.getUint32(at + AT.imageSizeLb, true),
        dataChecksum: view.getUint32(at + AT.dataChecksum, true),
    };
    checkIndexRecord(record, at);
    return record;
}
/** The checksum field of an encoded index record, as the tools print it. */
export function indexRecordChecksum(bytes, at = 0) {
    return viewOf(bytes).getUint32(at + AT.checksum, true);
}
/**
 * Throws FormatError unless the record may follow one that ends at `previousEndLb`, and its image lies between
 * the file header and the index.
 */
export function checkIndexRecordPlace(record, previousEndLb, indexOffsetBytes) {
    if (record.addressLb < previousEndLb) {
        throw new FormatError(`Invalid wdiff: IOs must be sorted and not overlapped each other: ${record.addressLb} after ${previousEndLb}`);
    }
    if (record.kind !== 'normal')
        return;
    if (record.dataOffsetBytes < WDIFF_HEADER_BYTES ||
        record.dataOffsetBytes + record.dataSizeBytes > indexOffsetBytes) {
        throw new FormatError(`stored data must lie between byte ${WDIFF_HEADER_BYTES} and the index at ${indexOffsetBytes}, got ${record.dataSizeBytes} bytes at ${record.dataOffsetBytes}`);
    }
}
function checkIndexRecord(record, at) {
    checkBlockRange(record.addressLb, record.sizeLb, at);
    checkStoredSize(record, record.imageSizeLb, at);
    checkU32(record.imageOffsetLb, 'the image offset of an index record', at + AT.imageOffsetLb);
    checkU32(record.imageSizeLb, 'the image size of an index record', at + AT.imageSizeLb);
    checkU32(record.dataChecksum, 'the data checksum of an index record', at + AT.dataChecksum);
    if (record.kind === 'normal' && record.imageOffsetLb + record.sizeLb > record.imageSizeLb) {
        throw new FormatError(`a piece must lie inside its image of ${record.imageSizeLb} blocks, got ${record.sizeLb} at ${record.imageOffsetLb}`, at + AT.imageOffsetLb);
    }
}
