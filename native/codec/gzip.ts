import { constants, deflateSync, inflateSync } from 'node:zlib';
import { gzipCodec } from '../../core/engine/codec/gzip.ts';
import { withPortable } from './library.ts';

/** Longest piece in which zlib hands out what it decompresses. */
const MAX_CHUNK_BYTES = 1024 * 1024;
const MIN_CHUNK_BYTES = 64;
/** What zlib adds to bytes that it cannot compress, at most, for its output to come in one piece. */
const OVERHEAD_BYTES = 1024;

/** The `gzip` of the wdiff format (a zlib stream) by Node's own zlib. */
export const fastGzip = withPortable(gzipCodec, {
  isThere: () => true,
  compress: (data, level) =>
    deflateSync(data, {
      level: level === 0 ? constants.Z_DEFAULT_COMPRESSION : level,
      chunkSize: Math.min(MAX_CHUNK_BYTES, data.length + OVERHEAD_BYTES),
    }),
  decompress(data, sizeBytes) {
    const chunkSize = Math.min(MAX_CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, sizeBytes));
    const { buffer, engine } = inflateSync(data, {
      chunkSize,
      maxOutputLength: Math.max(1, sizeBytes),
      info: true,
    }) as unknown as { buffer: Uint8Array; engine: { bytesWritten: number } };
    return engine.bytesWritten === data.length ? buffer : null;
  },
});
