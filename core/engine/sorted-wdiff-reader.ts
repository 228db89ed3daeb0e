import { FormatError } from '../errors.ts';
import { decodePackHeader, PACK_HEADER_BYTES } from '../format/sorted-wdiff.ts';
import type { Uuid } from '../format/uuid.ts';
import { decodeWdiffHeader, WDIFF_HEADER_BYTES, type WdiffHeader } from '../format/wdiff-header.ts';
import { endLb, type WdiffIo } from '../format/wdiff-record.ts';
import { countWdiffIo, newWdiffStatistics, type WdiffStatistics } from '../format/wdiff-text.ts';
import { type Lb, LOGICAL_BLOCK_BYTES } from '../units.ts';
import type { CodecPool } from '../world/codec.ts';
import { BufferedReader, type ByteSource } from './byte-stream.ts';
import { BATCH_BYTES, decompressIos } from './io-codec.ts';
import { checkPackSize, type PackImage, storedIo } from './pack-image.ts';
import { checkImageSize, type PlainIo } from './plain-io.ts';
import type { WdiffInput } from './wdiff-input.ts';

export interface SortedReaderOptions {
  /**
   * Whether the end pack must be there; the default. Else the end of the stream where a pack header should be, even
   * within it, is a normal end, as the original takes it, and a cut file goes unnoticed.
   */
  readonly requireEnd?: boolean;
}

/**
 * Reads the packs of a sorted wdiff and verifies them: headers, check sums of the data, order within and across packs.
 * Throws FormatError. See docs/formats.md, "Sorted wdiff".
 */
export class SortedPackReader {
  readonly header: WdiffHeader;
  readonly #reader: BufferedReader;
  readonly #requireEnd: boolean;
  #endLb: Lb = 0;
  #ended = false;

  /** For a stream whose file header was read already. */
  constructor(header: WdiffHeader, reader: BufferedReader, options: SortedReaderOptions = {}) {
    if (header.type !== 'sorted') throw new FormatError('Invalid type: a sorted wdiff expected');
    this.header = header;
    this.#reader = reader;
    this.#requireEnd = options.requireEnd ?? true;
  }

  /** The next pack, or null at the end. */
  async next(): Promise<PackImage | null> {
    if (this.#ended) return null;
    const header =
      this.#reader.tryRead(PACK_HEADER_BYTES) ?? (await this.#reader.readWhole(PACK_HEADER_BYTES));
    if (header === null) {
      if (this.#requireEnd) {
        throw new FormatError('eof error: a pack or the end pack expected', this.#reader.offset);
      }
      this.#ended = true;
      return null;
    }
    const pack = decodePackHeader(header);
    if (pack.end) {
      this.#ended = true;
      return null;
    }
    checkPackSize(pack);
    const ios: WdiffIo[] = [];
    for (const record of pack.records) {
      if (record.addressLb < this.#endLb) {
        throw new FormatError('Invalid wdiff: IOs must be sorted and not overlapped each other.');
      }
      this.#endLb = endLb(record);
      checkImageSize(record.kind, record.sizeLb);
      const size = record.dataSizeBytes;
      ios.push(storedIo(record, this.#reader.tryRead(size) ?? (await this.#reader.read(size))));
    }
    return { header, ios, sizeBytes: PACK_HEADER_BYTES + pack.totalSizeBytes };
  }
}

/** Reads the IOs of a sorted wdiff, decompressed a few MiB at a time. */
export class SortedWdiffInput implements WdiffInput {
  readonly type = 'sorted';
  readonly statistics: WdiffStatistics = { ...newWdiffStatistics(), wdiffCount: 1, dataSizeBytes: 0 };
  readonly #packs: SortedPackReader;
  readonly #pool: CodecPool;
  #stored: readonly WdiffIo[] = [];
  #storedAt = 0;
  #plain: readonly PlainIo[] = [];
  #plainAt = 0;
  #dataSizeBytes = 0;

  constructor(packs: SortedPackReader, pool: CodecPool) {
    this.#packs = packs;
    this.#pool = pool;
  }

  get uuid(): Uuid {
    return this.#packs.header.uuid;
  }

  async next(): Promise<PlainIo | null> {
    if (this.#plainAt === this.#plain.length && !(await this.#load())) return null;
    const io = this.#plain[this.#plainAt++];
    countWdiffIo(this.statistics, io.kind, io.sizeLb);
    return io;
  }

  /** Decompresses the next batch; false at the end. */
  async #load(): Promise<boolean> {
    if (this.#storedAt === this.#stored.length) {
      const pack = await this.#packs.next();
      if (pack === null) return false;
      this.#stored = pack.ios;
      this.#storedAt = 0;
      for (const io of pack.ios) this.#dataSizeBytes += io.data.length;
      this.statistics.dataSizeBytes = this.#dataSizeBytes;
    }
    const from = this.#storedAt;
    let bytes = 0;
    do {
      const io = this.#stored[this.#storedAt++];
      if (io.kind === 'normal') bytes += io.sizeLb * LOGICAL_BLOCK_BYTES;
    } while (this.#storedAt < this.#stored.length && bytes < BATCH_BYTES);
    this.#plain = await decompressIos(this.#stored.slice(from, this.#storedAt), this.#pool);
    this.#plainAt = 0;
    return true;
  }
}

/** Begins to read the packs of a sorted wdiff. Throws FormatError for an invalid header or an indexed wdiff. */
export async function openSortedPacks(
  source: ByteSource,
  options: SortedReaderOptions = {},
): Promise<SortedPackReader> {
  const reader = new BufferedReader(source);
  const header = decodeWdiffHeader(await reader.read(WDIFF_HEADER_BYTES));
  return new SortedPackReader(header, reader, options);
}

/** Begins to read the IOs of a sorted wdiff. Throws FormatError for an invalid header or an indexed wdiff. */
export async function openSortedWdiff(
  source: ByteSource,
  pool: CodecPool,
  options: SortedReaderOptions = {},
): Promise<SortedWdiffInput> {
  return new SortedWdiffInput(await openSortedPacks(source, options), pool);
}
