/**
 * Little-endian access to fixed layouts: what every file of core/format needs to read and write its table of
 * offsets. See docs/formats.md, "Conventions".
 */
import { FormatError } from '../errors.ts';

const TWO_POW_32 = 0x1_0000_0000;
/** Largest high word of a 64-bit value that is still a safe integer. */
const MAX_SAFE_HIGH = 0x1f_ffff;
const ALL_ONES_32 = 0xffff_ffff;
const MAX_U32 = 0xffff_ffff;

/** All ones in 64 bits, as the tools print it: "none", "unknown" or "unbounded". */
export const ALL_ONES_TEXT = '18446744073709551615';

/** A DataView of exactly these bytes. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/**
 * The u64 made of two u32 words; null for all ones. Throws FormatError for any other value above 2^53-1,
 * naming `what` and the offset `at`.
 */
export function u64FromWords(low: number, high: number, what: string, at: number): number | null {
  if (high <= MAX_SAFE_HIGH) return high * TWO_POW_32 + low;
  if (high === ALL_ONES_32 && low === ALL_ONES_32) return null;
  const hex = high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0');
  throw new FormatError(`${what} must be at most 2^53-1 or all ones, got 0x${hex}`, at);
}

/** Reads a u64 at `at`: null for all ones, FormatError for anything else above 2^53-1. */
export function getU64(view: DataView, at: number, what: string): number | null {
  return u64FromWords(view.getUint32(at, true), view.getUint32(at + 4, true), what, at);
}

/** Reads a u64 that must be a number: FormatError above 2^53-1, all ones included. */
export function getU64Number(view: DataView, at: number, what: string): number {
  const value = getU64(view, at, what);
  if (value === null) throw new FormatError(`${what} must be a number, got all ones`, at);
  return value;
}

/** Writes a u64; null is all ones. Throws FormatError unless an integer of 0..2^53-1. */
export function setU64(view: DataView, at: number, value: number | null, what: string): void {
  if (value === null) {
    view.setUint32(at, ALL_ONES_32, true);
    view.setUint32(at + 4, ALL_ONES_32, true);
    return;
  }
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new FormatError(`${what} must be an integer of 0 to 2^53-1, got ${value}`, at);
  }
  view.setUint32(at, value % TWO_POW_32, true);
  view.setUint32(at + 4, Math.floor(value / TWO_POW_32), true);
}

/** Throws FormatError unless `value` is an integer of `low`..`high`. */
export function checkRange(value: number, low: number, high: number, what: string, at = 0): void {
  if (!Number.isInteger(value) || value < low || value > high) {
    throw new FormatError(`${what} must be an integer of ${low} to ${high}, got ${value}`, at);
  }
}

/** Throws FormatError unless `value` fits in 32 bits without sign. */
export function checkU32(value: number, what: string, at = 0): void {
  checkRange(value, 0, MAX_U32, what, at);
}

/** Decimal text of a u64 field; null (all ones) as the tools print it. */
export function u64Text(value: number | null): string {
  return value === null ? ALL_ONES_TEXT : String(value);
}

/** Eight lower-case hex digits of a u32. */
export function hex32(value: number): string {
  return (value >>> 0).toString(16).padStart(8, '0');
}

const HEX_OF_BYTE: readonly string[] = Array.from({ length: 256 }, (_, byte) =>
  byte.toString(16).padStart(2, '0'),
);

/** Lower-case hex digits of bytes, in byte order. */
export function hexOf(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i++) text += HEX_OF_BYTE[bytes[i] as number];
  return text;
}
