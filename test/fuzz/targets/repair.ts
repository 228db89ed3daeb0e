import { checksum } from '../../../core/format/checksum.ts';
import { INDEX_RECORD_BYTES, INDEX_SUPER_BYTES } from '../../../core/format/indexed-wdiff.ts';
import { PACK_HEADER_BYTES } from '../../../core/format/sorted-wdiff.ts';
import { WDIFF_HEADER_BYTES } from '../../../core/format/wdiff-header.ts';
import { WLOG_HEADER_BYTES } from '../../../core/format/wlog.ts';

/** Making check sums right again, as far as an input has the structure for it. */

/** Sets the check sum at `field` of the `size` bytes at `at`, when they are all there. */
export function fix(bytes: Uint8Array, at: number, size: number, field: number, salt = 0): void {
  if (at < 0 || field + 4 > size || at + size > bytes.length) return;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  view.setUint32(at + field, 0, true);
  view.setUint32(at + field, checksum(bytes.slice(at, at + size), salt), true);
}

function u16(bytes: Uint8Array, at: number): number {
  return at + 2 <= bytes.length ? bytes[at] | (bytes[at + 1] << 8) : 0;
}

/** The little-endian word at `at`, 0 behind the end. */
export function u32(bytes: Uint8Array, at: number): number {
  return (u16(bytes, at) | (u16(bytes, at + 2) << 16)) >>> 0;
}

/** A wlog: header, packs one behind the other as their sizes say, data of every record. */
export function fixWlog(bytes: Uint8Array): void {
  fix(bytes, 0, WLOG_HEADER_BYTES, 8);
  const [salt, pbs] = [u32(bytes, 12), u32(bytes, 20)];
  if (pbs < 512 || pbs > 65536) return;
  for (let at = WLOG_HEADER_BYTES; at + pbs <= bytes.length; ) {
    const count = Math.min(u16(bytes, at + 16), Math.floor((pbs - 24) / 32));
    for (let i = 0; i < count; i++) {
      const record = at + 24 + 32 * i;
      const data = at + u16(bytes, record + 20) * pbs;
      const size = u32(bytes, record + 16) * 512;
      if ((bytes[record + 4] & 6) !== 0 || data + size > bytes.length) continue;
      const sum = checksum(bytes.slice(data, data + size), salt);
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(record, sum, true);
    }
    fix(bytes, at, pbs, 0, salt);
    at += (1 + u16(bytes, at + 6)) * pbs;
  }
}

/** A sorted wdiff: header, packs one behind the other as their sizes say, data of every record. */
export function fixSortedWdiff(bytes: Uint8Array): void {
  fix(bytes, 0, WDIFF_HEADER_BYTES, 0);
  for (let at = WDIFF_HEADER_BYTES; at + PACK_HEADER_BYTES <= bytes.length; ) {
    const count = Math.min(127, u16(bytes, at + 4));
    for (let i = 0; i < count; i++) {
      const record = at + 16 + 32 * i;
      const data = at + PACK_HEADER_BYTES + u32(bytes, record + 16);
      const size = u32(bytes, record + 20);
      if (data + size > bytes.length) continue;
      const sum = checksum(bytes.slice(data, data + size), 0);
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(record + 24, sum, true);
    }
    fix(bytes, at, PACK_HEADER_BYTES, 0);
    at += PACK_HEADER_BYTES + u32(bytes, at + 8);
  }
}

/** An indexed wdiff: header, index records and their data, super. */
export function fixIndexedWdiff(bytes: Uint8Array): void {
  fix(bytes, 0, WDIFF_HEADER_BYTES, 0);
  const superAt = bytes.length - INDEX_SUPER_BYTES;
  if (superAt < WDIFF_HEADER_BYTES) return;
  const indexAt = u32(bytes, superAt);
  for (let at = indexAt; at + INDEX_RECORD_BYTES <= superAt; at += INDEX_RECORD_BYTES) {
    const [data, size] = [u32(bytes, at + 16), u32(bytes, at + 24)];
    if (data + size <= bytes.length && (bytes[at + 12] & 6) === 0) {
      new DataView(bytes.buffer, bytes.byteOffset).setUint32(
        at + 40,
        checksum(bytes.slice(data, data + size), 0),
        true,
      );
    }
    fix(bytes, at, INDEX_RECORD_BYTES, 44);
  }
  fix(bytes, superAt, INDEX_SUPER_BYTES, 20);
}

/** A queue file: both headers, records one behind the other. */
export function fixQueueFile(bytes: Uint8Array): void {
  fix(bytes, 0, 28, 4);
  fix(bytes, 28, 28, 4);
  const salt = u32(bytes, 8);
  const [begin, end] = [u32(bytes, 12), u32(bytes, 20)];
  for (let at = begin; at < end && 56 + at + 16 <= bytes.length; ) {
    const size = u32(bytes, 56 + at + 8);
    const data = 56 + at + 16;
    if (data + size > bytes.length) return;
    new DataView(bytes.buffer, bytes.byteOffset).setUint32(
      56 + at + 4,
      checksum(bytes.slice(data, data + size), salt),
      true,
    );
    at += 16 + size;
  }
}
