/**
 * The serializer of walb-tools: values one after the other, little endian, without padding. 32 and 64-bit
 * integers have variable length, 8 and 16-bit ones and bools have their own size. Used on the wire and in the
 * small files of the servers. See docs/formats.md, "Serialized values".
 */
import { FormatError } from '../errors.js';
import { checkRange, checkU32, setU64, u64FromWords, viewOf } from './binary.js';
import { decodeUtf8, encodeUtf8, isShortAscii } from './utf8.js';
/** First of the eight heads that announce a payload. */
const HEAD_U8 = 0x80;
const HEAD_U16 = 0x81;
const HEAD_U32 = 0x82;
const HEAD_U64 = 0x83;
const HEAD_I8 = 0x84;
const HEAD_I16 = 0x85;
const HEAD_I64 = 0x87;
/** All ones as a variable-length integer: the head is the value -1. */
const HEAD_ALL_ONES = 0xff;
const INITIAL_CAPACITY_BYTES = 64;
const MAX_U32 = 0xffff_ffff;
/** How many payload bytes follow a head byte. */
export function varintPayloadBytes(head) {
    switch (head) {
        case 0x80:
        case 0x84:
            return 1;
        case 0x81:
        case 0x85:
            return 2;
        case 0x82:
        case 0x86:
            return 4;
        case 0x83:
        case 0x87:
            return 8;
        default:
            return 0;
    }
}
/**
 * Decodes one variable-length integer from its head and payload (`varintPayloadBytes(head)` bytes from
 * `at`). Width 4 gives a u32. Width 8 gives a number or, for all ones, null; FormatError for any other value
 * above 2^53-1, which includes all negative ones but -1. A head of 8 bytes is a FormatError in width 4.
 */
export function decodeVarint(head, payload, width, at = 0) {
    const bytes = varintPayloadBytes(head);
    if (payload.length - at < bytes) {
        throw new FormatError(`an integer with head ${head} needs ${bytes} more bytes`, at);
    }
    if (bytes === 8) {
        if (width === 4)
            throw new FormatError(`loadVariableInt:bad header:${head}`, at);
        return u64FromWords(wordAt(payload, at), wordAt(payload, at + 4), 'a 64-bit integer', at);
    }
    let low;
    if (bytes === 0) {
        low = (head << 24) >> 24;
    }
    else if (bytes === 1) {
        low = head === HEAD_U8 ? payload[at] : (payload[at] << 24) >> 24;
    }
    else if (bytes === 2) {
        const half = payload[at] | (payload[at + 1] << 8);
        low = head === HEAD_U16 ? half : (half << 16) >> 16;
    }
    else {
        const word = wordAt(payload, at);
        low = head === HEAD_U32 ? word : word | 0;
    }
    if (low >= 0)
        return low;
    if (width === 4)
        return low >>> 0;
    return u64FromWords(low >>> 0, MAX_U32, 'a 64-bit integer', at);
}
function wordAt(bytes, at) {
    return (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;
}
/**
 * Writes values into a growing buffer. Every method throws FormatError for a value that its field cannot hold.
 */
export class Writer {
    #bytes = new Uint8Array(INITIAL_CAPACITY_BYTES);
    #size = 0;
    /** Bytes written so far. */
    get sizeBytes() {
        return this.#size;
    }
    u8(value) {
        checkRange(value, 0, 0xff, 'an 8-bit integer');
        // First grow, which may replace the array, then look at it.
        const at = this.#grow(1);
        this.#bytes[at] = value;
    }
    bool(value) {
        this.u8(value ? 1 : 0);
    }
    /** Two bytes, fixed. */
    u16(value) {
        checkRange(value, 0, 0xffff, 'a 16-bit integer');
        const at = this.#grow(2);
        this.#bytes[at] = value;
        this.#bytes[at + 1] = value >> 8;
    }
    /** Variable length. */
    u32(value) {
        checkU32(value, 'a 32-bit integer');
        this.#varint32(value | 0);
    }
    /** Variable length, the same bit pattern as the u32 that is congruent to it. */
    i32(value) {
        checkRange(value, -0x8000_0000, 0x7fff_ffff, 'a signed 32-bit integer');
        this.#varint32(value);
    }
    /** Variable length; null is all ones, one byte. */
    u64(value) {
        if (value === null) {
            this.u8(HEAD_ALL_ONES);
        }
        else if (value <= 0x7f) {
            this.u8(value);
        }
        else if (value <= MAX_U32) {
            checkU32(value, 'a 64-bit integer');
            this.#positive(value);
        }
        else {
            const at = this.#grow(9);
            this.#bytes[at] = HEAD_U64;
            setU64(viewOf(this.#bytes), at + 1, value, 'a 64-bit integer');
        }
    }
    /** Size as a u64, then the UTF-8 bytes; no terminator. */
    string(text) {
        if (isShortAscii(text)) {
            this.u64(text.length);
            const at = this.#grow(text.length);
            for (let i = 0; i < text.length; i++)
                this.#bytes[at + i] = text.charCodeAt(i);
            return;
        }
        const bytes = encodeUtf8(text);
        this.u64(bytes.length);
        this.raw(bytes);
    }
    /** The bytes themselves, copied. */
    raw(bytes) {
        const at = this.#grow(bytes.length);
        this.#bytes.set(bytes, at);
    }
    /** Count as a u64, then each string. */
    strings(texts) {
        this.u64(texts.length);
        for (const text of texts)
            this.string(text);
    }
    /** Everything written, as a copy. */
    finish() {
        return this.#bytes.slice(0, this.#size);
    }
    /** Everything written, and nothing more: the writer begins anew. */
    take() {
        const bytes = this.#bytes.subarray(0, this.#size);
        this.#bytes = new Uint8Array(INITIAL_CAPACITY_BYTES);
        this.#size = 0;
        return bytes;
    }
    /** `value` is the bit pattern as a signed integer. The shortest form wins; signed 8-bit comes first. */
    #varint32(value) {
        if (value >= -0x80 && value <= 0x7f) {
            const low = value & 0xff;
            if (low >= HEAD_U8 && low <= HEAD_I64)
                this.u8(HEAD_I8);
            this.u8(low);
        }
        else if (value < 0 && value >= -0x8000) {
            this.u8(HEAD_I16);
            this.u16(value & 0xffff);
        }
        else {
            this.#positive(value >>> 0);
        }
    }
    /** A u32 that is not a small signed value. */
    #positive(value) {
        if (value <= 0xff) {
            this.u8(HEAD_U8);
            this.u8(value);
        }
        else if (value <= 0xffff) {
            this.u8(HEAD_U16);
            this.u16(value);
        }
        else {
            this.u8(HEAD_U32);
            const at = this.#grow(4);
            for (let i = 0; i < 4; i++)
                this.#bytes[at + i] = value >>> (8 * i);
        }
    }
    /** Makes room for `n` bytes and returns where they go. */
    #grow(n) {
        const at = this.#size;
        const needed = at + n;
        if (needed > this.#bytes.length) {
            const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
            larger.set(this.#bytes.subarray(0, at));
            this.#bytes = larger;
        }
        this.#size = needed;
        return at;
    }
}
/**
 * Reads values from bytes that are all there. Every method throws FormatError when the bytes end or hold
 * something else, with the offset of the place. Bytes after the last value are not looked at.
 */
export class Reader {
    #bytes;
    /** Where the next value begins. */
    offset;
    constructor(bytes, offset = 0) {
        this.#bytes = bytes;
        this.offset = offset;
    }
    /** Bytes not read yet. */
    get remaining() {
        return this.#bytes.length - this.offset;
    }
    u8() {
        return this.#bytes[this.#take(1, 'an 8-bit integer')];
    }
    /** Any non-zero byte is true. */
    bool() {
        return this.#bytes[this.#take(1, 'a bool')] !== 0;
    }
    u16() {
        const at = this.#take(2, 'a 16-bit integer');
        return this.#bytes[at] | (this.#bytes[at + 1] << 8);
    }
    u32() {
        return this.#varint(4) ?? MAX_U32;
    }
    i32() {
        return this.u32() | 0;
    }
    /** Null for all ones. */
    u64() {
        return this.#varint(8);
    }
    /** All ones is a FormatError too. */
    u64Number() {
        const at = this.offset;
        const value = this.#varint(8);
        if (value === null)
            throw new FormatError('a 64-bit integer must be a number here, got all ones', at);
        return value;
    }
    /** Bytes that are not UTF-8 read as replacement characters. At most `maxBytes` bytes. */
    string(maxBytes = Number.MAX_SAFE_INTEGER) {
        const at = this.offset;
        const size = this.u64Number();
        if (size > maxBytes)
            throw new FormatError(`a string must have at most ${maxBytes} bytes, got ${size}`, at);
        const begin = this.#take(size, 'a string');
        return decodeUtf8(this.#bytes.subarray(begin, begin + size));
    }
    /** A copy of the next `n` bytes. */
    raw(n) {
        const at = this.#take(n, 'raw bytes');
        return this.#bytes.slice(at, at + n);
    }
    /** A list of strings, at most `max` of them. */
    strings(max = Number.MAX_SAFE_INTEGER) {
        const at = this.offset;
        const count = this.u64Number();
        if (count > max)
            throw new FormatError(`a list of strings must have at most ${max} items, got ${count}`, at);
        // Nothing is allocated by the count: each string takes a byte at least, so a lie ends with the bytes.
        const texts = [];
        for (let i = 0; i < count; i++)
            texts.push(this.string());
        return texts;
    }
    #varint(width) {
        const begin = this.#take(1, 'an integer');
        const head = this.#bytes[begin];
        const at = this.#take(varintPayloadBytes(head), 'an integer');
        return decodeVarint(head, this.#bytes, width, at);
    }
    /** Steps over `n` bytes and returns where they began. */
    #take(n, what) {
        const at = this.offset;
        if (n > this.#bytes.length - at) {
            throw new FormatError(`the bytes end inside ${what}: ${n} needed, ${this.#bytes.length - at} left`, at);
        }
        this.offset = at + n;
        return at;
    }
}
