import type { ByteSink, RandomReader } from '../../engine/byte-stream.ts';
import { KIB } from '../../units.ts';
import type { FileHandle, Step } from '../../world/index.ts';

/** Small writes are joined to this size. */
const BUFFER_BYTES = 256 * KIB;

/** Writes a file from its start on; small pieces are joined. Call `flush` at the end. */
export class FileSink implements ByteSink {
  readonly #handle: FileHandle;
  readonly #step: Step;
  #pieces: Uint8Array[] = [];
  #pendingBytes = 0;
  #offset = 0;

  constructor(handle: FileHandle, step: Step) {
    this.#handle = handle;
    this.#step = step;
  }

  /** Bytes written or waiting. */
  get sizeBytes(): number {
    return this.#offset + this.#pendingBytes;
  }

  async write(bytes: Uint8Array): Promise<void> {
    // A copy: the caller may reuse its buffer once this returns.
    this.#pieces.push(bytes.slice());
    this.#pendingBytes += bytes.length;
    if (this.#pendingBytes >= BUFFER_BYTES) await this.flush();
  }

  /** Hands everything to the file. */
  async flush(): Promise<void> {
    if (this.#pendingBytes === 0) return;
    const joined =
      this.#pieces.length === 1 ? (this.#pieces[0] as Uint8Array) : join(this.#pieces, this.#pendingBytes);
    const at = this.#offset;
    this.#offset += this.#pendingBytes;
    this.#pieces = [];
    this.#pendingBytes = 0;
    await this.#handle.write(at, joined, this.#step);
  }
}

function join(pieces: readonly Uint8Array[], sizeBytes: number): Uint8Array {
  const joined = new Uint8Array(sizeBytes);
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

/** Any part of an open file whose size does not change. */
export async function fileReader(handle: FileHandle, step: Step): Promise<RandomReader> {
  const sizeBytes = await handle.sizeBytes(step);
  return { sizeBytes, read: (offset, size) => handle.read(offset, size, step) };
}
