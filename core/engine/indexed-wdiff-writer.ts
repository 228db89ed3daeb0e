import {
  DEFAULT_MAX_PIECE_LB,
  encodeIndexSuper,
  indexPaddingBytes,
  WdiffIndex,
} from '../format/indexed-wdiff.ts';
import type { Uuid } from '../format/uuid.ts';
import { encodeWdiffHeader, WDIFF_HEADER_BYTES } from '../format/wdiff-header.ts';
import { recordOfIo } from '../format/wdiff-record.ts';
import type { Lb } from '../units.ts';
import type { CodecPool } from '../world/codec.ts';
import { type ByteSink, writePieces } from './byte-stream.ts';
import { BATCH_BYTES, type CompressionOption, type LentIos, lendCompressedIos } from './io-codec.ts';
import type { PlainIo } from './plain-io.ts';

/** How an indexed wdiff is written. */
export interface IndexedWriterOptions {
  readonly compression: CompressionOption;
  readonly pool: CodecPool;
  /** Pieces of the index have at most this size; 0 = no limit. The default is 2048. */
  readonly maxPieceLb?: Lb;
  /** Batches that are being compressed while the next one fills up; at least 1. The default is 2. */
  readonly maxBatchesInFlight?: number;
}

/** IOs in one batch of compression jobs at most. */
const BATCH_IOS = 256;

/**
 * Writes an indexed wdiff: images in the order of adding, then the index. IOs may come in any order, the newest
 * wins. Only the index is kept in memory. Without `close` the file has no index and cannot be read. Nothing is
 * synced. See docs/formats.md, "Indexed wdiff".
 */
export class IndexedWdiffWriter {
  readonly #sink: ByteSink;
  readonly #options: IndexedWriterOptions;
  readonly #index: WdiffIndex;
  #offset = WDIFF_HEADER_BYTES;
  #filling: PlainIo[] = [];
  #fillingBytes = 0;
  /** Oldest first. */
  readonly #inFlight: Promise<LentIos>[] = [];
  /** The write that is under way while the next batch is made. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(sink: ByteSink, options: IndexedWriterOptions) {
    this.#sink = sink;
    this.#options = options;
    this.#index = new WdiffIndex(options.maxPieceLb ?? DEFAULT_MAX_PIECE_LB);
  }

  /** Writes the header. */
  static async open(sink: ByteSink, uuid: Uuid, options: IndexedWriterOptions): Promise<IndexedWdiffWriter> {
    await sink.write(encodeWdiffHeader({ type: 'indexed', uuid }));
    return new IndexedWdiffWriter(sink, options);
  }

  /** Bytes written so far, of what was compressed already. */
  get sizeBytes(): number {
    return this.#offset;
  }

  /** Adds an IO that is newer than all others; its data must stay unchanged until `close`. */
  async add(io: PlainIo): Promise<void> {
    this.#filling.push(io);
    this.#fillingBytes += io.data.length;
    if (this.#filling.length >= BATCH_IOS || this.#fillingBytes >= BATCH_BYTES) await this.#push();
  }

  /** Writes what is left, the index and its super. */
  async close(): Promise<void> {
    await this.#push();
    while (this.#inFlight.length > 0) await this.#writeOldest();
    await this.#writing;
    const padding = indexPaddingBytes(this.#offset);
    if (padding > 0) await this.#sink.write(new Uint8Array(padding));
    for (const piece of this.#index.encodedRecords()) await this.#sink.write(piece);
    const { recordCount, ioCount } = this.#index;
    await this.#sink.write(
      encodeIndexSuper({ indexOffsetBytes: this.#offset + padding, recordCount, ioCount }),
    );
  }

  async #push(): Promise<void> {
    const { compression, pool, maxBatchesInFlight = 2 } = this.#options;
    if (this.#filling.length === 0) return;
    const batch = lendCompressedIos(this.#filling, compression, pool);
    // Nobody may be waiting for it yet when it fails; whoever waits later still sees the error.
    batch.catch(() => undefined);
    this.#inFlight.push(batch);
    this.#filling = [];
    this.#fillingBytes = 0;
    while (this.#inFlight.length > maxBatchesInFlight) await this.#writeOldest();
  }

  async #writeOldest(): Promise<void> {
    const batch = await this.#inFlight.shift();
    if (batch === undefined) return;
    const pieces: Uint8Array[] = [];
    for (const io of batch.ios) {
      this.#index.add(recordOfIo(io, this.#offset));
      if (io.data.length > 0) pieces.push(io.data);
      this.#offset += io.data.length;
    }
    await this.#writing;
    this.#writing = writePieces(this.#sink, pieces).then(batch.giveBack);
    // Nobody may be waiting for it yet when it fails; whoever waits later still sees the error.
    this.#writing.catch(() => undefined);
  }
}
