import { randomFillSync } from 'node:crypto';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import '../fixed-seed.ts';
import { describe, expect, it } from 'vitest';
import { loadPortableCodecs } from '../../core/engine/codec-registry.ts';
import { FormatError } from '../../core/errors.ts';
import { COMPRESSION_TYPES, type Codec } from '../../core/world/index.ts';
import { withPortable } from '../../native/codec/library.ts';
import { loadNativeCodecs } from '../../native/codecs.ts';
import { expectEqual, expectSame } from '../expect-same.ts';

const native = loadNativeCodecs();
const portable = await loadPortableCodecs();

function pair(type: (typeof COMPRESSION_TYPES)[number]): { ours: Codec; theirs: Codec } {
  const [ours, theirs] = [native.get(type), portable.get(type)];
  if (ours === undefined || theirs === undefined) throw new Error(`no codec ${type}`);
  return { ours, theirs };
}

/** Bytes that compress more or less. */
const arbitraryBytes = fc
  .tuple(fc.integer({ min: 1, max: 6000 }), fc.integer({ min: 1, max: 256 }), fc.integer())
  .map(([length, values, seed]) => {
    const bytes = new Uint8Array(length);
    let state = seed | 1;
    for (let i = 0; i < length; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) | 0;
      bytes[i] = (state >>> 24) % values;
    }
    return bytes;
  });

/** What a call gives, or the class of its error. */
function outcome(call: () => Uint8Array): Uint8Array | string {
  try {
    return call();
  } catch (error) {
    return error instanceof FormatError ? 'FormatError' : String(error);
  }
}

describe('native codecs', () => {
  it('are there for every type, by libraries', () => {
    expect([...native.keys()]).toEqual([...COMPRESSION_TYPES]);
    const require = createRequire(import.meta.url);
    for (const name of ['snappy', 'lz4-napi', 'lzma-native']) expect(require(name)).toBeTypeOf('object');
  });

  describe.each(COMPRESSION_TYPES.filter((type) => type !== 'none'))('%s', (type) => {
    const { ours, theirs } = pair(type);

    it('gives what the portable one takes, and takes what it gives', () => {
      fc.assert(
        fc.property(arbitraryBytes, fc.nat(9), (data, level) => {
          const packed = ours.compress(data, level);
          expectSame(theirs.decompress(packed, data.length), data);
          const plain = ours.decompress(theirs.compress(data, level), data.length);
          expectSame(plain, data);
          // Whoever keeps a part of it must get a copy by slice.
          expect([packed.constructor, plain.constructor]).toEqual([Uint8Array, Uint8Array]);
        }),
        { numRuns: 25 },
      );
    });

    it('takes large data', () => {
      const data = new Uint8Array(type === 'lzma' ? 400_000 : 1_500_000);
      randomFillSync(data, 0, 200_000);
      const packed = ours.compress(data, 0);
      expect(Buffer.compare(theirs.decompress(packed, data.length), data)).toBe(0);
      expect(Buffer.compare(ours.decompress(theirs.compress(data, 0), data.length), data)).toBe(0);
    });

    it('refuses another size, cut data and data too many', () => {
      fc.assert(
        fc.property(arbitraryBytes, fc.double({ min: 0, max: 1, maxExcluded: true }), (data, share) => {
          const packed = ours.compress(data, 0);
          for (const size of [data.length - 1, data.length + 1]) {
            expect(() => ours.decompress(packed, size)).toThrow(FormatError);
          }
          const bad = [packed.subarray(0, Math.floor(packed.length * share)), new Uint8Array([...packed, 0])];
          for (const bytes of bad) expect(() => ours.decompress(bytes, data.length)).toThrow(FormatError);
        }),
        { numRuns: 25 },
      );
    });

    it('makes of damaged data what the portable one makes of them', () => {
      fc.assert(
        fc.property(arbitraryBytes, fc.nat(), fc.integer({ min: 1, max: 255 }), (data, place, flip) => {
          const packed = theirs.compress(data, 0).slice();
          packed[place % packed.length] ^= flip;
          const found = outcome(() => ours.decompress(packed, data.length));
          expectEqual(
            found,
            outcome(() => theirs.decompress(packed, data.length)),
          );
        }),
        { numRuns: 60 },
      );
    });

    it('does not make more than was asked of a bomb', () => {
      const bomb = ours.compress(new Uint8Array(8 << 20), 1);
      const beforeBytes = process.memoryUsage().arrayBuffers;
      expect(() => ours.decompress(bomb, 1000)).toThrow(FormatError);
      expect(process.memoryUsage().arrayBuffers - beforeBytes).toBeLessThan(4 << 20);
    });
  });

  it('work without their library', () => {
    const { theirs } = pair('snappy');
    const missing = () => {
      throw new Error('there is no library');
    };
    const codec = withPortable(theirs, { isThere: () => false, compress: missing, decompress: missing });
    const data = new Uint8Array(5000).fill(7);
    expect(codec.decompress(codec.compress(data, 0), data.length)).toEqual(data);
  });
});
