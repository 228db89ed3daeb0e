import { createRequire } from 'node:module';
import type { Codec } from '../../core/world/index.ts';

const require = createRequire(import.meta.url);

/**
 * An optional library with code for this processor and system, or null when it is not installed or has none. Loaded
 * when first called: each takes some milliseconds, and most programs need none.
 */
export function optionalLibrary<T>(name: string): () => T | null {
  let library: T | null | undefined;
  return () => {
    if (library === undefined) {
      try {
        library = require(name) as T;
      } catch {
        // Not installed, or no binary for this system: whoever asked has something portable in its place.
        library = null;
      }
    }
    return library;
  };
}

/** The bytes of a Buffer as a Uint8Array, whose `slice` copies. */
export function plainView(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The bytes in memory that no thread shares, as some libraries want it: the view itself, or a copy. */
export function unshared(bytes: Uint8Array): Uint8Array {
  return bytes.buffer instanceof SharedArrayBuffer ? new Uint8Array(bytes) : bytes;
}

/** The bytes as a Buffer, which some libraries want, without a copy. */
export function bufferView(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** How a library is used in place of a portable codec. */
export interface FastCodec {
  /** Whether the library is there. */
  isThere(): boolean;
  compress(data: Uint8Array, level: number): Uint8Array;
  /** Null, or an error of any kind, for what it cannot decompress to exactly `sizeBytes`. Memory is bounded. */
  decompress(data: Uint8Array, sizeBytes: number): Uint8Array | null;
}

/**
 * The codec by a library where there is one. What the library cannot decompress the portable codec looks at once more:
 * so errors are the same with and without it.
 */
export function withPortable(portable: Codec, fast: FastCodec): Codec {
  return {
    ...portable,
    compress: (data, level) =>
      fast.isThere() ? plainView(fast.compress(data, level)) : portable.compress(data, level),
    decompress(data, sizeBytes) {
      if (fast.isThere()) {
        try {
          const plain = fast.decompress(data, sizeBytes);
          if (plain !== null && plain.length === sizeBytes) return plainView(plain);
        } catch {
          // The portable codec says what is wrong.
        }
      }
      return portable.decompress(data, sizeBytes);
    },
  };
}
