import { describe, expect, it } from 'vitest';
import { loadZstdCodec } from '../../../../core/engine/codec/zstd.ts';
import { KIB, MIB } from '../../../../core/units.ts';
import { KeyedRandom } from '../../../../sim/random.ts';

/** Inputs of all sizes and kinds, at all levels, in an order that mixes them. */
function* inputs(count: number): Generator<{ data: Uint8Array; level: number }> {
  const random = new KeyedRandom(1);
  for (let n = 0; n < count; n++) {
    const draws = random.at('zstd', 'input', n);
    const sizeBytes = [0, 1, 512, 4 * KIB, 20 * KIB, 32 * KIB, 200 * KIB][draws.below(7)];
    const data = new Uint8Array(sizeBytes);
    const kind = draws.below(4);
    // Noise, text, noise beside zeros, zeros.
    const noise = draws.bytes(sizeBytes);
    for (let i = 0; i < sizeBytes; i++) {
      if (kind === 0) data[i] = noise[i];
      else if (kind === 1) data[i] = 97 + (noise[i] % 7);
      else if (kind === 2 && i % 16 < 8) data[i] = noise[i];
    }
    yield { data, level: n % 10 === 0 ? draws.below(10) : 1 };
  }
}

describe('a context that is kept', () => {
  const oneShot = loadZstdCodec({ contextInputBytes: -1 });

  it.each([
    ['for ever', {}],
    ['for some inputs', { contextBytes: 100 * KIB }],
    ['for small inputs', { contextInputBytes: 4 * KIB }],
  ])('%s gives the same bytes as none', (_, options) => {
    const kept = loadZstdCodec(options);
    for (const { data, level } of inputs(100)) {
      const packed = kept.compress(data, level);
      expect(
        Buffer.compare(packed, oneShot.compress(data, level)),
        `${data.length} bytes, level ${level}`,
      ).toBe(0);
      expect(Buffer.compare(kept.decompress(packed, data.length), data)).toBe(0);
    }
  });

  it('is left out for large inputs, between which it goes on', () => {
    const kept = loadZstdCodec();
    const large = new Uint8Array(2 * MIB).fill(7);
    for (const { data } of inputs(3)) {
      for (const input of [data, large]) {
        expect(Buffer.compare(kept.compress(input, 0), oneShot.compress(input, 0))).toBe(0);
      }
    }
  });
});
