import { FormatError } from '../errors.ts';
import {
  decodeLogpackHeader,
  isEndBlock,
  isRecordDataValid,
  type LogpackHeader,
  type LogRecord,
  nextLsid,
  recordSizePb,
} from '../format/logpack.ts';
import { decodeWlogHeader, WLOG_HEADER_BYTES, type WlogHeader } from '../format/wlog.ts';
import type { Lsid } from '../units.ts';
import type { BufferedReader } from './byte-stream.ts';
import { decodeAt } from './placed-error.ts';
import { NO_DATA } from './plain-io.ts';

/** One IO of a log. */
export interface LogIo {
  readonly record: LogRecord;
  /** Whole physical blocks, of which the record's blocks are the first; padding has data too, a discard none. */
  readonly data: Uint8Array;
  /** Whether the data have the record's check sum. Padding and discards always are valid. */
  readonly isValid: boolean;
}

/** Why a wlog ended. Only the end block says that it ended where it should. */
export type WlogEnd = 'end-block' | 'eof' | 'invalid-header' | 'lsid-gap';

/** What a log must be like to go on. */
export interface WlogReaderOptions {
  /** Whether a pack must begin at the lsid where the one before ended; else the log ends there. */
  readonly checkLsid: boolean;
}

/**
 * Reads one wlog, pack by pack and IO by IO. What cannot be a pack ends the log without error, as the tools want it;
 * `end` tells why. Throws FormatError `eof error` when the stream ends within the data of a pack.
 * See docs/formats.md, "Wlog".
 */
export class WlogReader {
  readonly header: WlogHeader;
  readonly #reader: BufferedReader;
  readonly #checkLsid: boolean;
  #endLsid: Lsid;
  #end: WlogEnd | null = null;
  #pack: LogpackHeader | null = null;
  #recordIndex = 0;
  /** Bytes of the present pack that were not read yet. */
  #dataBytesLeft = 0;

  /** For a stream whose header was read already, or never existed. */
  constructor(header: WlogHeader, reader: BufferedReader, options: WlogReaderOptions) {
    this.header = header;
    this.#reader = reader;
    this.#checkLsid = options.checkLsid;
    this.#endLsid = header.beginLsid;
  }

  /** The lsid after the last pack that was read; where the log really ends, once it has. */
  get endLsid(): Lsid {
    return this.#endLsid;
  }

  /** Null while there may be more packs. */
  get end(): WlogEnd | null {
    return this.#end;
  }

  /** The next pack, or null at the end. Passes over IOs of the pack before that were not read. */
  async nextPack(): Promise<LogpackHeader | null> {
    if (this.#end !== null) return null;
    if (this.#dataBytesLeft > 0) await this.#reader.skip(this.#dataBytesLeft);
    this.#dataBytesLeft = 0;
    this.#pack = null;
    const pbs = this.header.physicalBlockBytes;
    const block = this.#reader.tryRead(pbs) ?? (await this.#reader.readWhole(pbs));
    const pack = block === null ? null : this.#decode(block);
    if (pack === null) {
      this.#end ??= 'eof';
      return null;
    }
    this.#pack = pack;
    this.#recordIndex = 0;
    this.#dataBytesLeft = pack.totalIoSizePb * pbs;
    this.#endLsid = nextLsid(pack);
    return pack;
  }

  /** The next IO of the present pack, in the order of the log; null when there is no more. */
  async nextIo(): Promise<LogIo | null> {
    const record: LogRecord | undefined = this.#pack?.records[this.#recordIndex];
    if (record === undefined) return null;
    this.#recordIndex++;
    const { physicalBlockBytes: pbs, salt } = this.header;
    const sizeBytes = recordSizePb(record, pbs) * pbs;
    if (sizeBytes === 0) return { record, data: NO_DATA, isValid: true };
    const data = this.#reader.tryRead(sizeBytes) ?? (await this.#reader.read(sizeBytes));
    this.#dataBytesLeft -= sizeBytes;
    return { record, data, isValid: isRecordDataValid(record, data, salt) };
  }

  #decode(block: Uint8Array): LogpackHeader | null {
    let pack: LogpackHeader;
    try {
      pack = decodeLogpackHeader(block, this.header.salt);
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      this.#end = 'invalid-header';
      return null;
    }
    if (isEndBlock(pack)) this.#end = 'end-block';
    else if (this.#checkLsid && pack.logpackLsid !== this.#endLsid) this.#end = 'lsid-gap';
    return this.#end === null ? pack : null;
  }
}

/**
 * Begins to read a wlog; null when fewer bytes are left than a header has. Throws FormatError for an invalid header.
 */
export async function openWlog(
  reader: BufferedReader,
  options: WlogReaderOptions,
): Promise<WlogReader | null> {
  const block = await reader.readWhole(WLOG_HEADER_BYTES);
  if (block === null) return null;
  const header = decodeAt(reader.offset - WLOG_HEADER_BYTES, () => decodeWlogHeader(block));
  return new WlogReader(header, reader, options);
}
