import { FormatError } from '../errors.ts';
import { decodePackHeader, PACK_HEADER_BYTES, type PackHeader } from '../format/sorted-wdiff.ts';
import type { Uuid } from '../format/uuid.ts';
import { decodeWdiffHeader, WDIFF_HEADER_BYTES, type WdiffHeader } from '../format/wdiff-header.ts';
import { endLb, type WdiffIo, type WdiffRecord } from '../format/wdiff-record.ts';
import { countWdiffIo, newWdiffStatistics, type WdiffStatistics } from '../format/wdiff-text.ts';
import { KIB, type Lb, LOGICAL_BLOCK_BYTES } from '../units.ts';
import type { CodecPool } from '../world/codec.ts';
import { BufferedReader, type ByteSource } from './byte-stream.ts';
import { decompressIos, READ_BATCH_BYTES } from './io-codec.ts';
import { checkPackSize, type PackImage, storedIo } from './pack-image.ts';
import { decodeAt, placedError } from './placed-error.ts';
import { checkImageSize, type PlainIo } from './plain-io.ts';
import { type MergeIo, wholePiece } from './stored-io.ts';
import type { WdiffInput } from './wdiff-input.ts';

/** What the end of a sorted wdiff must look like. */
export interface SortedReaderOptions {
  /**
   * Whether the end pack must be there; the default. Else the end of the stream where a pack header should be, even
   * within it, is a normal end, as the original takes it, and a cut file goes unnoticed.
   */
  readonly requireEnd?: boolean;
  /** Whether `forget` will be called for what `nextStored` gave, so that memory is used again; the default is not. */
  readonly forgets?: boolean;
  /** What becomes of errors that show later than at reading, so that they say of which input they are. */
  readonly describeError?: (error: unknown) => unknown;
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
  /** Of the present pack. */
  #records: readonly WdiffRecord[] = [];
  #recordAt = 0;

  /** For a stream whose file header was read already. */
  constructor(header: WdiffHeader, reader: BufferedReader, options: SortedReaderOptions = {}) {
    if (header.type !== 'sorted') throw new FormatError('Invalid type: a sorted wdiff expected');
    this.header = header;
    this.#reader = reader;
    this.#requireEnd = options.requireEnd ?? true;
  }

  /** Bytes read so far; exact between two IOs. */
  get offset(): number {
    return this.#reader.offset;
  }

  /** Says that what was read of the first `beforeBytes` bytes is not used any more. */
  forget(beforeBytes: number): void {
    this.#reader.forget(beforeBytes);
  }

  /** The next pack as a whole, or null at the end. Passes over IOs of the pack before that were not read. */
  async next(): Promise<PackImage | null> {
    const pack = await this.#nextHeader();
    if (pack === null) return null;
    const ios: WdiffIo[] = [];
    for (let io = await this.nextIo(); io !== null; io = await this.nextIo()) ios.push(io);
    return { header: pack.header, ios, sizeBytes: PACK_HEADER_BYTES + pack.totalSizeBytes };
  }

  /** Goes on to the next pack, whose IOs `nextIo` then gives; false at the end. */
  async nextPack(): Promise<boolean> {
    return (await this.#nextHeader()) !== null;
  }

  /** The next IO of the present pack, verified; null when there is no more. */
  async nextIo(): Promise<WdiffIo | null> {
    const record: WdiffRecord | undefined = this.#records[this.#recordAt];
    if (record === undefined) return null;
    this.#recordAt++;
    const size = record.dataSizeBytes;
    const data = this.#reader.tryRead(size) ?? (await this.#reader.read(size));
    return decodeAt(this.#reader.offset - size, () => storedIo(record, data));
  }

  async #nextHeader(): Promise<{ header: Uint8Array; totalSizeBytes: number } | null> {
    if (this.#ended) return null;
    while ((await this.nextIo()) !== null);
    const header =
      this.#reader.tryRead(PACK_HEADER_BYTES) ?? (await this.#reader.readWhole(PACK_HEADER_BYTES));
    if (header === null && this.#requireEnd) {
      throw new FormatError('eof error: a pack or the end pack expected', this.#reader.offset);
    }
    const at = this.#reader.offset - PACK_HEADER_BYTES;
    const pack = header === null ? null : decodeAt(at, () => decodePackHeader(header));
    if (header === null || pack === null || pack.end) {
      this.#ended = true;
      return null;
    }
    decodeAt(at, () => this.#checkRecords(pack));
    this.#records = pack.records;
    this.#recordAt = 0;
    return { header, totalSizeBytes: pack.totalSizeBytes };
  }

  #checkRecords(pack: PackHeader): void {
    checkPackSize(pack);
    for (const record of pack.records) {
      if (record.addressLb < this.#endLb) {
        throw new FormatError('Invalid wdiff: IOs must be sorted and not overlapped each other.');
      }
      this.#endLb = endLb(record);
      checkImageSize(record.kind, record.sizeLb);
    }
  }
}

/** Bytes after which it is noted how far was read. */
const MARK_BYTES = 64 * KIB;

/** Reads the IOs of a sorted wdiff, decompressed about a MiB at a time. */
export class SortedWdiffInput implements WdiffInput {
  readonly type = 'sorted';
  readonly statistics: WdiffStatistics = { ...newWdiffStatistics(), wdiffCount: 1 };
  readonly #packs: SortedPackReader;
  readonly #pool: CodecPool;
  readonly #forgets: boolean;
  readonly #describeError: (error: unknown) => unknown;
  /** Where the present batch begins. */
  #batchOffset = 0;
  #plain: readonly PlainIo[] = [];
  #plainAt = 0;
  #dataSizeBytes = 0;
  /** Where the last IO ended. */
  #readLb: Lb = 0;
  /** Up to where `nextStored` had read, in addresses and in the file, here and there: what `forget` has not passed, oldest first. */
  readonly #marks: { readonly lb: Lb; readonly bytes: number }[] = [];
  #markedBytes = 0;

  constructor(packs: SortedPackReader, pool: CodecPool, options: SortedReaderOptions = {}) {
    this.#packs = packs;
    this.#pool = pool;
    this.#forgets = options.forgets ?? false;
    this.#describeError = options.describeError ?? ((error) => error);
  }

  get uuid(): Uuid {
    return this.#packs.header.uuid;
  }

  async next(): Promise<PlainIo | null> {
    while (this.#plainAt === this.#plain.length) {
      this.#plain = await this.#decompress(await this.#readBatch());
      this.#plainAt = 0;
      this.statistics.dataSizeBytes = this.#dataSizeBytes;
      if (this.#plain.length === 0 && !(await this.#packs.nextPack())) return null;
    }
    const io = this.#plain[this.#plainAt++];
    countWdiffIo(this.statistics, io.kind, io.sizeLb);
    return io;
  }

  async nextStored(): Promise<MergeIo | null> {
    if (this.#forgets && this.#packs.offset - this.#markedBytes >= MARK_BYTES) {
      this.#markedBytes = this.#packs.offset;
      this.#marks.push({ lb: this.#readLb, bytes: this.#markedBytes });
    }
    let io = await this.#packs.nextIo();
    while (io === null) {
      this.statistics.dataSizeBytes = this.#dataSizeBytes;
      if (!(await this.#packs.nextPack())) return null;
      io = await this.#packs.nextIo();
    }
    const { addressLb, sizeLb, kind, compression, data, checksum } = io;
    this.#readLb = addressLb + sizeLb;
    this.#dataSizeBytes += data.length;
    countWdiffIo(this.statistics, kind, sizeLb);
    if (kind !== 'normal') return { addressLb, sizeLb, kind, data };
    const at = this.#packs.offset - data.length;
    const placed = (error: unknown) => this.#describeError(placedError(error, at));
    const pool = this.#pool;
    return wholePiece({ addressLb, sizeLb, compression, data, checksum, pool, placedError: placed });
  }

  forget(beforeLb: Lb): void {
    let bytes = 0;
    while (this.#marks.length > 0 && this.#marks[0].lb <= beforeLb) bytes = this.#marks.shift()?.bytes ?? 0;
    if (bytes > 0) this.#packs.forget(bytes);
  }

  async #decompress(batch: readonly WdiffIo[]): Promise<PlainIo[]> {
    try {
      return await decompressIos(batch, this.#pool);
    } catch (error) {
      // Check sums were right, so whoever wrote it is at fault; the place is that of the batch.
      throw placedError(error, this.#batchOffset);
    }
  }

  /** Stored IOs of the present pack, none at its end. */
  async #readBatch(): Promise<WdiffIo[]> {
    const batch: WdiffIo[] = [];
    this.#batchOffset = this.#packs.offset;
    for (let bytes = 0; bytes < READ_BATCH_BYTES; ) {
      const io = await this.#packs.nextIo();
      if (io === null) break;
      batch.push(io);
      this.#dataSizeBytes += io.data.length;
      if (io.kind === 'normal') bytes += io.sizeLb * LOGICAL_BLOCK_BYTES;
    }
    return batch;
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
  return new SortedWdiffInput(await openSortedPacks(source, options), pool, options);
}
