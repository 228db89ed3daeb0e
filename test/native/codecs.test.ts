import { randomFillSync } from 'node:crypto';
import { createRequire } from 'node:module';
import fc from 'fast-check';
import '../fixed-seed.ts';
import { describe, expect, it } from 'vitest';
import { loadPortableCodecs, runCodecJob } from '../../core/engine/codec-registry.ts';
import { FormatError } from '../../core/errors.ts';
import { COMPRESSION_TYPES, type Codec } from '../../core/world/index.ts';
import { withPortable } from '../../native/codec/library.ts';
import { loadNativeCodecs } from '../../native/codecs.ts';
import { RandomStream } from '../../sim/random.ts';
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

/** Noise, with some of it once more further on. */
const barelyCompressible = fc
  .record({
    sizeBytes: fc.integer({ min: 4000, max: 100_000 }),
    seed: fc.nat(),
    repeats: fc.array(
      fc.record({ from: fc.nat(), to: fc.nat(), sizeBytes: fc.integer({ min: 1, max: 400 }) }),
      {
        maxLength: 2,
      },
    ),
  })
  .map(({ sizeBytes, seed, repeats }) => {
    const data = new RandomStream(seed).bytes(sizeBytes);
    for (const { from, to, sizeBytes: length } of repeats) {
      data.copyWithin(to % sizeBytes, from % sizeBytes, (from % sizeBytes) + length);
    }
    return data;
  });

describe('snappy, asked whether data may shrink', () => {
  it('says no only where compressing saves nothing worth while', () => {
    const counts = { no: 0, smaller: 0 };
    fc.assert(
      fc.property(barelyCompressible, (data) => {
        const { ours, theirs } = pair('snappy');
        const mayShrink = ours.mayShrink?.(data);
        expect(mayShrink).toBe(theirs.mayShrink?.(data));
        const sizes = [ours, theirs].map((codec) => codec.compress(data, 0).length);
        if (mayShrink === false) {
          counts.no += 1;
          // The library's search is another one than ours.
          expect(sizes[0]).toBeGreaterThan(0.98 * data.length);
          expect(sizes[1]).toBeGreaterThanOrEqual(data.length);
        } else if (data.length > Math.min(...sizes)) counts.smaller += 1;
      }),
      { numRuns: 300 },
    );
    expect(counts.no).toBeGreaterThan(30);
    expect(counts.smaller).toBeGreaterThan(3);
  });

  it('is asked where only smaller results count, and spares compressing them', () => {
    const data = new RandomStream(1).bytes(20_000);
    const job = { kind: 'compress', type: 'snappy', level: 0, data } as const;
    expect(runCodecJob(native, { ...job, shrinkOnly: true })).toBe(data);
    expect(runCodecJob(native, job).length).toBeGreaterThan(data.length);
  });

  it('says yes to data that shrink well, and to small ones', () => {
    const half = new RandomStream(1).bytes(20_000);
    half.copyWithin(12_000, 2000, 8000);
    expect(pair('snappy').theirs.mayShrink?.(half)).toBe(true);
    expect(pair('snappy').theirs.mayShrink?.(new RandomStream(1).bytes(4096))).toBe(true);
    expect(pair('snappy').theirs.mayShrink?.(new RandomStream(1).bytes(4097))).toBe(false);
  });
});

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
