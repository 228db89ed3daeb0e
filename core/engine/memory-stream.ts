import { FormatError } from '../errors.ts';
import type { ByteSink, ByteSource, RandomReader } from './byte-stream.ts';

/** A source that gives `bytes`, at most `chunkBytes` at a time. The bytes are not copied. */
export function memorySource(bytes: Uint8Array, chunkBytes = Number.MAX_SAFE_INTEGER): ByteSource {
  let position = 0;
  return {
    async read(maxBytes) {
      if (position >= bytes.length) return null;
      const start = position;
      position = Math.min(bytes.length, start + Math.max(1, Math.min(maxBytes, chunkBytes)));
      return bytes.subarray(start, position);
    },
  };
}

/** A reader over `bytes`; reads are views into them. */
export function memoryReader(bytes: Uint8Array): RandomReader {
  return {
    sizeBytes: bytes.length,
    async read(offset, sizeBytes) {
      if (offset < 0 || offset + sizeBytes > bytes.length) {
        throw new FormatError(
          `eof error: ${sizeBytes} bytes expected at ${offset} of ${bytes.length}`,
          offset,
        );
      }
      return bytes.subarray(offset, offset + sizeBytes);
    },
  };
}

/** A sink that keeps everything. */
export class MemorySink implements ByteSink {
  #bytes = new Uint8Array(1024);
  #length = 0;

  async write(bytes: Uint8Array): Promise<void> {
    const needed = this.#length + bytes.length;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = needed;
  }

  /** What was written so far. A view: later writes may or may not show in it. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }
}
