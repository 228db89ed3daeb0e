import { FormatError } from '../../errors.ts';
import type { Codec } from '../../world/codec.ts';

/**
 * Snappy, raw block form: a varint with the uncompressed length, then literals and copies; no framing, no
 * check sum. Specified in "Snappy compressed format description" (2011-10-05). See docs/formats.md.
 */
export function createSnappyCodec(): Codec {
  const scratch: Scratch = { table: new Uint16Array(1 << MAX_TABLE_BITS), out: EMPTY };
  return {
    type: 'snappy',
    compress: (data) => compress(data, scratch),
    mayShrink: (data) => mayShrink(data, scratch.table),
    decompress,
  };
}

/** What a codec keeps from call to call: mostly the memory for a compression costs more than the bytes. */
interface Scratch {
  readonly table: Uint16Array;
  out: Uint8Array;
}

const EMPTY = new Uint8Array(0);
/** Outputs for larger inputs are not kept. */
const MAX_KEPT_BYTES = 1024 * 1024;
/** Matches are searched within one block of this size, so that every offset fits into two bytes. */
const BLOCK_BYTES = 65536;
const MAX_TABLE_BITS = 14;
const MIN_TABLE_BITS = 8;
/** The last bytes of a block are always literal: a match is looked for in four bytes at a time. */
const TAIL_BYTES = 15;
/** Data up to this size are sooner compressed than searched, and another encoder may find much in them. */
const MAX_UNSEARCHED_BYTES = 4096;
/** Up to so many bytes are copied one by one: a call that copies them costs more. */
const SHORT_BYTES = 48;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function compress(data: Uint8Array, scratch: Scratch): Uint8Array {
  // Worst case of the format: 32 + n + n/6.
  const worstBytes = 32 + data.length + Math.ceil(data.length / 6);
  let { out } = scratch;
  if (out.length < worstBytes) {
    out = new Uint8Array(worstBytes);
    if (worstBytes <= MAX_KEPT_BYTES) scratch.out = out;
  }
  let op = 0;
  let rest = data.length;
  while (rest >= 0x80) {
    out[op++] = (rest & 0x7f) | 0x80;
    rest = Math.floor(rest / 128);
  }
  out[op++] = rest;
  const tableBits = tableBitsFor(data);
  const words = viewOf(data);
  for (let start = 0; start < data.length; start += BLOCK_BYTES) {
    scratch.table.fill(0, 0, 1 << tableBits);
    const end = Math.min(data.length, start + BLOCK_BYTES);
    op = compressBlock(data, words, start, end, scratch.table, 32 - tableBits, out, op);
  }
  return out.slice(0, op);
}

/** Emptying a table that is larger than the data would cost more than the search. */
function tableBitsFor(data: Uint8Array): number {
  let tableBits = MIN_TABLE_BITS;
  while (tableBits < MAX_TABLE_BITS && 1 << tableBits < data.length) tableBits++;
  return tableBits;
}

/** Whether there is any match: without one a block is one literal, which is longer than the data. */
function mayShrink(data: Uint8Array, table: Uint16Array): boolean {
  if (data.length <= MAX_UNSEARCHED_BYTES) return true;
  const tableBits = tableBitsFor(data);
  const words = viewOf(data);
  for (let start = 0; start < data.length; start += BLOCK_BYTES) {
    table.fill(0, 0, 1 << tableBits);
    const limit = Math.min(data.length, start + BLOCK_BYTES) - TAIL_BYTES;
    if (nextMatch(words, start, start + 1, limit, table, 32 - tableBits) < limit) return true;
  }
  return false;
}

function load32(bytes: Uint8Array, at: number): number {
  return bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
}

/**
 * Appends the block [start, end) of `data`, whose view is `words`, to `out` at `op`; returns the new `op`. A hash
 * shifted right by `shift` is a place in `table`.
 */
function compressBlock(
  data: Uint8Array,
  words: DataView,
  start: number,
  end: number,
  table: Uint16Array,
  shift: number,
  out: Uint8Array,
  op: number,
): number {
  const limit = end - TAIL_BYTES;
  let literalStart = start;
  let ip = nextMatch(words, start, start + 1, limit, table, shift);
  while (ip < limit) {
    const slot = slotOf(words.getInt32(ip, true), shift);
    const candidate = start + table[slot];
    table[slot] = ip - start;
    const length = matchLength(data, words, candidate, ip, end);
    op = putLiteral(data, literalStart, ip, out, op);
    op = putCopy(ip - candidate, length, out, op);
    ip += length;
    literalStart = ip;
    if (ip >= limit) break;
    table[slotOf(words.getInt32(ip - 1, true), shift)] = ip - 1 - start;
    ip = nextMatch(words, start, ip, limit, table, shift);
  }
  return putLiteral(data, literalStart, end, out, op);
}

function slotOf(word: number, shift: number): number {
  return Math.imul(word, 0x1e35a7bd) >>> shift;
}

/**
 * The first place from `ip` on whose four bytes stand at the place that the table has for them, not entered yet; those that are
 * passed over are. `limit` or more when there is none.
 */
function nextMatch(
  words: DataView,
  start: number,
  ip: number,
  limit: number,
  table: Uint16Array,
  shift: number,
): number {
  let misses = 32;
  let at = ip;
  while (at < limit) {
    const word = words.getInt32(at, true);
    const slot = slotOf(word, shift);
    const candidate = start + table[slot];
    if (candidate < at && words.getInt32(candidate, true) === word) return at;
    table[slot] = at - start;
    // The longer nothing matches, the faster incompressible bytes are passed over.
    at += misses++ >> 5;
  }
  return at;
}

/** How many bytes from `at` on, where four are known to be equal, are those from `candidate` on. */
function matchLength(data: Uint8Array, words: DataView, candidate: number, at: number, end: number): number {
  let length = 4;
  while (
    at + length + 4 <= end &&
    words.getInt32(at + length, true) === words.getInt32(candidate + length, true)
  ) {
    length += 4;
  }
  while (at + length < end && data[at + length] === data[candidate + length]) length++;
  return length;
}

function putLiteral(data: Uint8Array, from: number, to: number, out: Uint8Array, op: number): number {
  const length = to - from;
  if (length === 0) return op;
  if (length <= 60) {
    out[op++] = (length - 1) << 2;
  } else if (length <= 256) {
    out[op++] = 60 << 2;
    out[op++] = length - 1;
  } else {
    out[op++] = 61 << 2;
    out[op++] = (length - 1) & 0xff;
    out[op++] = (length - 1) >> 8;
  }
  if (length > SHORT_BYTES) out.set(data.subarray(from, to), op);
  else for (let i = 0; i < length; i++) out[op + i] = data[from + i];
  return op + length;
}

function putCopy(offset: number, length: number, out: Uint8Array, op: number): number {
  let left = length;
  // Never leave fewer than four bytes for the last copy: the short form needs them.
  while (left >= 68) {
    op = putLongCopy(offset, 64, out, op);
    left -= 64;
  }
  if (left > 64) {
    op = putLongCopy(offset, 60, out, op);
    left -= 60;
  }
  if (left >= 12 || offset >= 2048) return putLongCopy(offset, left, out, op);
  out[op++] = 1 | ((left - 4) << 2) | ((offset >> 8) << 5);
  out[op++] = offset & 0xff;
  return op;
}

function putLongCopy(offset: number, length: number, out: Uint8Array, op: number): number {
  out[op++] = 2 | ((length - 1) << 2);
  out[op++] = offset & 0xff;
  out[op++] = offset >> 8;
  return op;
}

function decompress(data: Uint8Array, sizeBytes: number): Uint8Array {
  let ip = 0;
  let announced = 0;
  for (let scale = 1; ; scale *= 128) {
    if (ip >= data.length || ip === 5) throw new FormatError('snappy: a length in 1 to 5 bytes expected', ip);
    const byte = data[ip++];
    announced += (byte & 0x7f) * scale;
    if (byte < 0x80) break;
  }
  if (announced !== sizeBytes) {
    throw new FormatError(`snappy: ${sizeBytes} bytes expected, ${announced} are announced`, 0);
  }
  const out = new Uint8Array(sizeBytes);
  const words = viewOf(out);
  let op = 0;
  while (ip < data.length) {
    const tagAt = ip;
    const tag = data[ip++];
    let length: number;
    let offset: number;
    switch (tag & 3) {
      case 0: {
        length = tag >> 2;
        if (length >= 60) {
          const extra = length - 59;
          length = 0;
          for (let i = 0; i < extra; i++) length += data[ip + i] * 256 ** i;
          ip += extra;
        }
        length++;
        // A length byte that is missing makes this NaN, and the comparison false.
        if (!(ip + length <= data.length && op + length <= sizeBytes)) {
          throw new FormatError('snappy: a literal runs over the end', tagAt);
        }
        if (length > SHORT_BYTES) out.set(data.subarray(ip, ip + length), op);
        else for (let i = 0; i < length; i++) out[op + i] = data[ip + i];
        ip += length;
        op += length;
        continue;
      }
      case 1:
        length = ((tag >> 2) & 7) + 4;
        offset = ((tag >> 5) << 8) | data[ip++];
        break;
      case 2:
        length = (tag >> 2) + 1;
        offset = data[ip] | (data[ip + 1] << 8);
        ip += 2;
        break;
      default:
        length = (tag >> 2) + 1;
        offset = load32(data, ip) >>> 0;
        ip += 4;
    }
    if (ip > data.length || offset === 0 || offset > op || op + length > sizeBytes) {
      throw new FormatError('snappy: a copy points outside of the data', tagAt);
    }
    if (offset >= length && length > SHORT_BYTES) {
      out.copyWithin(op, op - offset, op - offset + length);
      op += length;
    } else {
      const end = op + length;
      let back = offset;
      if (offset < 4) {
        // Three bytes further on, the same bytes stand one period earlier too, four or more bytes back.
        for (const near = Math.min(op + 3, end); op < near; op++) out[op] = out[op - offset];
        back = offset === 3 ? 6 : 4;
      }
      for (; op + 4 <= end; op += 4) words.setInt32(op, words.getInt32(op - back));
      for (; op < end; op++) out[op] = out[op - offset];
    }
  }
  if (op !== sizeBytes) throw new FormatError(`snappy: ${sizeBytes} bytes expected, ${op} came out`, ip);
  return out;
}
