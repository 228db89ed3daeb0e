import { constants, deflateSync, inflateSync } from 'node:zlib';
import { type CodecSet, inlineCodecPool, loadPortableCodecs } from '../core/engine/codec-registry.ts';
import { errorText, FormatError } from '../core/errors.ts';
import type { Codec, CodecPool } from '../core/world/index.ts';

/** Longest piece in which zlib hands out what it decompresses. */
const MAX_CHUNK_BYTES = 1024 * 1024;
const MIN_CHUNK_BYTES = 64;

/** The `gzip` of the wdiff format (a zlib stream) by Node's own zlib, several times as fast as the portable one. */
const zlibCodec: Codec = {
  type: 'gzip',
  compress(data, level) {
    return plainView(deflateSync(data, { level: level === 0 ? constants.Z_DEFAULT_COMPRESSION : level }));
  },
  decompress(data, sizeBytes) {
    const chunkSize = Math.min(MAX_CHUNK_BYTES, Math.max(MIN_CHUNK_BYTES, sizeBytes));
    let result: { buffer: Uint8Array; engine: { bytesWritten: number } };
    try {
      result = inflateSync(data, {
        chunkSize,
        maxOutputLength: Math.max(1, sizeBytes),
        info: true,
      }) as unknown as typeof result;
    } catch (error) {
      throw new FormatError(`gzip: ${sizeBytes} bytes expected: ${errorText(error)}`);
    }
    const { buffer, engine } = result;
    if (buffer.length !== sizeBytes) {
      throw new FormatError(`gzip: ${sizeBytes} bytes expected, ${buffer.length} came out`);
    }
    if (engine.bytesWritten !== data.length) {
      throw new FormatError('gzip: a stream of another length expected', engine.bytesWritten);
    }
    return plainView(buffer);
  },
};

/** The bytes of a Buffer as a Uint8Array, whose `slice` copies. */
function plainView(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The portable codecs, and Node's own where it has better ones. */
export async function loadNativeCodecs(): Promise<CodecSet> {
  return new Map([...(await loadPortableCodecs()), [zlibCodec.type, zlibCodec]]);
}

/** A pool that works in this thread and lets the event loop turn every few MiB. */
export async function nativeCodecPool(): Promise<CodecPool> {
  const codecs = await loadNativeCodecs();
  return inlineCodecPool(codecs, () => new Promise((resolve) => setImmediate(resolve)));
}
