/**
 * The one checksum of WalB: the negated sum of little-endian 32-bit words, started from a salt. It protects
 * super sectors, logpack headers, IO data of logs, wdiff headers, packs, records and IO data.
 * See docs/formats.md, "Checksum".
 */
import { viewOf } from './binary.js';
/** Typed arrays read in host order, so they serve only where that is little endian. */
const HOST_IS_LITTLE_ENDIAN = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;
const WORD_BYTES = 4;
/** Words added in one turn of the loop, in independent chains so that the processor can overlap them. */
const UNROLL = 16;
/** The raw running sum over whole words of memory aligned for a typed array. */
function sumAligned(words, sum) {
    const n = words.length;
    const unrolledEnd = n - (n % UNROLL);
    let a = sum | 0;
    let b = 0;
    let c = 0;
    let d = 0;
    let i = 0;
    for (; i < unrolledEnd; i += UNROLL) {
        a = (a + words[i] + words[i + 4] + words[i + 8] + words[i + 12]) | 0;
        b = (b + words[i + 1] + words[i + 5] + words[i + 9] + words[i + 13]) | 0;
        c = (c + words[i + 2] + words[i + 6] + words[i + 10] + words[i + 14]) | 0;
        d = (d + words[i + 3] + words[i + 7] + words[i + 11] + words[i + 15]) | 0;
    }
    for (; i < n; i++)
        a = (a + words[i]) | 0;
    return (a + b + c + d) | 0;
}
function sumUnaligned(view, wholeBytes, sum) {
    let a = sum | 0;
    let b = 0;
    let i = 0;
    for (; i + 16 <= wholeBytes; i += 16) {
        a = (a + view.getInt32(i, true) + view.getInt32(i + 8, true)) | 0;
        b = (b + view.getInt32(i + 4, true) + view.getInt32(i + 12, true)) | 0;
    }
    for (; i < wholeBytes; i += WORD_BYTES)
        a = (a + view.getInt32(i, true)) | 0;
    return (a + b) | 0;
}
/**
 * Adds `data` to a raw running sum (begin with the salt) and returns the new one, a u32. The end of data is
 * zero-extended to a whole word, so every piece but the last must have a multiple of 4 bytes.
 */
export function checksumPartial(data, sum) {
    const wholeBytes = data.length & ~(WORD_BYTES - 1);
    let total;
    if (HOST_IS_LITTLE_ENDIAN && data.byteOffset % WORD_BYTES === 0) {
        total = sumAligned(new Int32Array(data.buffer, data.byteOffset, wholeBytes / WORD_BYTES), sum);
    }
    else {
        total = sumUnaligned(viewOf(data), wholeBytes, sum);
    }
    let shift = 0;
    for (let i = wholeBytes; i < data.length; i++, shift += 8)
        total = (total + (data[i] << shift)) | 0;
    return total >>> 0;
}
/** The checksum (u32) of a raw running sum. */
export function checksumFinish(sum) {
    return -sum >>> 0;
}
/**
 * The checksum (u32) of `data` with `salt` (u32). A block that carries its own checksum, computed while the
 * field was zero, has checksum 0 with the same salt.
 */
export function checksum(data, salt) {
    return checksumFinish(checksumPartial(data, salt));
}
/** What a checksum that was computed with `salt` would be with salt 0. */
export function resalted(sum, salt) {
    return (sum + salt) >>> 0;
}
/**
 * The checksum (u32), salt 0, of the `sizeBytes` at `at`, a multiple of 4: for small structures in the midst
 * of a block, where a view of their own would cost more than the sum.
 */
export function checksumOfWords(view, at, sizeBytes) {
    let sum = 0;
    for (let i = at; i < at + sizeBytes; i += WORD_BYTES)
        sum = (sum + view.getInt32(i, true)) | 0;
    return checksumFinish(sum);
}
