import { BufferedReader } from '../engine/byte-stream.ts';
import { AbortedError, FormatError, ProtocolError, TimeoutError } from '../errors.ts';
import { decodeVarint, Reader, varintPayloadBytes, Writer } from '../format/serializer.ts';
import { decodeUtf8 } from '../format/utf8.ts';
import { UUID_BYTES, type Uuid } from '../format/uuid.ts';
import type { MetaDiff, MetaSnap, MetaState } from '../snapshot/meta.ts';
import { readMetaDiff, readMetaSnap, readMetaState } from '../snapshot/meta-codec.ts';
import { KIB, MIB } from '../units.ts';
import type { Connection, Step } from '../world/index.ts';

/**
 * One end of one conversation: typed values over a Connection, in the encoding of docs/formats.md, "Serialized
 * values". There is no framing: each side knows what comes next. Every read and every flush carries a step,
 * which names the value in traces and in error messages.
 */

/** Bounds of what a conforming peer sends; more is a FormatError before anything is allocated. */
export const LIMITS = {
  /** Client id, protocol name, server id. */
  nameBytes: 4 * KIB,
  /** One parameter, one line of a value, one error text. */
  textBytes: 64 * KIB,
  /** Elements of a list. */
  listCount: MIB,
  /** All elements of a list together. */
  listBytes: 16 * MIB,
  /** Bytes of the peer that are read and dropped behind an error reply. */
  drainBytes: MIB,
} as const;

/** The byte that opens each unit of a stream. */
export const CONTROL = { next: 0, end: 1, error: 2, dummy: 3 } as const;

/** "walb", as a 32-bit integer. */
const ACK = 0x626c6177;
/** Payloads go to the connection in pieces, so that its time limit means silence, not size. */
const WRITE_PIECE_BYTES = 64 * KIB;
/** Payloads up to this size are joined with what is buffered. */
const SMALL_BYTES = 4 * KIB;
const HASH_BYTES = 16;
/** Integers up to this are their own and only byte. */
const MAX_ONE_BYTE_VALUE = 0x7f;
/** Patience with one control byte: the peer may be busy for longer than one time limit. */
const CONTROL_ATTEMPTS = 4;

/**
 * Fields of the snapshot objects as they are on the wire, so that exactly their bytes are taken from the
 * stream: `v` is a variable-length integer, a digit that many raw bytes.
 */
const SHAPE = { snap: '2vv', diff: '211v2vv2vvv', state: '21v2vv2vv' } as const;

export class Channel {
  readonly #connection: Connection;
  readonly #input: BufferedReader;
  /** A read and a write at most, and what a close ends. */
  readonly #pending: ((error: Error) => void)[] = [];
  readonly #out = new Writer();
  #readStep: Step = '';
  #closed = false;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.#input = new BufferedReader({
      read: (maxBytes) => this.#guarded(() => connection.read(maxBytes, this.#readStep)),
    });
  }

  /** The peer's address, for log lines. */
  get peer(): string {
    return this.#connection.peer;
  }

  /** Where values are put until the next flush. */
  get out(): Writer {
    return this.#out;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Sends what was put into `out`. */
  flush(step: Step): Promise<void> {
    return this.#out.sizeBytes === 0 ? Promise.resolve() : this.#send(this.#out.take(), step);
  }

  /** Sends a payload, after what was put into `out`. Small ones may wait for the next flush. */
  async writeBytes(bytes: Uint8Array, step: Step): Promise<void> {
    if (bytes.length <= SMALL_BYTES) {
      this.#out.raw(bytes);
      return;
    }
    await this.flush(step);
    await this.#send(bytes, step);
  }

  async readU8(step: Step): Promise<number> {
    const ready = this.#input.tryByte();
    return ready >= 0 ? ready : (await this.readBytes(1, step))[0];
  }

  /** 00 or 01; anything else is a FormatError. */
  async readBool(step: Step): Promise<boolean> {
    const value = await this.readU8(step);
    if (value > 1) throw this.#bad(`a bool must be 0 or 1, got ${value}`, step);
    return value === 1;
  }

  async readU16(step: Step): Promise<number> {
    const bytes = await this.readBytes(2, step);
    return bytes[0] | (bytes[1] << 8);
  }

  async readU32(step: Step): Promise<number> {
    return (await this.#readVarint(4, step)) ?? 0;
  }

  /** Null for all ones; other values above 2^53-1 are a FormatError. */
  async readU64(step: Step): Promise<number | null> {
    return this.#readVarint(8, step);
  }

  /** A u64 that must be a number: all ones is a FormatError too. */
  async readNumber(step: Step): Promise<number> {
    return this.#numberFrom(this.#input.tryByte(), step);
  }

  /** The same when its first byte was read before. */
  async readNumberBegunWith(head: number, step: Step): Promise<number> {
    return (await this.#readVarintTail(head, 8, step)) ?? Number.POSITIVE_INFINITY;
  }

  /** Exactly `sizeBytes` bytes; the caller bounds the size. A view that nobody writes into. */
  async readBytes(sizeBytes: number, step: Step): Promise<Uint8Array> {
    const ready = this.#input.tryRead(sizeBytes);
    if (ready !== null) return ready;
    this.#readStep = step;
    const bytes = await this.#input.readWhole(sizeBytes);
    if (bytes === null)
      throw new ProtocolError(`stream:read while reading ${step}: the peer ended the stream`);
    return bytes;
  }

  async readString(step: Step, maxBytes: number = LIMITS.textBytes): Promise<string> {
    // Nearly all texts are short and there: then nothing is waited for.
    const head = this.#input.tryByte();
    const isShort = head >= 0 && head <= MAX_ONE_BYTE_VALUE;
    const sizeBytes = isShort ? head : await this.#numberFrom(head, step);
    if (sizeBytes > maxBytes) {
      throw this.#bad(`a text of at most ${maxBytes} bytes is expected, got ${sizeBytes}`, step);
    }
    const ready = this.#input.tryRead(sizeBytes);
    return ready === null ? this.readText(sizeBytes, step) : decodeUtf8(ready);
  }

  /** A text whose size was read before. */
  async readText(sizeBytes: number, step: Step): Promise<string> {
    return decodeUtf8(await this.readBytes(sizeBytes, step));
  }

  /** A list of strings, within LIMITS. */
  async readStrings(step: Step, maxCount: number = LIMITS.listCount): Promise<string[]> {
    const count = await this.readNumber(step);
    if (count > maxCount) {
      throw this.#bad(`a list of at most ${maxCount} texts is expected, got ${count}`, step);
    }
    const texts: string[] = [];
    let sizeBytes = 0;
    for (let i = 0; i < count; i++) {
      const text = await this.readString(step);
      sizeBytes += text.length;
      if (sizeBytes > LIMITS.listBytes) {
        throw this.#bad(`a list of at most ${LIMITS.listBytes} bytes is expected`, step);
      }
      texts.push(text);
    }
    return texts;
  }

  async readUuid(step: Step): Promise<Uuid> {
    return (await this.readBytes(UUID_BYTES, step)).slice();
  }

  /** 16 raw bytes. */
  async readHash(step: Step): Promise<Uint8Array> {
    return this.readBytes(HASH_BYTES, step);
  }

  async readMetaSnap(step: Step): Promise<MetaSnap> {
    return this.#decode(SHAPE.snap, readMetaSnap, step);
  }

  async readMetaDiff(step: Step): Promise<MetaDiff> {
    return this.#decode(SHAPE.diff, readMetaDiff, step);
  }

  async readMetaState(step: Step): Promise<MetaState> {
    return this.#decode(SHAPE.state, readMetaState, step);
  }

  /** A control byte; a value above 3 is a FormatError. Waits for up to four time limits. */
  async readControl(step: Step): Promise<number> {
    for (let attempt = 1; ; attempt++) {
      try {
        const control = await this.readU8(step);
        if (control <= CONTROL.dummy) return control;
        throw this.#bad(`a control byte of 0 to 3 is expected, got ${control}`, step);
      } catch (error) {
        if (!(error instanceof TimeoutError) || attempt === CONTROL_ATTEMPTS) throw error;
      }
    }
  }

  putAck(): void {
    this.#out.u32(ACK);
  }

  async sendAck(step: Step): Promise<void> {
    this.putAck();
    await this.flush(step);
  }

  /** Throws ProtocolError for anything but the Ack. */
  async readAck(step: Step): Promise<void> {
    const value = await this.readU32(step);
    if (value !== ACK) {
      throw new ProtocolError(`could not receive an acknowledgement message at ${step}: got ${value}`);
    }
  }

  /**
   * The orderly end of the side that speaks last: sends what is buffered, half-closes, waits for the peer to
   * close, closes. When it returns, the peer has read everything. A byte instead of the peer's end is a
   * ProtocolError.
   */
  async finish(step: Step): Promise<void> {
    try {
      await this.flush(step);
      await this.#guarded(() => this.#connection.end(step));
      this.#readStep = step;
      const surplus = await this.#input.readSome(1);
      if (surplus !== null) {
        throw new ProtocolError(
          `Socket:waitForClose:readSome:bad size:1 while waiting for the end at ${step}`,
        );
      }
    } finally {
      this.close();
    }
  }

  /**
   * Ends the conversation with an error text in place of the expected answer, as a string after what is
   * buffered. What the peer still sends is read and dropped (up to LIMITS.drainBytes) before the
   * connection closes, so that unread bytes do not reset it and take the text along. Never throws.
   */
  async fail(text: string, step: Step): Promise<void> {
    try {
      this.#out.string(text);
      await this.flush(step);
      await this.#guarded(() => this.#connection.end(step));
      this.#readStep = step;
      for (let dropped = 0; dropped < LIMITS.drainBytes; ) {
        const bytes = await this.#input.readSome(LIMITS.drainBytes);
        if (bytes === null) break;
        dropped += bytes.length;
      }
    } catch {
      // The peer is gone: nobody is left to tell.
    } finally {
      this.close();
    }
  }

  /** Gives the connection up; calls that wait for it throw AbortedError. Closing twice is harmless. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#connection.close();
    for (const abort of this.#pending.splice(0)) abort(closedError());
  }

  #send(bytes: Uint8Array, step: Step): Promise<void> {
    if (bytes.length > WRITE_PIECE_BYTES) return this.#sendPieces(bytes, step);
    return this.#guarded(() => this.#connection.write(bytes, step));
  }

  async #sendPieces(bytes: Uint8Array, step: Step): Promise<void> {
    for (let at = 0; at < bytes.length; at += WRITE_PIECE_BYTES) {
      const piece = bytes.subarray(at, at + WRITE_PIECE_BYTES);
      await this.#guarded(() => this.#connection.write(piece, step));
    }
  }

  /** A number whose first byte is `head`, or is still to come when that is negative. */
  async #numberFrom(head: number, step: Step): Promise<number> {
    const first = head >= 0 ? head : await this.readU8(step);
    const value = first <= MAX_ONE_BYTE_VALUE ? first : await this.#readVarintTail(first, 8, step);
    if (value === null) throw this.#bad('a number must stand here, got all ones', step);
    return value;
  }

  async #readVarint(width: 4 | 8, step: Step): Promise<number | null> {
    const ready = this.#input.tryByte();
    const head = ready >= 0 ? ready : await this.readU8(step);
    return head <= MAX_ONE_BYTE_VALUE ? head : this.#readVarintTail(head, width, step);
  }

  async #readVarintTail(head: number, width: 4 | 8, step: Step): Promise<number | null> {
    const payload = await this.readBytes(varintPayloadBytes(head), step);
    try {
      return decodeVarint(head, payload, width);
    } catch (error) {
      throw error instanceof FormatError ? this.#bad(error.message, step) : error;
    }
  }

  /** Takes the bytes of one object from the stream and decodes them. */
  async #decode<T>(shape: string, decode: (reader: Reader) => T, step: Step): Promise<T> {
    const bytes = new Writer();
    for (const field of shape) {
      if (field !== 'v') {
        bytes.raw(await this.readBytes(Number(field), step));
        continue;
      }
      const head = await this.readU8(step);
      bytes.u8(head);
      bytes.raw(await this.readBytes(varintPayloadBytes(head), step));
    }
    try {
      return decode(new Reader(bytes.finish()));
    } catch (error) {
      throw error instanceof FormatError ? this.#bad(error.message, step) : error;
    }
  }

  #bad(message: string, step: Step): FormatError {
    return new FormatError(`${message} (reading ${step})`, this.#input.offset);
  }

  /** A port call that `close` ends. */
  #guarded<T>(call: () => Promise<T>): Promise<T> {
    if (this.#closed) return Promise.reject(closedError());
    return new Promise<T>((resolve, reject) => {
      this.#pending.push(reject);
      call().then(
        (value) => {
          this.#settled(reject);
          resolve(value);
        },
        (error) => {
          this.#settled(reject);
          reject(error);
        },
      );
    });
  }

  #settled(abort: (error: Error) => void): void {
    const at = this.#pending.indexOf(abort);
    if (at >= 0) this.#pending.splice(at, 1);
  }
}

function closedError(): AbortedError {
  return new AbortedError('the connection was closed on this side');
}

/** An error text without what the original appends to many of its own: a line of addresses. */
export function withoutTrace(text: string): string {
  const trace = text.indexOf('\n<<<STACKTRACE>>>');
  return trace < 0 ? text : text.slice(0, trace);
}
