import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Lzma2Decoder } from '../../../../core/engine/codec/lzma-decoder.ts';
import { inlineCodecPool } from '../../../../core/engine/codec-registry.ts';
import { FormatError } from '../../../../core/errors.ts';
import { COMPRESSION_TYPES, type CompressionType } from '../../../../core/world/codec.ts';
import { codec, codecs, noise, samples, sevens } from './codec-kit.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
/** Bytes of the kind that blocks hold: runs, repeats from nearby and far away, noise. */
const content = fc
  .array(
    fc.oneof(
      fc.record({ run: fc.nat(255), length: fc.integer({ min: 1, max: 3000 }) }),
      fc.record({ noise: fc.nat(), length: fc.integer({ min: 1, max: 3000 }) }),
      fc.record({ back: fc.nat(), length: fc.integer({ min: 1, max: 3000 }) }),
    ),
    { maxLength: 40 },
  )
  .map((parts) => {
    const out: number[] = [];
    for (const part of parts) {
      if ('run' in part) for (let i = 0; i < part.length; i++) out.push(part.run);
      else if ('noise' in part) out.push(...noise(part.length, part.noise));
      else {
        const from = part.back % (out.length + 1);
        for (let i = 0; i < part.length && from < out.length; i++) out.push(out[from + i]);
      }
    }
    return Uint8Array.from(out);
  });

describe.each(COMPRESSION_TYPES)('%s', (type) => {
  it.each(samples)('gives back %s', (_, data) => {
    const packed = codec(type).compress(data, 0);
    expect(Buffer.compare(codec(type).decompress(packed, data.length), data)).toBe(0);
  });

  it('gives back any content at any level', () => {
    fc.assert(
      fc.property(content, fc.nat(9), (data, level) => {
        const packed = codec(type).compress(data, level);
        expect(Buffer.compare(codec(type).decompress(packed, data.length), data)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  it('does not write into its input', () => {
    const data = sevens.slice();
    const packed = codec(type).compress(data, 0).slice();
    const before = packed.slice();
    codec(type).decompress(packed, data.length);
    expect(packed).toEqual(before);
    expect(data).toEqual(sevens);
  });

  it('rejects any other size than the right one', () => {
    const packed = codec(type).compress(sevens, 0);
    for (const size of [0, 1, 2047, 2049, 4096]) {
      expect(() => codec(type).decompress(packed, size), `${size}`).toThrow(FormatError);
    }
  });

  it('answers damaged input with the right size or a FormatError', () => {
    const packed = codec(type).compress(Uint8Array.from([...sevens, ...noise(500), ...sevens]), 0);
    const damage = fc.array(fc.record({ at: fc.nat(packed.length - 1), value: fc.nat(255) }), {
      minLength: 1,
    });
    fc.assert(
      fc.property(damage, fc.nat(packed.length), (changes, cut) => {
        const bad = packed.slice(0, cut % 3 === 0 ? cut : packed.length);
        for (const { at, value } of changes) if (at < bad.length) bad[at] = value;
        expectSizeOrFormatError(type, bad, 4596);
      }),
      { numRuns: 400 },
    );
  });

  it('answers arbitrary bytes with the right size or a FormatError', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(5000), (bytes, size) => {
        expectSizeOrFormatError(type, bytes, size);
      }),
      { numRuns: 400 },
    );
  });

  it('stops a bomb at the expected size', () => {
    if (type === 'none') return;
    const bomb = codec(type).compress(new Uint8Array(8 << 20), 0);
    expect(() => codec(type).decompress(bomb, 4096)).toThrow(FormatError);
  });
});

function expectSizeOrFormatError(type: CompressionType, bytes: Uint8Array, sizeBytes: number): void {
  let plain: Uint8Array;
  try {
    plain = codec(type).decompress(bytes, sizeBytes);
  } catch (error) {
    expect(error).toBeInstanceOf(FormatError);
    return;
  }
  expect(plain.length).toBe(sizeBytes);
}

describe('framing', () => {
  it('begins as the format demands', () => {
    const starts: [CompressionType, string][] = [
      ['gzip', '789c63606462'],
      ['snappy', '80101800010203040506fe0700'],
      ['lzma', 'fd377a585a000004e6d6b446'],
      ['lz4', '7f0001020304050607 00ff'.replace(' ', '')],
      ['zstd', '28b52ffd60000775'],
    ];
    for (const [type, start] of starts) {
      expect(hex(codec(type).compress(sevens, 0)).slice(0, start.length), type).toBe(start);
    }
    expect(hex(codec('gzip').compress(sevens, 9)).slice(0, 4)).toBe('78da');
  });

  it('decodes by the rules of the formats, not of one encoder', () => {
    // Snappy: a literal with a length of one, two, three and four bytes; copies of all three forms.
    const literal = (tag: number[], length: number) => Uint8Array.from([length, ...tag, ...noise(length)]);
    for (const tag of [
      [60 << 2, 19],
      [61 << 2, 19, 0],
      [62 << 2, 19, 0, 0],
      [63 << 2, 19, 0, 0, 0],
    ]) {
      expect(codec('snappy').decompress(literal(tag, 20), 20)).toEqual(noise(20));
    }
    for (const copy of [
      [1 | (1 << 2), 2],
      [2 | (4 << 2), 2, 0],
      [3 | (4 << 2), 2, 0, 0, 0],
    ]) {
      const plain = codec('snappy').decompress(Uint8Array.from([7, 1 << 2, 65, 66, ...copy]), 7);
      expect(Buffer.from(plain).toString()).toBe('ABABABA');
    }
    // LZ4: lengths that go on in further bytes, and the shortest match.
    const long = Uint8Array.from([0x1f, 65, 1, 0, 255, 10, 0x50, 1, 2, 3, 4, 5]);
    expect(
      codec('lz4')
        .decompress(long, 290)
        .subarray(0, 285)
        .every((byte) => byte === 65),
    ).toBe(true);
    const short = Uint8Array.from([0x20, 65, 66, 2, 0, 0x50, 1, 2, 3, 4, 5]);
    expect(Buffer.from(codec('lz4').decompress(short, 11)).toString('latin1')).toBe(
      'ABABAB\x01\x02\x03\x04\x05',
    );
  });

  it('rejects offsets of zero and before the start', () => {
    expect(() => codec('snappy').decompress(Uint8Array.of(5, 0, 65, 2 | (3 << 2), 0, 0), 5)).toThrow(
      FormatError,
    );
    expect(() => codec('snappy').decompress(Uint8Array.of(5, 0, 65, 2 | (3 << 2), 2, 0), 5)).toThrow(
      FormatError,
    );
    expect(() => codec('lz4').decompress(Uint8Array.of(0x10, 65, 0, 0, 0), 5)).toThrow(FormatError);
    expect(() => codec('lz4').decompress(Uint8Array.of(0x10, 65, 2, 0, 0), 5)).toThrow(FormatError);
  });

  it('stops LZMA before the first byte too many, and at matches before the start', () => {
    const bomb = codec('lzma').compress(new Uint8Array(1 << 20), 0);
    expect(() => codec('lzma').decompress(bomb, 4096)).toThrow('more came out');
    // One chunk whose first symbol repeats a distance, where there is nothing yet to repeat.
    const chunk = Buffer.from('e0012b00075d00feffffffffffff', 'hex');
    expect(() => new Lzma2Decoder(chunk, 0, new Uint8Array(300), 0).decode()).toThrow('outside of the data');
  });

  it('checks Adler-32 and CRC64', () => {
    const zlibStream = codec('gzip').compress(sevens, 0).slice();
    zlibStream[zlibStream.length - 1] ^= 1;
    expect(() => codec('gzip').decompress(zlibStream, 2048)).toThrow(/Adler/);
    // Stored LZMA2 chunks: only the CRC64 notices a changed byte of data.
    const data = noise(1000);
    const xz = codec('lzma').compress(data, 0).slice();
    xz[xz.length - 200] ^= 1;
    expect(() => codec('lzma').decompress(xz, 1000)).toThrow(/CRC64/);
  });
});

describe('inline pool', () => {
  it('keeps the order and yields every few MiB', async () => {
    let yields = 0;
    const pool = inlineCodecPool(codecs, async () => {
      yields++;
    });
    const parts = [sevens, new Uint8Array(3 << 20), noise(3 << 20), Uint8Array.of(1)];
    const packed = await pool.run(
      parts.map((data) => ({ kind: 'compress', type: 'snappy', level: 0, data })),
    );
    expect(yields).toBe(1);
    const plain = await pool.run(
      packed.map((data, i) => ({ kind: 'decompress', type: 'snappy', sizeBytes: parts[i].length, data })),
    );
    expect(plain.map((data, i) => Buffer.compare(data, parts[i]))).toEqual([0, 0, 0, 0]);
  });

  it('rejects the batch when one job fails', async () => {
    const pool = inlineCodecPool(codecs);
    const jobs = [0, 1].map(
      (n) => ({ kind: 'decompress', type: 'lz4', sizeBytes: n, data: new Uint8Array(1) }) as const,
    );
    await expect(pool.run(jobs)).rejects.toThrow(FormatError);
  });
});
