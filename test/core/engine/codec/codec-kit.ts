import { loadPortableCodecs } from '../../../../core/engine/codec-registry.ts';
import type { Codec, CompressionType } from '../../../../core/world/codec.ts';

/** What the codecs' tests share: the portable codecs, and data. */

export const codecs = await loadPortableCodecs();

export function codec(type: CompressionType): Codec {
  const found = codecs.get(type);
  if (found === undefined) throw new Error(`no codec ${type}`);
  return found;
}

export const sevens = Uint8Array.from({ length: 2048 }, (_, i) => i % 7);

/** Deterministic bytes that do not compress. */
export function noise(sizeBytes: number, seed = 1): Uint8Array {
  const out = new Uint8Array(sizeBytes);
  let state = seed | 1;
  for (let i = 0; i < sizeBytes; i++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    out[i] = state >>> 24;
  }
  return out;
}

export const samples: [string, Uint8Array][] = [
  ['nothing', new Uint8Array(0)],
  ['one byte', Uint8Array.of(7)],
  ['sevens', sevens],
  ['zeros', new Uint8Array(1 << 20)],
  ['noise', noise(150_000)],
  [
    'noise, then zeros',
    Uint8Array.from([...noise(140_000), ...new Uint8Array(140_000), ...noise(70_000, 9)]),
  ],
  ['larger than two LZMA2 chunks', new Uint8Array(4_300_000).map((_, i) => (i % 1001) ^ (i >> 12))],
];

/** Larger samples are for what lies between blocks and chunks, which is the same at every level and with every check sum. */
export const isLarge = (data: Uint8Array) => data.length > 100_000;
