import { FormatError } from '../../errors.js';
/**
 * LZ4, raw block form: no frame, no size prefix; the size is known from the record. Specified in "LZ4 Block
 * Format Description". See docs/formats.md. The level is ignored.
 */
export const lz4Codec = { type: 'lz4', compress, decompress };
const MIN_MATCH = 4;
const MAX_DISTANCE = 65535;
/** The last five bytes are always literal, and no match begins in the last twelve: rules of the format. */
const LAST_LITERALS = 5;
const MATCH_LIMIT = 12;
const TABLE_BITS = 14;
function load32(bytes, at) {
    return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}
function compress(data) {
    const out = new Uint8Array(data.length + Math.ceil(data.length / 255) + 16);
    // Positions plus one; zero means empty.
    const table = new Uint32Array(1 << TABLE_BITS);
    const limit = data.length - MATCH_LIMIT;
    const matchEnd = data.length - LAST_LITERALS;
    let op = 0;
    let literalStart = 0;
    let ip = 0;
    let misses = 64;
    while (ip < limit) {
        const word = load32(data, ip);
        const slot = Math.imul(word, -1640531535) >>> (32 - TABLE_BITS);
        const candidate = table[slot] - 1;
        table[slot] = ip + 1;
        if (candidate < 0 || ip - candidate > MAX_DISTANCE || load32(data, candidate) !== word) {
            ip += misses++ >> 6;
            continue;
        }
        misses = 64;
        let length = MIN_MATCH;
        while (ip + length < matchEnd && data[ip + length] === data[candidate + length])
            length++;
        op = putLiterals(data, literalStart, ip, Math.min(15, length - MIN_MATCH), out, op);
        out[op++] = (ip - candidate) & 0xff;
        out[op++] = (ip - candidate) >> 8;
        if (length - MIN_MATCH >= 15)
            op = putLength(length - MIN_MATCH - 15, out, op);
        ip += length;
        literalStart = ip;
    }
    return out.subarray(0, putLiterals(data, literalStart, data.length, 0, out, op));
}
/** A token with the literals [from, to) and the match nibble. */
function putLiterals(data, from, to, matchNibble, out, op) {
    const length = to - from;
    out[op++] = (Math.min(15, length) << 4) | matchNibble;
    if (length >= 15)
        op = putLength(length - 15, out, op);
    out.set(data.subarray(from, to), op);
    return op + length;
}
function putLength(length, out, op) {
    let left = length;
    for (; left >= 255; left -= 255)
        out[op++] = 255;
    out[op++] = left;
    return op;
}
function decompress(data, sizeBytes) {
    const out = new Uint8Array(sizeBytes);
    let ip = 0;
    let op = 0;
    for (;;) {
        const tokenAt = ip;
        if (ip >= data.length)
            throw new FormatError('lz4: the block ends within a sequence', ip);
        const token = data[ip++];
        let length = token >> 4;
        if (length === 15) {
            let byte;
            do {
                byte = data[ip++];
                length += byte;
            } while (byte === 255);
        }
        // A length byte that is missing makes this NaN, and the comparison false.
        if (!(ip + length <= data.length && op + length <= sizeBytes)) {
            throw new FormatError('lz4: literals run over the end', tokenAt);
        }
        out.set(data.subarray(ip, ip + length), op);
        ip += length;
        op += length;
        if (ip === data.length)
            break;
        if (ip + 2 > data.length)
            throw new FormatError('lz4: the block ends within an offset', ip);
        const offset = data[ip] | (data[ip + 1] << 8);
        ip += 2;
        length = (token & 15) + MIN_MATCH;
        if (length === 15 + MIN_MATCH) {
            let byte;
            do {
                byte = data[ip++];
                length += byte;
            } while (byte === 255);
        }
        if (offset === 0 || offset > op || !(op + length <= sizeBytes)) {
            throw new FormatError('lz4: a match points outside of the data', tokenAt);
        }
        if (offset >= length && length > 16) {
            out.copyWithin(op, op - offset, op - offset + length);
            op += length;
        }
        else {
            for (const end = op + length; op < end; op++)
                out[op] = out[op - offset];
        }
    }
    if (op !== sizeBytes)
        throw new FormatError(`lz4: ${sizeBytes} bytes expected, ${op} came out`, ip);
    return out;
}
