import { lz4Codec } from '../../core/engine/codec/lz4.ts';
import { bufferView, optionalLibrary, withPortable } from './library.ts';

/** What is used of the package `lz4-napi`: raw blocks behind their uncompressed size, a u32. */
interface Lz4Library {
  compressSync(data: Buffer): Uint8Array;
  uncompressSync(data: Uint8Array): Uint8Array;
}

const SIZE_BYTES = 4;
const library = optionalLibrary<Lz4Library>('lz4-napi');

/** LZ4 by the package `lz4-napi`, where it has a binary. The wdiff format has no size before the block. */
export const fastLz4 = withPortable(lz4Codec, {
  isThere: () => library() !== null,
  compress: (data) => library()?.compressSync(bufferView(data)).subarray(SIZE_BYTES) ?? data,
  decompress(data, sizeBytes) {
    const sized = Buffer.allocUnsafe(SIZE_BYTES + data.length);
    sized.writeUInt32LE(sizeBytes, 0);
    sized.set(data, SIZE_BYTES);
    return library()?.uncompressSync(sized) ?? null;
  },
});
