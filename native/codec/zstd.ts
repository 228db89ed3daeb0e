import * as zlib from 'node:zlib';
import { loadZstdCodec } from '../../core/engine/codec/zstd.ts';
import type { Codec } from '../../core/world/index.ts';
import { withPortable } from './library.ts';

/** What Node has from 22.15 on; absent in older ones and their types. */
interface ZlibWithZstd {
  readonly constants: { readonly ZSTD_c_compressionLevel: number };
  zstdCompressSync(
    data: Uint8Array,
    options: { params: Record<number, number>; pledgedSrcSize: number },
  ): Uint8Array;
  zstdDecompressSync(
    data: Uint8Array,
    options: { maxOutputLength: number; info: true },
  ): { buffer: Uint8Array; engine: { bytesWritten: number } };
}

/** Level that stands for the codec's own default, as in the portable codec. */
const DEFAULT_LEVEL = 1;
const MAX_LEVEL = 19;

/** Zstandard by Node's own library where it has one, else the reference library in WebAssembly, loaded at first use. */
export function fastZstd(): Codec {
  let wasm: Codec | null = null;
  const loaded = () => (wasm ??= loadZstdCodec());
  const portable: Codec = {
    type: 'zstd',
    compress: (data, level) => loaded().compress(data, level),
    decompress: (data, sizeBytes) => loaded().decompress(data, sizeBytes),
  };
  if (!('zstdCompressSync' in zlib)) return portable;
  const library = zlib as unknown as ZlibWithZstd;
  return withPortable(portable, {
    isThere: () => true,
    compress(data, level) {
      const preset = level >= 1 ? Math.min(MAX_LEVEL, Math.trunc(level)) : DEFAULT_LEVEL;
      return library.zstdCompressSync(data, {
        params: { [library.constants.ZSTD_c_compressionLevel]: preset },
        // So that the frame says its size.
        pledgedSrcSize: data.length,
      });
    },
    decompress(data, sizeBytes) {
      const { buffer, engine } = library.zstdDecompressSync(data, {
        maxOutputLength: Math.max(1, sizeBytes),
        info: true,
      });
      return engine.bytesWritten === data.length ? buffer : null;
    },
  });
}
