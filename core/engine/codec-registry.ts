import { MIB } from '../units.ts';
import type { Codec, CodecJob, CodecPool, CompressionType } from '../world/codec.ts';
import { gzipCodec } from './codec/gzip.ts';
import { lz4Codec } from './codec/lz4.ts';
import { noneCodec } from './codec/none.ts';
import { createSnappyCodec } from './codec/snappy.ts';
import { lzmaCodec } from './codec/xz.ts';
import { loadZstdCodec } from './codec/zstd.ts';

/** One codec for every compression type of the wdiff format. */
export type CodecSet = ReadonlyMap<CompressionType, Codec>;

/** The codecs in TypeScript and WebAssembly, which give the same bytes everywhere. Load them once and pass them on. */
export async function loadPortableCodecs(): Promise<CodecSet> {
  const codecs = [noneCodec, gzipCodec, createSnappyCodec(), lzmaCodec, lz4Codec, loadZstdCodec()];
  return new Map(codecs.map((codec) => [codec.type, codec]));
}

/** Work between two yields to the event loop. */
const YIELD_BYTES = 4 * MIB;

/**
 * A pool that works in the caller's thread. `yieldToLoop` lets other work of the process go on and is called after
 * every few MiB; without it only microtasks get their turn.
 */
export function inlineCodecPool(codecs: CodecSet, yieldToLoop?: () => Promise<void>): CodecPool {
  let bytesSinceYield = 0;
  return {
    async run(jobs) {
      const results: Uint8Array[] = [];
      for (const job of jobs) {
        results.push(runCodecJob(codecs, job));
        bytesSinceYield += job.kind === 'compress' ? job.data.length : job.sizeBytes;
        if (bytesSinceYield >= YIELD_BYTES) {
          bytesSinceYield = 0;
          await yieldToLoop?.();
        }
      }
      return results;
    },
  };
}

/** Runs one job with the codec that it names. Throws FormatError when what is decompressed is not valid. */
export function runCodecJob(codecs: CodecSet, job: CodecJob): Uint8Array {
  const codec = codecs.get(job.type);
  if (codec === undefined) throw new RangeError(`no codec for compression type ${job.type}`);
  if (job.kind === 'decompress') return codec.decompress(job.data, job.sizeBytes);
  if (job.shrinkOnly === true && codec.mayShrink?.(job.data) === false) return job.data;
  return codec.compress(job.data, job.level);
}
