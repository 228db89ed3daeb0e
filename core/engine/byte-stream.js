import { FormatError } from '../errors.js';
/** Writes views, one behind the other, in as few calls as the sink allows. */
export async function writePieces(sink, pieces) {
    if (sink.writeMany !== undefined)
        await sink.writeMany(pieces);
    else
        for (const piece of pieces)
            await sink.write(piece);
}
/** How much is asked of a source at least, so that small fields do not become small reads. */
const FILL_BYTES = 64 * 1024;
/** The largest buffer that is allocated before its bytes are known to exist. */
const TRUSTED_BYTES = 1024 * 1024;
const EMPTY = new Uint8Array(0);
/**
 * Exact-length reads over a source. Reads that one chunk of the source covers are views into it, without a copy.
 * After an error the position is undefined.
 */
export class BufferedReader {
    #source;
    #fillBytes;
    #chunk = EMPTY;
    #position = 0;
    #consumed = 0;
    #ended = false;
    /** `fillBytes`: how much is asked of the source at least (1 = never more than the caller needs). */
    constructor(source, fillBytes = source.pieceBytes ?? FILL_BYTES) {
        this.#source = source;
        this.#fillBytes = fillBytes;
    }
    /** Says that no bytes that were handed out are used any more, and their memory may serve again. */
    forget() {
        this.#source.forget?.();
    }
    /** Bytes handed out so far. */
    get offset() {
        return this.#consumed;
    }
    /** Bytes that can be had without waiting. */
    get buffered() {
        return this.#chunk.length - this.#position;
    }
    /** The next byte when it is in memory already, else -1. */
    tryByte() {
        const byte = this.#chunk[this.#position];
        if (byte === undefined)
            return -1;
        this.#position += 1;
        this.#consumed += 1;
        return byte;
    }
    /** The next `n` bytes when they are in memory already, else null and nothing is consumed. */
    tryRead(n) {
        if (this.buffered < n)
            return null;
        const start = this.#position;
        this.#position += n;
        this.#consumed += n;
        return this.#chunk.subarray(start, start + n);
    }
    /** The next `n` bytes. Throws FormatError `eof error` when the source ends before. */
    async read(n) {
        const bytes = this.tryRead(n) ?? (await this.#gather(n));
        if (bytes.length < n)
            throw new FormatError(`eof error: ${n} bytes expected`, this.#consumed);
        return bytes;
    }
    /** The next `n` bytes, or null when nothing at all is left. Throws FormatError when some but not all are. */
    async readOrEnd(n) {
        const bytes = this.tryRead(n) ?? (await this.#gather(n));
        if (bytes.length === 0 && n > 0)
            return null;
        if (bytes.length < n)
            throw new FormatError(`eof error: ${n} bytes expected`, this.#consumed);
        return bytes;
    }
    /** The next `n` bytes, or null when fewer are left (those are consumed). */
    async readWhole(n) {
        const bytes = this.tryRead(n) ?? (await this.#gather(n));
        return bytes.length < n ? null : bytes;
    }
    /** The next `n` bytes, or fewer (even none) when the source ends before. */
    async readUpTo(n) {
        return this.tryRead(n) ?? (await this.#gather(n));
    }
    /** 1 to `maxBytes` bytes, or null at the end. */
    async readSome(maxBytes) {
        if (this.buffered === 0 && !(await this.#fill(maxBytes)))
            return null;
        return this.tryRead(Math.min(maxBytes, this.buffered));
    }
    /** Passes over `n` bytes without keeping them. Throws FormatError `eof error` when the source ends before. */
    async skip(n) {
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
    async #gather(n) {
        const parts = [];
        let have = 0;
        let joined = null;
        while (have < n) {
            if (this.buffered === 0 && !(await this.#fill(n - have)))
                break;
            const part = this.tryRead(Math.min(n - have, this.buffered)) ?? EMPTY;
            if (have === 0 && part.length === n)
                return part;
            if (have === 0 && n <= TRUSTED_BYTES)
                joined = new Uint8Array(n);
            if (joined === null)
                parts.push(part);
            else
                joined.set(part, have);
            have += part.length;
        }
        if (joined !== null)
            return joined.subarray(0, have);
        joined = new Uint8Array(have);
        let at = 0;
        for (const part of parts) {
            joined.set(part, at);
            at += part.length;
        }
        return joined;
    }
    /** Loads the next chunk once the present one is used up; false at the end. */
    async #fill(wantedBytes) {
        if (this.#ended)
            return false;
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
