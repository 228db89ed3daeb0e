import { MIB } from '../units.js';
import { gzipCodec } from './codec/gzip.js';
import { lz4Codec } from './codec/lz4.js';
import { noneCodec } from './codec/none.js';
import { createSnappyCodec } from './codec/snappy.js';
import { lzmaCodec } from './codec/xz.js';
import { loadZstdCodec } from './codec/zstd.js';
/** The codecs in TypeScript and WebAssembly, which give the same bytes everywhere. Load them once and pass them on. */
export async function loadPortableCodecs() {
    const codecs = [noneCodec, gzipCodec, createSnappyCodec(), lzmaCodec, lz4Codec, loadZstdCodec()];
    return new Map(codecs.map((codec) => [codec.type, codec]));
}
/** Work between two yields to the event loop. */
const YIELD_BYTES = 4 * MIB;
/**
 * A pool that works in the caller's thread. `yieldToLoop` lets other work of the process go on and is called after
 * every few MiB; without it only microtasks get their turn.
 */
export function inlineCodecPool(codecs, yieldToLoop) {
    let bytesSinceYield = 0;
    return {
        async run(jobs) {
            const results = [];
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
export function runCodecJob(codecs, job) {
    const codec = codecs.get(job.type);
    if (codec === undefined)
        throw new RangeError(`no codec for compression type ${job.type}`);
    return job.kind === 'compress'
        ? codec.compress(job.data, job.level)
        : codec.decompress(job.data, job.sizeBytes);
}
