import { inlineCodecPool, loadPortableCodecs } from '../../core/engine/codec-registry.ts';
import type { CodecPool } from '../../core/world/index.ts';
import { rememberingCodecs } from '../../sim/remembering-codecs.ts';

let pool: Promise<CodecPool> | null = null;

/**
 * The portable codecs, so that a run is the same on every machine. Made once for all simulations of a thread, which get the same
 * bytes from it: to instantiate zstd takes longer than a short simulation.
 */
export function portablePool(): Promise<CodecPool> {
  pool ??= loadPortableCodecs().then((codecs) => inlineCodecPool(rememberingCodecs(codecs)));
  return pool;
}
