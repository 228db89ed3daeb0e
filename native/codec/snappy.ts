import { createSnappyCodec } from '../../core/engine/codec/snappy.ts';
import { optionalLibrary, withPortable } from './library.ts';

interface CopyOptions {
  readonly copyOutputData: true;
}

/**
 * Results are copied out of the library's memory, which then serves for the next ones: two to five times as fast as taking it over, for which
 * each result must have fresh memory from the system.
 */
const COPIED: CopyOptions = { copyOutputData: true };

/** What is used of the package `snappy`: raw blocks. */
interface SnappyLibrary {
  compressSync(data: Uint8Array, options: CopyOptions): Uint8Array;
  uncompressSync(data: Uint8Array, options: CopyOptions & { asBuffer: true }): Uint8Array;
}

const library = optionalLibrary<SnappyLibrary>('snappy');

/** Snappy by the package `snappy`, where it has a binary. */
export const fastSnappy = withPortable(createSnappyCodec(), {
  isThere: () => library() !== null,
  compress: (data) => library()?.compressSync(data, COPIED) ?? data,
  decompress: (data, sizeBytes) =>
    // The library allocates what the block announces.
    announcedBytes(data) === sizeBytes
      ? (library()?.uncompressSync(data, { asBuffer: true, ...COPIED }) ?? null)
      : null,
});

/** The length at the begin of a block; -1 when there is none. */
function announcedBytes(data: Uint8Array): number {
  let bytes = 0;
  for (let at = 0, scale = 1; at < Math.min(5, data.length); at++, scale *= 128) {
    bytes += (data[at] & 0x7f) * scale;
    if (data[at] < 0x80) return bytes;
  }
  return -1;
}
