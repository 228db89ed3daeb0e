import { compressIos } from '../engine/io-codec.ts';
import { type PackImage, packImageOf } from '../engine/pack-image.ts';
import type { PlainIo } from '../engine/plain-io.ts';
import { FormatError } from '../errors.ts';
import { checksum } from '../format/checksum.ts';
import {
  decodePackHeader,
  fitsPack,
  MAX_PACK_DATA_BYTES,
  PACK_HEADER_BYTES,
} from '../format/sorted-wdiff.ts';
import { endLb, type WdiffRecord } from '../format/wdiff-record.ts';
import type { CompressOpt } from '../snapshot/host-info.ts';
import type { Lb } from '../units.ts';
import type { CodecPool } from '../world/index.ts';
import { effectiveLevel } from './settings.ts';

/** Packs as they travel: a header block and the stored data of its records. See docs/formats.md, "Sorted wdiff". */

/** Largest pack on the wire. */
export const MAX_PACK_BYTES = PACK_HEADER_BYTES + MAX_PACK_DATA_BYTES;

/** Collects uncompressed IOs in ascending order until a pack is full. */
export class PackBuilder {
  #ios: PlainIo[] = [];
  #sizeBytes = 0;

  get isEmpty(): boolean {
    return this.#ios.length === 0;
  }

  /** Address of the first IO. Only when not empty. */
  get firstAddressLb(): Lb {
    return this.#ios[0].addressLb;
  }

  /** Whether an IO of `sizeBytes` of uncompressed data may join. */
  fits(sizeBytes: number): boolean {
    return fitsPack(this.#ios.length, this.#sizeBytes, sizeBytes);
  }

  add(io: PlainIo): void {
    this.#ios.push(io);
    this.#sizeBytes += io.data.length;
  }

  /** The IOs collected; the builder is empty afterwards. */
  take(): PlainIo[] {
    const ios = this.#ios;
    this.#ios = [];
    this.#sizeBytes = 0;
    return ios;
  }
}

/**
 * Makes one pack: each normal IO is compressed on its own and kept as it is when that does not make it
 * smaller.
 */
export async function compressPack(
  ios: readonly PlainIo[],
  opt: CompressOpt,
  codecs: CodecPool,
): Promise<PackImage> {
  return packImageOf(await compressIos(ios, { type: opt.type, level: effectiveLevel(opt) }, codecs));
}

/** Divides a stream of ascending IOs into compressed packs, in order. */
export async function* packIos(
  ios: AsyncIterable<PlainIo> | Iterable<PlainIo>,
  opt: CompressOpt,
  codecs: CodecPool,
): AsyncGenerator<PackImage> {
  const builder = new PackBuilder();
  for await (const io of ios) {
    if (!builder.fits(io.data.length)) yield await compressPack(builder.take(), opt, codecs);
    builder.add(io);
  }
  if (!builder.isEmpty) yield await compressPack(builder.take(), opt, codecs);
}

/**
 * Checks a received header block against the size that was announced and against the packs before it. Throws
 * FormatError unless it is whole, begins at or behind `fromLb` and ends at or before `limitLb` (null: no limit).
 */
export function checkPackHeader(
  header: Uint8Array,
  sizeBytes: number,
  fromLb: Lb,
  limitLb: Lb | null,
): readonly WdiffRecord[] {
  const { records, totalSizeBytes, end } = decodePackHeader(header);
  if (end) throw new FormatError('a pack with records is expected, got the end pack of a file');
  if (totalSizeBytes !== sizeBytes - PACK_HEADER_BYTES) {
    throw new FormatError(
      `invalid pack size: ${sizeBytes - PACK_HEADER_BYTES} bytes were announced, the header says ${totalSizeBytes}`,
    );
  }
  if (records[0].addressLb < fromLb) {
    throw new FormatError(`packs must not go back: ${fromLb} was reached, got ${records[0].addressLb}`);
  }
  const last = endLb(records[records.length - 1]);
  if (limitLb !== null && last > limitLb) {
    throw new FormatError(`the volume ends at ${limitLb}, a record at ${last}`);
  }
  return records;
}

/** Throws FormatError unless every record's stored bytes have its checksum. */
export function checkPackData(records: readonly WdiffRecord[], data: Uint8Array): void {
  for (const record of records) {
    if (record.kind !== 'normal') continue;
    const at = record.dataOffsetBytes;
    const found = checksum(data.subarray(at, at + record.dataSizeBytes), 0);
    if (found !== record.checksum) {
      throw new FormatError(
        `invalid checksum: the record at ${record.addressLb} must have ${record.checksum}, got ${found}`,
        PACK_HEADER_BYTES + at,
      );
    }
  }
}
