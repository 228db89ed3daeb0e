/**
 * The indexed wdiff format: stored images in the order of writing, then the index, then the super that ends
 * the file. This file holds the super, and is the door to the format's other parts: records are in
 * index-record.ts, keeping the index while IOs are written in wdiff-index.ts. See docs/formats.md,
 * "Indexed wdiff".
 */
import { FormatError } from '../errors.js';
import { checkRange, getU64Number, setU64, viewOf } from './binary.js';
import { checksum } from './checksum.js';
import { INDEX_RECORD_BYTES } from './index-record.js';
import { WDIFF_HEADER_BYTES } from './wdiff-header.js';
export { splitAligned } from './aligned-split.js';
export * from './index-record.js';
export { DEFAULT_MAX_PIECE_LB, WdiffIndex } from './wdiff-index.js';
/** Size of the index super, which ends an indexed wdiff. */
export const INDEX_SUPER_BYTES = 24;
/** The index starts at a multiple of this. */
export const INDEX_ALIGNMENT_BYTES = 8;
/** Byte offsets inside the index super. */
const AT = { indexOffsetBytes: 0, recordCount: 8, ioCount: 12, checksum: 20 };
/** The last 24 bytes of an indexed wdiff, checksum set. Counts are cut to 32 bits. */
export function encodeIndexSuper(indexSuper) {
    const bytes = new Uint8Array(INDEX_SUPER_BYTES);
    const view = viewOf(bytes);
    setU64(view, AT.indexOffsetBytes, indexSuper.indexOffsetBytes, 'the index offset');
    view.setUint32(AT.recordCount, indexSuper.recordCount, true);
    view.setUint32(AT.ioCount, indexSuper.ioCount, true);
    view.setUint32(AT.checksum, checksum(bytes, 0), true);
    return bytes;
}
/**
 * Decodes the last 24 bytes of an indexed wdiff of `fileSizeBytes`. Throws FormatError unless valid: checksum,
 * an index that lies behind the header, fills the file up to the super and has the records that it says.
 */
export function decodeIndexSuper(bytes, fileSizeBytes) {
    if (bytes.length !== INDEX_SUPER_BYTES) {
        throw new FormatError(`an index super must have ${INDEX_SUPER_BYTES} bytes, got ${bytes.length}`);
    }
    if (checksum(bytes, 0) !== 0)
        throw new FormatError('invalid checksum of an index super', AT.checksum);
    const view = viewOf(bytes);
    const indexOffsetBytes = getU64Number(view, AT.indexOffsetBytes, 'the index offset');
    const indexEnd = fileSizeBytes - INDEX_SUPER_BYTES;
    checkRange(indexOffsetBytes, WDIFF_HEADER_BYTES, indexEnd, 'the index offset', AT.indexOffsetBytes);
    const indexBytes = indexEnd - indexOffsetBytes;
    if (indexBytes % INDEX_RECORD_BYTES !== 0) {
        throw new FormatError(`the index must have whole records of ${INDEX_RECORD_BYTES} bytes, got ${indexBytes} bytes`, AT.indexOffsetBytes);
    }
    const recordCount = view.getUint32(AT.recordCount, true);
    if (recordCount !== (indexBytes / INDEX_RECORD_BYTES) % 0x1_0000_0000) {
        throw new FormatError(`the index must have the ${recordCount} records that its super says, got ${indexBytes / INDEX_RECORD_BYTES}`, AT.recordCount);
    }
    return { indexOffsetBytes, recordCount, ioCount: view.getUint32(AT.ioCount, true) };
}
/** Zero bytes between the last stored image, which ends at `endBytes`, and the index. */
export function indexPaddingBytes(endBytes) {
    return (INDEX_ALIGNMENT_BYTES - (endBytes % INDEX_ALIGNMENT_BYTES)) % INDEX_ALIGNMENT_BYTES;
}
