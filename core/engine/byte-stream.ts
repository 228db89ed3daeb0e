import { FormatError } from '../errors.ts';

/**
 * Streams of bytes, pulled by the reader and pushed back by the sink's promise. See docs/architecture.md.
 */

/** Something that bytes are pulled from: a file, a connection, another stream. */
export interface ByteSource {
  /**
   * 1 to `maxBytes` bytes, or null at the end (and at every later call). Never an empty view. The view stays
   * valid and unchanged: a source does not use its memory again. One call at a time.
   */
  read(maxBytes: number): Promise<Uint8Array | null>;
  /** How much is best asked for at once; a reader with a buffer of its own follows that. */
  readonly pieceBytes?: number;
  /**
   * Says that what was handed out of the first `beforeBytes` bytes is not used any more: a source may use that memory
   * again from now on.
   */
  forget?(beforeBytes: number): void;
}

/** The source, read by `read` instead; all else goes to the source itself, which may be an object of any class. */
export function sourceReadBy(source: ByteSource, read: ByteSource['read']): ByteSource {
  const { pieceBytes } = source;
  return {
    read,
    ...(pieceBytes === undefined ? {} : { pieceBytes }),
    forget: (beforeBytes) => source.forget?.(beforeBytes),
  };
}

/** Something that bytes are pushed into. */
export interface ByteSink {
  /** Takes all of `bytes`; the view belongs to the sink until the promise settles. One call at a time. */
  write(bytes: Uint8Array): Promise<void>;
  /** The same for several views, one behind the other, where the sink can take them in fewer calls. */
  writeMany?(pieces: readonly Uint8Array[]): Promise<void>;
}

/** Writes views, one behind the other, in as few calls as the sink allows. */
export async function writePieces(sink: ByteSink, pieces: readonly Uint8Array[]): Promise<void> {
  if (sink.writeMany !== undefined) await sink.writeMany(pieces);
  else for (const piece of pieces) await sink.write(piece);
}

/** Bytes that can be read at any place, for instance a file that nobody changes. */
export interface RandomReader {
  readonly sizeBytes: number;
  /** How much is best read at once where all is read; then several reads may be under way at a time. */
  readonly pieceBytes?: number;
  /**
   * All of it as a stream, which keeps all that it handed out until it is told to forget it: for readers that do so.
   */
  stream?(): ByteSource;
  /** Exactly `sizeBytes` bytes from `offset`; FormatError `eof error` when they are not all there. */
  read(offset: number, sizeBytes: number): Promise<Uint8Array>;
}

/** How much is asked of a source at least, so that small fields do not become small reads. */
const FILL_BYTES = 64 * 1024;
/** The largest buffer that is allocated before its bytes are known to exist. */
const TRUSTED_BYTES = 1024 * 1024;

const EMPTY: Uint8Array = new Uint8Array(0);

/**
 * Exact-length reads over a source. Reads that one chunk of the source covers are views into it, without a copy.
 * After an error the position is undefined.
 */
export class BufferedReader {
  readonly #source: ByteSource;
  readonly #fillBytes: number;
  #chunk: Uint8Array = EMPTY;
  #position = 0;
  #consumed = 0;
  #ended = false;

  /** `fillBytes`: how much is asked of the source at least (1 = never more than the caller needs). */
  constructor(source: ByteSource, fillBytes = source.pieceBytes ?? FILL_BYTES) {
    this.#source = source;
    this.#fillBytes = fillBytes;
  }

  /** Says that bytes that were handed out are not used any more, unless asked otherwise all, and their memory may serve again. */
  forget(beforeBytes = this.#consumed): void {
    this.#source.forget?.(beforeBytes);
  }

  /** Bytes handed out so far. */
  get offset(): number {
    return this.#consumed;
  }

  /** Bytes that can be had without waiting. */
  get buffered(): number {
    return this.#chunk.length - this.#position;
  }

  /** The next byte when it is in memory already, else -1. */
  tryByte(): number {
    const byte = this.#chunk[this.#position];
    if (byte === undefined) return -1;
    this.#position += 1;
    this.#consumed += 1;
    return byte;
  }

  /** The next `n` bytes when they are in memory already, else null and nothing is consumed. */
  tryRead(n: number): Uint8Array | null {
    if (this.buffered < n) return null;
    const start = this.#position;
    this.#position += n;
    this.#consumed += n;
    return this.#chunk.subarray(start, start + n);
  }

  /** The next `n` bytes. Throws FormatError `eof error` when the source ends before. */
  async read(n: number): Promise<Uint8Array> {
    const bytes = this.tryRead(n) ?? (await this.#gather(n));
    if (bytes.length < n) throw new FormatError(`eof error: ${n} bytes expected`, this.#consumed);
    return bytes;
  }

  /** The next `n` bytes, or null when nothing at all is left. Throws FormatError when some but not all are. */
  async readOrEnd(n: number): Promise<Uint8Array | null> {
    const bytes = this.tryRead(n) ?? (await this.#gather(n));
    if (bytes.length === 0 && n > 0) return null;
    if (bytes.length < n) throw new FormatError(`eof error: ${n} bytes expected`, this.#consumed);
    return bytes;
  }

  /** The next `n` bytes, or null when fewer are left (those are consumed). */
  async readWhole(n: number): Promise<Uint8Array | null> {
    const bytes = this.tryRead(n) ?? (await this.#gather(n));
    return bytes.length < n ? null : bytes;
  }

  /** The next `n` bytes, or fewer (even none) when the source ends before. */
  async readUpTo(n: number): Promise<Uint8Array> {
    return this.tryRead(n) ?? (await this.#gather(n));
  }

  /** 1 to `maxBytes` bytes, or null at the end. */
  async readSome(maxBytes: number): Promise<Uint8Array | null> {
    if (this.buffered === 0 && !(await this.#fill(maxBytes))) return null;
    return this.tryRead(Math.min(maxBytes, this.buffered));
  }

  /** Passes over `n` bytes without keeping them. Throws FormatError `eof error` when the source ends before. */
  async skip(n: number): Promise<void> {
    let left = n;
    while (left > 0) {
      if (this.buffered === 0 && !(await this.#fill(left))) {
        throw new FormatError(`eof error: ${left} more bytes expected`, this.#consumed);
      }
      const step = Math.min(left, this.buffered);
      this.#position += step;
      this.#consumed += step;
      left -= step;
    }
  }

  /** Up to `n` bytes, fewer only at the end. Memory grows with what arrives, never with what was asked. */
  async #gather(n: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let have = 0;
    let joined: Uint8Array | null = null;
    while (have < n) {
      if (this.buffered === 0 && !(await this.#fill(n - have))) break;
      const part = this.tryRead(Math.min(n - have, this.buffered)) ?? EMPTY;
      if (have === 0 && part.length === n) return part;
      if (have === 0 && n <= TRUSTED_BYTES) joined = new Uint8Array(n);
      if (joined === null) parts.push(part);
      else joined.set(part, have);
      have += part.length;
    }
    if (joined !== null) return joined.subarray(0, have);
    joined = new Uint8Array(have);
    let at = 0;
    for (const part of parts) {
      joined.set(part, at);
      at += part.length;
    }
    return joined;
  }

  /** Loads the next chunk once the present one is used up; false at the end. */
  async #fill(wantedBytes: number): Promise<boolean> {
    if (this.#ended) return false;
    const chunk = await this.#source.read(Math.max(wantedBytes, this.#fillBytes));
    if (chunk === null) {
      this.#ended = true;
      return false;
    }
    this.#chunk = chunk;
    this.#position = 0;
    return true;
  }
}
