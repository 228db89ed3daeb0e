import { noneCodec } from '../core/engine/codec/none.ts';
import { type CodecSet, inlineCodecPool } from '../core/engine/codec-registry.ts';
import type { CodecPool } from '../core/world/index.ts';
import { fastGzip } from './codec/gzip.ts';
import { fastLz4 } from './codec/lz4.ts';
import { fastSnappy } from './codec/snappy.ts';
import { fastLzma } from './codec/xz.ts';
import { fastZstd } from './codec/zstd.ts';

/**
 * All codecs, each by the fastest library that is there; where an optional one is missing, or has no binary for this
 * system, by the portable codec. Libraries are loaded when they are first needed.
 */
export function loadNativeCodecs(): CodecSet {
  const codecs = [noneCodec, fastGzip, fastSnappy, fastLzma, fastLz4, fastZstd()];
  return new Map(codecs.map((codec) => [codec.type, codec]));
}

/** A pool that works in this thread and lets the event loop turn every few MiB. */
export async function nativeCodecPool(): Promise<CodecPool> {
  return inlineCodecPool(loadNativeCodecs(), () => new Promise((resolve) => setImmediate(resolve)));
}
