import { FormatError } from '../errors.ts';
import { END_PACK } from '../format/sorted-wdiff.ts';
import type { Uuid } from '../format/uuid.ts';
import { encodeWdiffHeader } from '../format/wdiff-header.ts';
import type { Lb } from '../units.ts';
import { type ByteSink, writePieces } from './byte-stream.ts';
import type { PassedIo } from './io-codec.ts';
import { type LentPack, Packer, type PackerOptions, packPieces } from './pack-image.ts';
import type { IoStream, PlainIo } from './plain-io.ts';

/**
 * Writes a sorted wdiff: header, packs, end pack. Without `close` the file has no end pack, so that a file that was
 * given up never looks complete. Nothing is synced. See docs/formats.md, "Sorted wdiff".
 */
export class SortedWdiffWriter {
  readonly #sink: ByteSink;
  readonly #packer: Packer;
  #endLb: Lb = 0;
  #writtenLb: Lb = 0;
  #dataSizeBytes = 0;
  /** The write that is under way while the next pack is made. */
  #writing: Promise<void> = Promise.resolve();

  private constructor(sink: ByteSink, options: PackerOptions) {
    this.#sink = sink;
    this.#packer = new Packer(options, (lent) => this.#write(lent));
  }

  /** Writes the header. */
  static async open(sink: ByteSink, uuid: Uuid, options: PackerOptions): Promise<SortedWdiffWriter> {
    await sink.write(encodeWdiffHeader({ type: 'sorted', uuid }));
    return new SortedWdiffWriter(sink, options);
  }

  /** IOs that end at or before it are written, and their data not used any more. */
  get writtenLb(): Lb {
    return this.#writtenLb;
  }

  /** Stored bytes of all IOs written so far. */
  get dataSizeBytes(): number {
    return this.#dataSizeBytes;
  }

  /** Adds an IO behind all others. Throws FormatError when it begins before the last one ends. */
  async add(io: PlainIo | PassedIo): Promise<void> {
    if (io.addressLb < this.#endLb) {
      throw new FormatError('Invalid wdiff: IOs must be sorted and not overlapped each other.');
    }
    this.#endLb = io.addressLb + io.sizeLb;
    await this.#packer.add(io);
  }

  /** Writes what is left and the end pack. */
  async close(): Promise<void> {
    await this.#packer.finish();
    await this.#writing;
    await this.#sink.write(END_PACK.slice());
  }

  async #write(lent: LentPack): Promise<void> {
    await this.#writing;
    this.#writing = this.#writePack(lent);
    // Nobody may be waiting for it yet when it fails; whoever waits later still sees the error.
    this.#writing.catch(() => undefined);
    for (const io of lent.pack.ios) this.#dataSizeBytes += io.data.length;
  }

  async #writePack({ pack, giveBack }: LentPack): Promise<void> {
    await writePieces(this.#sink, packPieces(pack));
    const last = pack.ios[pack.ios.length - 1];
    this.#writtenLb = last.addressLb + last.sizeLb;
    giveBack();
  }
}

/** Writes all IOs of a stream as a sorted wdiff. On an error the end pack is missing. */
export async function writeSortedWdiff(
  ios: IoStream,
  sink: ByteSink,
  uuid: Uuid,
  options: PackerOptions,
): Promise<void> {
  const writer = await SortedWdiffWriter.open(sink, uuid, options);
  for (let io = await ios.next(); io !== null; io = await ios.next()) await writer.add(io);
  await writer.close();
}
