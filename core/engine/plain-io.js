import { FormatError } from '../errors.js';
import { resalted } from '../format/checksum.js';
import { LOGICAL_BLOCK_BYTES, MIB } from '../units.js';
/**
 * The largest image that is decompressed or held as one piece. Logs have IOs of less than 32 MiB and transfers of
 * at most 4 MiB; the limit keeps damaged sizes from taking all memory.
 */
export const MAX_IMAGE_BYTES = 64 * MIB;
/** The data of a zero or discard IO. */
export const NO_DATA = new Uint8Array(0);
/** The part of an IO from `beginLb` to `endLb`, both absolute and inside of it. */
export function cutIo(io, beginLb, endLb) {
    if (beginLb === io.addressLb && endLb === io.addressLb + io.sizeLb)
        return io;
    const data = io.kind === 'normal'
        ? io.data.subarray((beginLb - io.addressLb) * LOGICAL_BLOCK_BYTES, (endLb - io.addressLb) * LOGICAL_BLOCK_BYTES)
        : NO_DATA;
    return { addressLb: beginLb, sizeLb: endLb - beginLb, kind: io.kind, data };
}
/** Whether all bytes are zero. */
export function isAllZero(bytes) {
    let at = 0;
    if (bytes.byteOffset % 4 === 0) {
        const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
        for (let i = 0; i < words.length; i++)
            if (words[i] !== 0)
                return false;
        at = words.length * 4;
    }
    for (; at < bytes.length; at++)
        if (bytes[at] !== 0)
            return false;
    return true;
}
/**
 * What a log record becomes in a diff: padding nothing, a discard a discard, all zeros a zero IO, else normal.
 * `data` may be longer than the IO (rounded up to physical blocks); it is not copied. `salt` is that of the record's
 * check sum, which the data must have. See docs/formats.md.
 */
export function plainIoOfLog(record, data, salt) {
    const { offsetLb: addressLb, sizeLb } = record;
    if (record.kind === 'padding')
        return null;
    if (record.kind === 'discard')
        return { addressLb, sizeLb, kind: 'discard', data: NO_DATA };
    const exact = data.subarray(0, sizeLb * LOGICAL_BLOCK_BYTES);
    return isAllZero(exact)
        ? { addressLb, sizeLb, kind: 'zero', data: NO_DATA }
        : { addressLb, sizeLb, kind: 'normal', data: exact, plainChecksum: resalted(record.checksum, salt) };
}
/** Throws FormatError when the data of a normal IO would take more than the limit of one image. */
export function checkImageSize(kind, sizeLb) {
    if (kind === 'normal' && sizeLb * LOGICAL_BLOCK_BYTES > MAX_IMAGE_BYTES) {
        throw new FormatError(`a normal IO must have at most ${MAX_IMAGE_BYTES} bytes, got ${sizeLb} blocks`);
    }
}
