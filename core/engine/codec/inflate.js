import { FormatError } from '../../errors.js';
/**
 * Decompression of a zlib stream (RFC 1950, RFC 1951) into a buffer of known size. Unlike a general inflater it
 * stops at the first byte that would not fit, so that time and memory are bounded by that size and by the
 * input. Dictionaries are not supported.
 */
/** Codes up to this length are found by one look into a table. */
const FAST_BITS = 9;
const MAX_BITS = 15;
const LENGTH_BASE = new Uint16Array([
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
    227, 258,
]);
const LENGTH_EXTRA = new Uint8Array([
    0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
]);
const DISTANCE_BASE = new Uint16Array([
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
    6145, 8193, 12289, 16385, 24577,
]);
const DISTANCE_EXTRA = new Uint8Array([
    0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13,
]);
/** The order in which the lengths of the code length code are stored. */
const CODE_LENGTH_ORDER = new Uint8Array([16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]);
function huffmanCode(lengths, allowIncomplete) {
    const counts = new Uint16Array(MAX_BITS + 1);
    for (const length of lengths)
        counts[length]++;
    counts[0] = 0;
    let left = 1;
    for (let length = 1; length <= MAX_BITS; length++) {
        left = left * 2 - counts[length];
        if (left < 0)
            throw new FormatError('gzip: a Huffman code with too many codes');
    }
    if (left > 0 && !allowIncomplete)
        throw new FormatError('gzip: an incomplete Huffman code');
    const next = new Uint16Array(MAX_BITS + 2);
    const firstCode = new Uint16Array(MAX_BITS + 2);
    for (let length = 1; length <= MAX_BITS; length++) {
        next[length + 1] = next[length] + counts[length];
        firstCode[length + 1] = (firstCode[length] + counts[length]) << 1;
    }
    const offsets = next.slice();
    const symbols = new Uint16Array(lengths.length);
    const fast = new Uint16Array(1 << FAST_BITS);
    for (let symbol = 0; symbol < lengths.length; symbol++) {
        const length = lengths[symbol];
        if (length === 0)
            continue;
        const rank = next[length]++;
        symbols[rank] = symbol;
        if (length > FAST_BITS)
            continue;
        const code = firstCode[length] + rank - offsets[length];
        let reversed = 0;
        for (let bit = 0; bit < length; bit++)
            reversed |= ((code >> bit) & 1) << (length - 1 - bit);
        for (let at = reversed; at < fast.length; at += 1 << length)
            fast[at] = (symbol << 4) | length;
    }
    return { fast, counts, symbols };
}
class BitReader {
    #data;
    #at;
    #bits = 0;
    #count = 0;
    constructor(data, offset) {
        this.#data = data;
        this.#at = offset;
    }
    /** The next `n` (0 to 16) bits, low bit first. */
    bits(n) {
        while (this.#count < n) {
            if (this.#at >= this.#data.length)
                throw new FormatError('gzip: unexpected end of data', this.#at);
            this.#bits |= this.#data[this.#at++] << this.#count;
            this.#count += 8;
        }
        const value = this.#bits & ((1 << n) - 1);
        this.#bits >>>= n;
        this.#count -= n;
        return value;
    }
    symbol(code) {
        while (this.#count < MAX_BITS && this.#at < this.#data.length) {
            this.#bits |= this.#data[this.#at++] << this.#count;
            this.#count += 8;
        }
        const entry = code.fast[this.#bits & ((1 << FAST_BITS) - 1)];
        if (entry !== 0 && (entry & 15) <= this.#count) {
            this.#bits >>>= entry & 15;
            this.#count -= entry & 15;
            return entry >> 4;
        }
        // Long codes are rare: walk the canonical code bit by bit.
        let value = 0;
        let first = 0;
        let index = 0;
        for (let length = 1; length <= MAX_BITS; length++) {
            value |= this.bits(1);
            const count = code.counts[length];
            if (value - first < count)
                return code.symbols[index + value - first];
            index += count;
            first = (first + count) << 1;
            value <<= 1;
        }
        throw new FormatError('gzip: bits that are no code', this.#at);
    }
    /** Drops the bits up to the next byte and gives its position. */
    align() {
        this.#at -= this.#count >> 3;
        this.#bits = 0;
        this.#count = 0;
        return this.#at;
    }
    seek(offset) {
        this.#at = offset;
    }
}
function fixedCodes() {
    const lengths = new Uint8Array(288).fill(8, 0, 144).fill(9, 144, 256).fill(7, 256, 280).fill(8, 280);
    return [huffmanCode(lengths, false), huffmanCode(new Uint8Array(30).fill(5), true)];
}
function dynamicCodes(reader) {
    const literals = reader.bits(5) + 257;
    const distances = reader.bits(5) + 1;
    const codeLengths = reader.bits(4) + 4;
    if (literals > 286 || distances > 30)
        throw new FormatError('gzip: too many codes');
    const orderLengths = new Uint8Array(19);
    for (let i = 0; i < codeLengths; i++)
        orderLengths[CODE_LENGTH_ORDER[i]] = reader.bits(3);
    const lengthCode = huffmanCode(orderLengths, false);
    const lengths = new Uint8Array(literals + distances);
    for (let at = 0; at < lengths.length;) {
        const symbol = reader.symbol(lengthCode);
        if (symbol < 16) {
            lengths[at++] = symbol;
            continue;
        }
        if (symbol === 16 && at === 0)
            throw new FormatError('gzip: a repeated length without a first one');
        const value = symbol === 16 ? lengths[at - 1] : 0;
        const repeat = symbol === 16 ? 3 + reader.bits(2) : symbol === 17 ? 3 + reader.bits(3) : 11 + reader.bits(7);
        if (at + repeat > lengths.length)
            throw new FormatError('gzip: more lengths than codes');
        lengths.fill(value, at, at + repeat);
        at += repeat;
    }
    if (lengths[256] === 0)
        throw new FormatError('gzip: a block without an end code');
    // One distance code alone may be incomplete; so may none at all (a block of literals).
    const distanceLengths = lengths.subarray(literals);
    const used = distanceLengths.reduce((n, length) => n + (length > 0 ? 1 : 0), 0);
    return [huffmanCode(lengths.subarray(0, literals), false), huffmanCode(distanceLengths, used <= 1)];
}
/** The data of a zlib stream that must be exactly `sizeBytes` long. Throws FormatError otherwise. */
export function inflateZlib(data, sizeBytes) {
    const header = data.length < 2 ? 0 : (data[0] << 8) | data[1];
    if (header === 0 || (data[0] & 15) !== 8 || data[0] >> 4 > 7 || header % 31 !== 0 || data[1] & 0x20) {
        throw new FormatError('gzip: a zlib header without dictionary expected', 0);
    }
    const out = new Uint8Array(sizeBytes);
    const reader = new BitReader(data, 2);
    let op = 0;
    for (let last = false; !last;) {
        last = reader.bits(1) === 1;
        const kind = reader.bits(2);
        if (kind === 0)
            op = copyStored(reader, data, out, op);
        else if (kind === 3)
            throw new FormatError('gzip: unknown kind of block');
        else
            op = inflateBlock(reader, kind === 1 ? fixedCodes() : dynamicCodes(reader), out, op);
    }
    if (op !== sizeBytes)
        throw new FormatError(`gzip: ${sizeBytes} bytes expected, ${op} came out`);
    const at = reader.align();
    if (at + 4 !== data.length)
        throw new FormatError('gzip: a stream of another length expected', at);
    const stored = ((data[at] << 24) | (data[at + 1] << 16) | (data[at + 2] << 8) | data[at + 3]) >>> 0;
    if (stored !== adler32(out))
        throw new FormatError('gzip: the Adler-32 differs', at);
    return out;
}
function copyStored(reader, data, out, op) {
    const at = reader.align();
    if (at + 4 > data.length)
        throw new FormatError('gzip: unexpected end of data', at);
    const length = data[at] | (data[at + 1] << 8);
    if ((length ^ 0xffff) !== (data[at + 2] | (data[at + 3] << 8))) {
        throw new FormatError('gzip: a stored length and its complement differ', at);
    }
    if (at + 4 + length > data.length)
        throw new FormatError('gzip: unexpected end of data', at);
    if (op + length > out.length)
        throw tooLong(out);
    out.set(data.subarray(at + 4, at + 4 + length), op);
    reader.seek(at + 4 + length);
    return op + length;
}
function inflateBlock(reader, [literals, distances], out, start) {
    let op = start;
    for (;;) {
        const symbol = reader.symbol(literals);
        if (symbol < 256) {
            if (op >= out.length)
                throw tooLong(out);
            out[op++] = symbol;
            continue;
        }
        if (symbol === 256)
            return op;
        if (symbol > 285)
            throw new FormatError('gzip: unknown length code');
        const length = LENGTH_BASE[symbol - 257] + reader.bits(LENGTH_EXTRA[symbol - 257]);
        const code = reader.symbol(distances);
        if (code > 29)
            throw new FormatError('gzip: unknown distance code');
        const distance = DISTANCE_BASE[code] + reader.bits(DISTANCE_EXTRA[code]);
        if (distance > op)
            throw new FormatError('gzip: a match before the start of the data');
        if (op + length > out.length)
            throw tooLong(out);
        for (const end = op + length; op < end; op++)
            out[op] = out[op - distance];
    }
}
function tooLong(out) {
    return new FormatError(`gzip: ${out.length} bytes expected, more came out`);
}
/** Adler-32 of RFC 1950. */
export function adler32(data) {
    let a = 1;
    let b = 0;
    for (let at = 0; at < data.length;) {
        // The largest run after which neither sum can have left the safe range.
        const end = Math.min(data.length, at + 3800);
        for (; at < end; at++) {
            a += data[at];
            b += a;
        }
        a %= 65521;
        b %= 65521;
    }
    return b * 65536 + a;
}
