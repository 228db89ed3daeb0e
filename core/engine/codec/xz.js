import { FormatError } from '../../errors.js';
import { crc32, crc64 } from './crc.js';
import { Lzma2Decoder } from './lzma-decoder.js';
import { encodeLzma2, MAX_DICTIONARY_BYTES } from './lzma-encoder.js';
/**
 * Named `lzma` in the wdiff format, but framed as an .xz stream with CRC64 ("The .xz File Format", version 1.0.4):
 * header, blocks of LZMA2 chunks, index, footer. See docs/formats.md.
 */
export const lzmaCodec = { type: 'lzma', compress, decompress };
const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const FOOTER_MAGIC = [0x59, 0x5a];
const STREAM_FOOTER_BYTES = 12;
const CHECK_CRC64 = 4;
/** Bytes of the check after each block, by type, for the types that are understood: none, CRC-32, CRC-64. */
const CHECK_BYTES = new Map([
    [0, 0],
    [1, 4],
    [CHECK_CRC64, 8],
]);
const FILTER_LZMA2 = 0x21;
function compress(data, level) {
    // Presets above 6 need more memory than the original's decoder has.
    const preset = level >= 1 ? Math.min(6, level) : 6;
    const packed = encodeLzma2(data, preset);
    const header = blockHeader(data.length);
    const block = new ByteList();
    block.push(header);
    block.push(packed);
    const unpaddedBytes = header.length + packed.length + 8;
    block.align();
    block.push(littleEndian64(crc64(data)));
    const index = new ByteList();
    index.push([0]);
    if (data.length === 0) {
        index.pushInteger(0);
    }
    else {
        index.pushInteger(1);
        index.pushInteger(unpaddedBytes);
        index.pushInteger(data.length);
    }
    index.align();
    index.push(littleEndian32(crc32(index.bytes())));
    const flags = [0, CHECK_CRC64];
    const footer = [...littleEndian32(index.length / 4 - 1), ...flags];
    const out = new ByteList();
    out.push([...MAGIC, ...flags, ...littleEndian32(crc32(Uint8Array.from(flags)))]);
    if (data.length > 0)
        out.push(block.bytes());
    out.push(index.bytes());
    out.push([...littleEndian32(crc32(Uint8Array.from(footer))), ...footer, ...FOOTER_MAGIC]);
    return out.bytes();
}
function blockHeader(uncompressedBytes) {
    const list = new ByteList();
    // One filter, and the uncompressed size.
    list.push([0, 0x80]);
    list.pushInteger(uncompressedBytes);
    list.push([FILTER_LZMA2, 1, dictionaryBits(Math.min(uncompressedBytes, MAX_DICTIONARY_BYTES))]);
    list.align();
    // The stored size counts the check sum that follows, in words, less one.
    const header = list.bytes();
    header[0] = header.length / 4;
    return Uint8Array.from([...header, ...littleEndian32(crc32(header))]);
}
/** The smallest dictionary size of the form 2^n or 2^n + 2^(n-1) that holds `sizeBytes`. */
function dictionaryBits(sizeBytes) {
    let bits = 0;
    while ((2 | (bits & 1)) * 2 ** ((bits >> 1) + 11) < sizeBytes)
        bits++;
    return bits;
}
class ByteList {
    #bytes = new Uint8Array(64);
    length = 0;
    push(bytes) {
        const needed = this.length + bytes.length;
        if (needed > this.#bytes.length) {
            const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
            grown.set(this.#bytes.subarray(0, this.length));
            this.#bytes = grown;
        }
        this.#bytes.set(bytes, this.length);
        this.length = needed;
    }
    /** Seven bits a byte, low first. */
    pushInteger(value) {
        let rest = value;
        while (rest >= 0x80) {
            this.push([(rest % 128) | 0x80]);
            rest = Math.floor(rest / 128);
        }
        this.push([rest]);
    }
    align() {
        while (this.length % 4 !== 0)
            this.push([0]);
    }
    /** A copy. */
    bytes() {
        return this.#bytes.slice(0, this.length);
    }
}
function littleEndian32(value) {
    return [value & 0xff, (value >>> 8) & 0xff, (value >>> 16) & 0xff, value >>> 24];
}
function littleEndian64({ low, high }) {
    return [...littleEndian32(low), ...littleEndian32(high)];
}
function decompress(data, sizeBytes) {
    const cursor = new Cursor(data);
    const checkType = readStreamHeader(cursor);
    const out = new Uint8Array(sizeBytes);
    const blocks = [];
    let op = 0;
    while (cursor.peek() !== 0) {
        const block = readBlock(cursor, checkType, out, op);
        blocks.push(block);
        op += block.uncompressedBytes;
    }
    if (op !== sizeBytes)
        throw new FormatError(`lzma: ${sizeBytes} bytes expected, ${op} came out`, cursor.at);
    readIndexAndFooter(cursor, checkType, blocks);
    return out;
}
class Cursor {
    data;
    at = 0;
    constructor(data) {
        this.data = data;
    }
    peek() {
        if (this.at >= this.data.length)
            throw new FormatError('lzma: unexpected end of data', this.at);
        return this.data[this.at];
    }
    byte() {
        const byte = this.peek();
        this.at++;
        return byte;
    }
    take(n) {
        if (this.at + n > this.data.length)
            throw new FormatError('lzma: unexpected end of data', this.at);
        this.at += n;
        return this.data.subarray(this.at - n, this.at);
    }
    word() {
        const b = this.take(4);
        return (b[0] | (b[1] << 8) | (b[2] << 16) | (b[3] << 24)) >>> 0;
    }
    integer() {
        let value = 0;
        for (let i = 0; i < 7; i++) {
            const byte = this.byte();
            value += (byte & 0x7f) * 128 ** i;
            if (byte < 0x80)
                return value;
        }
        throw new FormatError('lzma: an integer of at most 49 bits expected', this.at);
    }
    expect(bytes, what) {
        const start = this.at;
        for (const byte of bytes) {
            if (this.byte() !== byte)
                throw new FormatError(`lzma: ${what} expected`, start);
        }
    }
    /** Zero bytes up to a multiple of four, counted from `start`. */
    padding(start) {
        while ((this.at - start) % 4 !== 0) {
            if (this.byte() !== 0)
                throw new FormatError('lzma: zero padding expected', this.at - 1);
        }
    }
}
function readStreamHeader(cursor) {
    cursor.expect(MAGIC, 'the start of an .xz stream');
    const flags = cursor.take(2);
    if (cursor.word() !== crc32(flags))
        throw new FormatError('lzma: the check sum of the header differs', 8);
    if (flags[0] !== 0 || !CHECK_BYTES.has(flags[1])) {
        throw new FormatError('lzma: check type none, CRC32 or CRC64 expected', 6);
    }
    return flags[1];
}
function readBlock(cursor, checkType, out, op) {
    const start = cursor.at;
    const headerBytes = (cursor.peek() + 1) * 4;
    const header = new Cursor(cursor.take(headerBytes).subarray(0, headerBytes - 4));
    header.at = 1;
    cursor.at -= 4;
    if (cursor.word() !== crc32(header.data)) {
        throw new FormatError('lzma: the check sum of a block header differs', start);
    }
    const flags = header.byte();
    if ((flags & 0x3f) !== 0)
        throw new FormatError('lzma: LZMA2 as the only filter expected', start);
    const compressedBytes = (flags & 0x40) !== 0 ? header.integer() : null;
    const uncompressedBytes = (flags & 0x80) !== 0 ? header.integer() : null;
    if (header.integer() !== FILTER_LZMA2 || header.integer() !== 1 || header.byte() > 40) {
        throw new FormatError('lzma: LZMA2 as the only filter expected', start);
    }
    while (header.at < header.data.length) {
        if (header.byte() !== 0)
            throw new FormatError('lzma: zero padding expected', start + header.at);
    }
    const dataStart = cursor.at;
    const decoded = new Lzma2Decoder(cursor.data, dataStart, out, op).decode();
    cursor.at = decoded.at;
    if ((compressedBytes !== null && compressedBytes !== decoded.at - dataStart) ||
        (uncompressedBytes !== null && uncompressedBytes !== decoded.op - op)) {
        throw new FormatError('lzma: the sizes of a block differ from its header', start);
    }
    const unpaddedBytes = decoded.at - start + (CHECK_BYTES.get(checkType) ?? 0);
    cursor.padding(dataStart);
    checkBlock(cursor, checkType, out.subarray(op, decoded.op));
    return { unpaddedBytes, uncompressedBytes: decoded.op - op };
}
function checkBlock(cursor, checkType, data) {
    const at = cursor.at;
    if (checkType === 1 && cursor.word() !== crc32(data)) {
        throw new FormatError('lzma: the CRC32 of a block differs', at);
    }
    if (checkType === CHECK_CRC64) {
        const { low, high } = crc64(data);
        if (cursor.word() !== low || cursor.word() !== high) {
            throw new FormatError('lzma: the CRC64 of a block differs', at);
        }
    }
}
function readIndexAndFooter(cursor, checkType, blocks) {
    const start = cursor.at;
    cursor.expect([0], 'an index');
    let same = cursor.integer() === blocks.length;
    for (const block of same ? blocks : []) {
        if (cursor.integer() !== block.unpaddedBytes)
            same = false;
        if (cursor.integer() !== block.uncompressedBytes)
            same = false;
    }
    if (!same)
        throw new FormatError('lzma: the index differs from the blocks', start);
    cursor.padding(start);
    const index = cursor.data.subarray(start, cursor.at);
    if (cursor.word() !== crc32(index))
        throw new FormatError('lzma: the check sum of the index differs', start);
    const indexBytes = cursor.at - start;
    const footerAt = cursor.at;
    if (cursor.data.length !== footerAt + STREAM_FOOTER_BYTES) {
        throw new FormatError('lzma: a footer and nothing more expected', footerAt);
    }
    if (cursor.word() !== crc32(cursor.data.subarray(footerAt + 4, footerAt + 10))) {
        throw new FormatError('lzma: the check sum of the footer differs', footerAt);
    }
    if ((cursor.word() + 1) * 4 !== indexBytes) {
        throw new FormatError('lzma: the footer gives another size of the index', footerAt + 4);
    }
    cursor.expect([0, checkType, ...FOOTER_MAGIC], 'the end of an .xz stream');
}
