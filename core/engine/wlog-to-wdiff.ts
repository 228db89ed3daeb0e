import { FormatError } from '../errors.ts';
import { type Uuid, uuidEquals, uuidToText, ZERO_UUID } from '../format/uuid.ts';
import { type Lb, type Lsid, MIB } from '../units.ts';
import type { CodecPool } from '../world/codec.ts';
import { BufferedReader, type ByteSink, type ByteSource } from './byte-stream.ts';
import { DiffMemory } from './diff-memory.ts';
import { IndexedWdiffWriter } from './indexed-wdiff-writer.ts';
import { SNAPPY } from './io-codec.ts';
import { type PlainIo, plainIoOfLog } from './plain-io.ts';
import { SortedWdiffWriter } from './sorted-wdiff-writer.ts';
import { openWlog, type WlogReader } from './wlog-reader.ts';

/**
 * The IOs of one or more wlogs that follow each other in one stream, in the order of time. Throws FormatError when a
 * wlog does not continue the one before, or an IO has a wrong check sum.
 */
export class LogIoStream {
  readonly #reader: BufferedReader;
  readonly #onWlogEnd: (lsid: Lsid) => void;
  readonly #requireEnd: boolean;
  #wlog: WlogReader | null = null;
  #uuid: Uuid | null = null;
  #lsid: Lsid = 0;

  /** `onWlogEnd` is called after each wlog with the lsid where it ended. */
  constructor(source: ByteSource, options: Pick<ConvertOptions, 'onWlogEnd' | 'requireEnd'> = {}) {
    this.#reader = new BufferedReader(source);
    this.#onWlogEnd = options.onWlogEnd ?? (() => undefined);
    this.#requireEnd = options.requireEnd === true;
  }

  /** Of the first wlog; null until its header was read, and when there is none. */
  get uuid(): Uuid | null {
    return this.#uuid;
  }

  /** Reads the first header, so that `uuid` is known. */
  async open(): Promise<void> {
    await this.#openNext();
  }

  /** Says that no data that were handed out are used any more, and their memory may serve again. */
  forget(): void {
    this.#reader.forget();
  }

  async next(): Promise<PlainIo | null> {
    while (this.#wlog !== null) {
      const log = await this.#wlog.nextIo();
      if (log !== null) {
        if (!log.isValid) {
          const at = this.#reader.offset - log.data.length;
          throw new FormatError(`readLog:invalid log IO:lsid ${log.record.lsid}`, at);
        }
        const io = plainIoOfLog(log.record, log.data, this.#wlog.header.salt);
        if (io !== null) return io;
        continue;
      }
      if ((await this.#wlog.nextPack()) !== null) continue;
      if (this.#requireEnd && this.#wlog.end !== 'end-block') throw this.#noEnd(this.#wlog);
      this.#lsid = this.#wlog.endLsid;
      this.#onWlogEnd(this.#lsid);
      await this.#openNext();
    }
    return null;
  }

  #noEnd({ end, endLsid, header }: WlogReader): FormatError {
    // A block that is no header was read already, unless the stream ended there.
    const at = this.#reader.offset - (end === 'eof' ? 0 : header.physicalBlockBytes);
    return new FormatError(`the wlog must go on or have its end block behind lsid ${endLsid}`, at);
  }

  async #openNext(): Promise<void> {
    const begin = this.#reader.offset;
    this.#wlog = await openWlog(this.#reader, { checkLsid: false });
    if (this.#wlog === null) {
      // Nothing at all, or a part of a header, is what is left of a log that was cut.
      if (this.#requireEnd && (begin === 0 || this.#reader.offset > begin)) {
        throw new FormatError('eof error: a wlog header expected', this.#reader.offset);
      }
      return;
    }
    const { uuid, beginLsid } = this.#wlog.header;
    if (this.#uuid === null) {
      this.#uuid = uuid;
      return;
    }
    if (beginLsid !== this.#lsid) {
      throw new FormatError(
        `lsid mismatch.: a wlog from ${this.#lsid} expected, got one from ${beginLsid}`,
        begin,
      );
    }
    if (!uuidEquals(uuid, this.#uuid)) {
      throw new FormatError(`uuid differ:${uuidToText(uuid)}:${uuidToText(this.#uuid)}`, begin);
    }
  }
}

/** How a wlog becomes a wdiff. */
export interface ConvertOptions {
  readonly pool: CodecPool;
  /** Largest IO of the result; 0 = no limit. Indexed diffs round it down to a power of two. */
  readonly maxIoLb: Lb;
  /**
   * Whether there must be a wlog, and each must have its end block; else anything that is no pack ends it, as the original takes it, and a
   * cut or damaged log goes unnoticed.
   */
  readonly requireEnd?: boolean;
  /** Called after each wlog with the lsid where it ended. */
  readonly onWlogEnd?: (lsid: Lsid) => void;
  /** What a sorted conversion holds of overwritten data, besides two times as much as of live ones. The default is 64 MiB. */
  readonly heldBytes?: number;
}

/** Unless asked otherwise. */
const HELD_BYTES = 64 * MIB;

/**
 * Converts wlogs into a sorted wdiff. All data that were not overwritten are kept in memory until the end, with up to
 * 64 MiB and two times as much of overwritten ones: use the indexed form for logs of unknown size. An empty stream gives an empty diff with zero uuid. On an error nothing is written, or no end pack.
 */
export async function convertToSorted(
  source: ByteSource,
  sink: ByteSink,
  options: ConvertOptions,
): Promise<void> {
  const logs = new LogIoStream(source, options);
  await logs.open();
  const memory = DiffMemory.ofPlain(options.maxIoLb);
  // Data are views of what was read, of which a small remainder keeps the whole alive: at times only what counts is kept.
  const { heldBytes: deadBytes = HELD_BYTES } = options;
  let heldBytes = 0;
  let limitBytes = deadBytes;
  for (let io = await logs.next(); io !== null; io = await logs.next()) {
    memory.add(io);
    heldBytes += io.data.length;
    if (heldBytes <= limitBytes) continue;
    const liveBytes = memory.dataBytes(({ data }) => data.length);
    if (heldBytes > deadBytes + 2 * liveBytes) {
      memory.replaceAll((live) => ({ ...live, data: live.data.slice() }));
      heldBytes = liveBytes;
      logs.forget();
    }
    limitBytes = deadBytes + 2 * liveBytes;
  }
  const writer = await SortedWdiffWriter.open(sink, logs.uuid ?? ZERO_UUID, {
    compression: SNAPPY,
    pool: options.pool,
  });
  for (const io of memory.ios()) await writer.add(io);
  await writer.close();
}

/**
 * Converts wlogs into an indexed wdiff as they stream by; only the index is kept in memory. An empty stream gives an
 * empty diff with zero uuid. On an error the index is missing.
 */
export async function convertToIndexed(
  source: ByteSource,
  sink: ByteSink,
  options: ConvertOptions,
): Promise<void> {
  const logs = new LogIoStream(source, options);
  await logs.open();
  const writer = await IndexedWdiffWriter.open(sink, logs.uuid ?? ZERO_UUID, {
    compression: SNAPPY,
    pool: options.pool,
    maxPieceLb: options.maxIoLb,
  });
  for (let io = await logs.next(); io !== null; io = await logs.next()) await writer.add(io);
  await writer.close();
}
