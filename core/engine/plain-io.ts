import { FormatError } from '../errors.ts';
import { resalted } from '../format/checksum.ts';
import type { LogRecord } from '../format/logpack.ts';
import type { RecordKind } from '../format/wdiff-record.ts';
import { type Lb, LOGICAL_BLOCK_BYTES, MIB } from '../units.ts';

/**
 * IOs while the engine works on them: uncompressed, without check sums. Data are views into whatever was read or
 * decompressed; nobody writes into them.
 */
export interface PlainIo {
  readonly addressLb: Lb;
  /** At least 1. */
  readonly sizeLb: Lb;
  readonly kind: RecordKind;
  /** `sizeLb * 512` bytes; empty unless normal. */
  readonly data: Uint8Array;
  /** Check sum of `data`, salt 0, where somebody had it; need not be there. */
  readonly plainChecksum?: number;
}

/** IOs that are pulled one after the other, ascending by address and without overlap. */
export interface IoStream {
  /** The next IO, or null at the end. One call at a time. */
  next(): Promise<PlainIo | null>;
}

/**
 * The largest image that is decompressed or held as one piece. Logs have IOs of less than 32 MiB and transfers of
 * at most 4 MiB; the limit keeps damaged sizes from taking all memory.
 */
export const MAX_IMAGE_BYTES = 64 * MIB;

/** The data of a zero or discard IO. */
export const NO_DATA: Uint8Array = new Uint8Array(0);

/** The part of an IO from `beginLb` to `endLb`, both absolute and inside of it. */
export function cutIo(io: PlainIo, beginLb: Lb, endLb: Lb): PlainIo {
  if (beginLb === io.addressLb && endLb === io.addressLb + io.sizeLb) return io;
  const data =
    io.kind === 'normal'
      ? io.data.subarray(
          (beginLb - io.addressLb) * LOGICAL_BLOCK_BYTES,
          (endLb - io.addressLb) * LOGICAL_BLOCK_BYTES,
        )
      : NO_DATA;
  return { addressLb: beginLb, sizeLb: endLb - beginLb, kind: io.kind, data };
}

/** Whether all bytes are zero. */
export function isAllZero(bytes: Uint8Array): boolean {
  let at = 0;
  if (bytes.byteOffset % 4 === 0) {
    const words = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
    for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
    at = words.length * 4;
  }
  for (; at < bytes.length; at++) if (bytes[at] !== 0) return false;
  return true;
}

/**
 * What a log record becomes in a diff: padding nothing, a discard a discard, all zeros a zero IO, else normal.
 * `data` may be longer than the IO (rounded up to physical blocks); it is not copied. `salt` is that of the record's
 * check sum, which the data must have. See docs/formats.md.
 */
export function plainIoOfLog(record: LogRecord, data: Uint8Array, salt: number): PlainIo | null {
  const { offsetLb: addressLb, sizeLb } = record;
  if (record.kind === 'padding') return null;
  if (record.kind === 'discard') return { addressLb, sizeLb, kind: 'discard', data: NO_DATA };
  const exact = data.subarray(0, sizeLb * LOGICAL_BLOCK_BYTES);
  return isAllZero(exact)
    ? { addressLb, sizeLb, kind: 'zero', data: NO_DATA }
    : { addressLb, sizeLb, kind: 'normal', data: exact, plainChecksum: resalted(record.checksum, salt) };
}

/** Throws FormatError when the data of a normal IO would take more than the limit of one image. */
export function checkImageSize(kind: RecordKind, sizeLb: Lb): void {
  if (kind === 'normal' && sizeLb * LOGICAL_BLOCK_BYTES > MAX_IMAGE_BYTES) {
    throw new FormatError(`a normal IO must have at most ${MAX_IMAGE_BYTES} bytes, got ${sizeLb} blocks`);
  }
}
