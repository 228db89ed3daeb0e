import { FormatError } from '../errors.ts';
import { type Uuid, uuidEquals, uuidToText, ZERO_UUID } from '../format/uuid.ts';
import type { Lb, Lsid } from '../units.ts';
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
  #wlog: WlogReader | null = null;
  #uuid: Uuid | null = null;
  #lsid: Lsid = 0;

  /** `onWlogEnd` is called after each wlog with the lsid where it ended. */
  constructor(source: ByteSource, onWlogEnd: (lsid: Lsid) => void = () => undefined) {
    this.#reader = new BufferedReader(source);
    this.#onWlogEnd = onWlogEnd;
  }

  /** Of the first wlog; null until its header was read, and when there is none. */
  get uuid(): Uuid | null {
    return this.#uuid;
  }

  /** Reads the first header, so that `uuid` is known. */
  async open(): Promise<void> {
    await this.#openNext();
  }

  async next(): Promise<PlainIo | null> {
    while (this.#wlog !== null) {
      const log = await this.#wlog.nextIo();
      if (log !== null) {
        if (!log.isValid) throw new FormatError(`readLog:invalid log IO:lsid ${log.record.lsid}`);
        const io = plainIoOfLog(log.record, log.data);
        if (io !== null) return io;
        continue;
      }
      if ((await this.#wlog.nextPack()) !== null) continue;
      this.#lsid = this.#wlog.endLsid;
      this.#onWlogEnd(this.#lsid);
      await this.#openNext();
    }
    return null;
  }

  async #openNext(): Promise<void> {
    this.#wlog = await openWlog(this.#reader, { checkLsid: false });
    if (this.#wlog === null) return;
    const { uuid, beginLsid } = this.#wlog.header;
    if (this.#uuid === null) {
      this.#uuid = uuid;
      return;
    }
    if (beginLsid !== this.#lsid) {
      throw new FormatError(`lsid mismatch.: a wlog from ${this.#lsid} expected, got one from ${beginLsid}`);
    }
    if (!uuidEquals(uuid, this.#uuid)) {
      throw new FormatError(`uuid differ:${uuidToText(uuid)}:${uuidToText(this.#uuid)}`);
    }
  }
}

export interface ConvertOptions {
  readonly pool: CodecPool;
  /** Largest IO of the result; 0 = no limit. Indexed diffs round it down to a power of two. */
  readonly maxIoLb: Lb;
  /** Called after each wlog with the lsid where it ended. */
  readonly onWlogEnd?: (lsid: Lsid) => void;
}

/**
 * Converts wlogs into a sorted wdiff. All data are kept in memory until the end: use the indexed form for logs of
 * unknown size. An empty stream gives an empty diff with zero uuid. On an error nothing is written, or no end pack.
 */
export async function convertToSorted(
  source: ByteSource,
  sink: ByteSink,
  options: ConvertOptions,
): Promise<void> {
  const logs = new LogIoStream(source, options.onWlogEnd);
  await logs.open();
  const memory = new DiffMemory(options.maxIoLb);
  for (let io = await logs.next(); io !== null; io = await logs.next()) {
    // A copy, so that a small remainder does not keep the whole chunk of the stream alive.
    memory.add(io.kind === 'normal' ? { ...io, data: io.data.slice() } : io);
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
  const logs = new LogIoStream(source, options.onWlogEnd);
  await logs.open();
  const writer = await IndexedWdiffWriter.open(sink, logs.uuid ?? ZERO_UUID, {
    compression: SNAPPY,
    pool: options.pool,
    maxPieceLb: options.maxIoLb,
  });
  for (let io = await logs.next(); io !== null; io = await logs.next()) await writer.add(io);
  await writer.close();
}
