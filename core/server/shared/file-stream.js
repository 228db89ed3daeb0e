import { KIB } from '../../units.js';
/** Small writes are joined to this size. */
const BUFFER_BYTES = 256 * KIB;
/** Writes a file from its start on; small pieces are joined. Call `flush` at the end. */
export class FileSink {
    #handle;
    #step;
    #pieces = [];
    #pendingBytes = 0;
    #offset = 0;
    constructor(handle, step) {
        this.#handle = handle;
        this.#step = step;
    }
    /** Bytes written or waiting. */
    get sizeBytes() {
        return this.#offset + this.#pendingBytes;
    }
    async write(bytes) {
        // A copy: the caller may reuse its buffer once this returns.
        this.#pieces.push(bytes.slice());
        this.#pendingBytes += bytes.length;
        if (this.#pendingBytes >= BUFFER_BYTES)
            await this.flush();
    }
    /** Hands everything to the file. */
    async flush() {
        if (this.#pendingBytes === 0)
            return;
        const joined = this.#pieces.length === 1 ? this.#pieces[0] : join(this.#pieces, this.#pendingBytes);
        const at = this.#offset;
        this.#offset += this.#pendingBytes;
        this.#pieces = [];
        this.#pendingBytes = 0;
        await this.#handle.write(at, joined, this.#step);
    }
}
function join(pieces, sizeBytes) {
    const joined = new Uint8Array(sizeBytes);
    let at = 0;
    for (const piece of pieces) {
        joined.set(piece, at);
        at += piece.length;
    }
    return joined;
}
/** Reads a file from its start to its end. */
export class FileSource {
    #handle;
    #step;
    #offset = 0;
    constructor(handle, step) {
        this.#handle = handle;
        this.#step = step;
    }
    async read(maxBytes) {
        const bytes = await this.#handle.read(this.#offset, maxBytes, this.#step);
        this.#offset += bytes.length;
        return bytes.length === 0 ? null : bytes;
    }
}
/** Any part of an open file whose size does not change. */
export async function fileReader(handle, step) {
    const sizeBytes = await handle.sizeBytes(step);
    return { sizeBytes, read: (offset, size) => handle.read(offset, size, step) };
}
