import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { BufferedReader } from '../../../core/engine/byte-stream.ts';
import { ImageCache } from '../../../core/engine/image-cache.ts';
import { IndexedWdiffInput } from '../../../core/engine/indexed-wdiff-reader.ts';
import { IndexedWdiffWriter } from '../../../core/engine/indexed-wdiff-writer.ts';
import { MemorySink, memoryReader, memorySource } from '../../../core/engine/memory-stream.ts';
import { openWdiffs } from '../../../core/engine/open-wdiff.ts';
import {
  decodePackImage,
  MAX_PACK_IMAGE_BYTES,
  Packer,
  type PackImage,
  packBytes,
} from '../../../core/engine/pack-image.ts';
import type { PlainIo } from '../../../core/engine/plain-io.ts';
import { openSortedPacks, openSortedWdiff } from '../../../core/engine/sorted-wdiff-reader.ts';
import { SortedWdiffWriter } from '../../../core/engine/sorted-wdiff-writer.ts';
import { FormatError } from '../../../core/errors.ts';
import { checksum } from '../../../core/format/checksum.ts';
import { WDIFF_HEADER_BYTES } from '../../../core/format/wdiff-header.ts';
import type { CodecJob, CodecPool } from '../../../core/world/codec.ts';
import {
  anyIos,
  anyWdiffSpec,
  BLOCK,
  collect,
  hex,
  ioLines,
  makeIo,
  makeWdiff,
  modelOf,
  openBytes,
  portablePool,
  sortedPart,
  UUID,
  type WdiffSpec,
} from './engine-kit.ts';

let pool: CodecPool;
beforeAll(async () => {
  pool = await portablePool();
});

const NONE = { type: 'none', level: 0 } as const;
const SNAPPY = { type: 'snappy', level: 0 } as const;
const filled = (addressLb: number, sizeLb: number, byte: number): PlainIo => ({
  addressLb,
  sizeLb,
  kind: 'normal',
  data: new Uint8Array(sizeLb * BLOCK).fill(byte),
});

describe('sorted wdiff', () => {
  it('is written byte for byte as the format says', async () => {
    const data = Uint8Array.from({ length: BLOCK }, (_, i) => i & 255);
    const ios: PlainIo[] = [
      { addressLb: 16, sizeLb: 1, kind: 'normal', data },
      makeIo('zero', 32, 4, 0),
      makeIo('discard', 64, 8, 0),
    ];
    const bytes = await makeWdiff(ios, { type: 'sorted', compression: NONE, maxPieceLb: 0 }, pool);
    expect(bytes.length).toBe(8736);
    expect(hex(bytes.subarray(0, 0x90))).toBe(
      [
        'e6e3dfdb02000000000000000000000000010203 0405060708090a0b0c0d0e0f',
        '7ab63fc0 0300 00 00 00020000 00000000',
        '1000000000000000 01000000 00 00 0000 00000000 00020000 0041c03f 00000000',
        '2000000000000000 04000000 02 00 0000 00020000 00000000 00000000 00000000',
        '4000000000000000 08000000 04 00 0000 00020000 00000000 00000000 00000000',
      ]
        .join('')
        .replaceAll(' ', ''),
    );
    expect(bytes.subarray(0x1020, 0x1220)).toEqual(data);
    expect(hex(bytes.subarray(0x1220, 0x1230))).toBe('0000ffff000001000000000000000000');
  });

  it('gives back what was written, in packs of any number', async () => {
    await fc.assert(
      fc.asyncProperty(anyIos(2000, 9, 500), anyWdiffSpec, fc.nat(300), async (ios, spec, chunkBytes) => {
        const sorted = sortedPart(ios);
        const bytes = await makeWdiff(sorted, { ...spec, type: 'sorted' }, pool);
        const input = await openSortedWdiff(memorySource(bytes, chunkBytes + 1), pool);
        expect(ioLines(await collect(input))).toEqual(ioLines(sorted));
        expect(await input.next()).toBe(null);
      }),
      { numRuns: 40 },
    );
  });

  it('keeps the limits of a pack: 127 records and 32 MiB, unless one IO alone is larger', async () => {
    const sizes: [number, number][] = [];
    const write = async (ios: readonly PlainIo[]) => {
      const packer = new Packer({ compression: NONE, pool }, async ({ pack }) => {
        sizes.push([pack.ios.length, pack.sizeBytes - 4096]);
      });
      for (const io of ios) await packer.add(io);
      await packer.finish();
      return sizes.splice(0);
    };
    const records = Array.from({ length: 300 }, (_, i) => makeIo('zero', i, 1, 0));
    expect((await write(records)).map(([count]) => count)).toEqual([127, 127, 46]);
    const mib = 2048;
    const big = [16 * mib, 16 * mib, 1, 40 * mib, 1].map((sizeLb, i) => filled(i * 100 * mib, sizeLb, 1));
    expect(await write(big)).toEqual([
      [2, 32 << 20],
      [1, BLOCK],
      [1, 40 << 20],
      [1, BLOCK],
    ]);
    expect(await write([])).toEqual([]);
  });

  it('refuses IOs that are not sorted', async () => {
    const writer = await SortedWdiffWriter.open(new MemorySink(), UUID, { compression: SNAPPY, pool });
    await writer.add(makeIo('zero', 10, 4, 0));
    await expect(writer.add(makeIo('zero', 13, 1, 0))).rejects.toThrow(FormatError);
  });

  it('needs its end pack, unless the caller is content without', async () => {
    const ios = [makeIo('normal', 0, 1, 1), makeIo('normal', 5, 1, 1)];
    const bytes = await makeWdiff(ios, { type: 'sorted', compression: NONE, maxPieceLb: 0 }, pool);
    const cut = bytes.length - 4096;
    for (const length of [cut, cut + 1, bytes.length - 1]) {
      const strict = await openSortedWdiff(memorySource(bytes.subarray(0, length)), pool);
      await expect(collect(strict)).rejects.toThrow('eof error');
      const lax = await openSortedWdiff(memorySource(bytes.subarray(0, length)), pool, { requireEnd: false });
      expect(await collect(lax)).toHaveLength(2);
    }
    const inData = await openSortedWdiff(memorySource(bytes.subarray(0, cut - 1)), pool, {
      requireEnd: false,
    });
    await expect(collect(inData)).rejects.toThrow('eof error');
  });

  it('notices order that is wrong across packs', async () => {
    const first = await makeWdiff(
      [makeIo('zero', 10, 4, 0)],
      { type: 'sorted', compression: NONE, maxPieceLb: 0 },
      pool,
    );
    const second = await makeWdiff(
      [makeIo('zero', 13, 4, 0)],
      { type: 'sorted', compression: NONE, maxPieceLb: 0 },
      pool,
    );
    const both = Buffer.concat([first.subarray(0, 32 + 4096), second.subarray(32)]);
    await expect(openBytes(both, pool).then(collect)).rejects.toThrow('sorted and not overlapped');
  });

  it('verifies stored data on every read', async () => {
    const bytes = await makeWdiff(
      [makeIo('normal', 0, 8, 1)],
      { type: 'sorted', compression: SNAPPY, maxPieceLb: 0 },
      pool,
    );
    const bad = bytes.slice();
    bad[32 + 4096 + 3] ^= 0x40;
    await expect(openBytes(bad, pool).then(collect)).rejects.toThrow('checksum differ');
  });

  it('stores compressed only what becomes smaller', async () => {
    const noise = filled(0, 4, 0);
    for (let i = 0, x = 1; i < noise.data.length; i++) {
      x = (Math.imul(x, 1103515245) + 12345) >>> 0;
      noise.data[i] = x >>> 24;
    }
    for (const type of ['gzip', 'snappy', 'lzma', 'lz4', 'zstd'] as const) {
      const spec: WdiffSpec = { type: 'sorted', compression: { type, level: 0 }, maxPieceLb: 0 };
      const packs = await openSortedPacks(
        memorySource(await makeWdiff([noise, filled(4, 4, 7)], spec, pool)),
      );
      const pack = await packs.next();
      expect(pack?.ios.map((io) => io.compression)).toEqual(['none', type]);
      expect(pack?.ios.map((io) => io.checksum)).toEqual(pack?.ios.map((io) => checksum(io.data, 0)));
    }
  });
});

describe('pack images', () => {
  async function onePack(ios: readonly PlainIo[]): Promise<PackImage> {
    let found: PackImage | null = null;
    const packer = new Packer({ compression: SNAPPY, pool }, async ({ pack }) => {
      found = pack;
    });
    for (const io of ios) await packer.add(io);
    await packer.finish();
    if (found === null) throw new Error('no pack');
    return found;
  }

  it('are verified as a whole', async () => {
    const pack = await onePack([
      makeIo('normal', 0, 9, 1),
      makeIo('zero', 20, 1, 1),
      makeIo('normal', 30, 9, 2),
    ]);
    const bytes = packBytes(pack);
    expect(decodePackImage(bytes)).toEqual({ ...pack, header: bytes.subarray(0, 4096) });
    expect(() => decodePackImage(bytes.subarray(0, bytes.length - 1))).toThrow('invalid pack size');
    expect(() => decodePackImage(new Uint8Array(100))).toThrow('invalid pack size');
    expect(() => decodePackImage(new Uint8Array(MAX_PACK_IMAGE_BYTES + 1))).toThrow('invalid pack size');
    for (let at = 0; at < bytes.length; at += 97) {
      const bad = bytes.slice();
      bad[at] ^= 1;
      expect(() => decodePackImage(bad), `${at}`).toThrow(FormatError);
    }
  });

  it('come in order from a pool that finishes them in any order, and few at a time', async () => {
    let running = 0;
    let most = 0;
    const waiting: (() => void)[] = [];
    const slow: CodecPool = {
      async run(jobs: readonly CodecJob[]) {
        most = Math.max(most, ++running);
        await new Promise<void>((resolve) => waiting.push(resolve));
        running--;
        return await pool.run(jobs);
      },
    };
    const addresses: number[] = [];
    const packer = new Packer({ compression: SNAPPY, pool: slow, maxPacksInFlight: 3 }, async ({ pack }) => {
      addresses.push(pack.ios[0].addressLb);
    });
    let done = false;
    const run = (async () => {
      for (let i = 0; i < 127 * 10; i++) await packer.add(makeIo('normal', i, 1, i));
      await packer.finish();
      done = true;
    })();
    while (!done) {
      for (let i = 0; i < 5000; i++) await null;
      // The newest job first.
      waiting.pop()?.();
    }
    await run;
    expect(addresses).toEqual(Array.from({ length: 10 }, (_, i) => i * 127));
    expect(most).toBe(4);
  });

  it('hand on the error of a job', async () => {
    const failing: CodecPool = { run: async () => Promise.reject(new Error('worker died')) };
    const packer = new Packer({ compression: SNAPPY, pool: failing }, async () => undefined);
    await packer.add(makeIo('normal', 0, 1, 1));
    await expect(packer.finish()).rejects.toThrow('worker died');
  });
});

describe('indexed wdiff', () => {
  it('is written byte for byte as the format says', async () => {
    const ios = [filled(1, 3, 0x41), makeIo('discard', 2, 1, 0), filled(3, 1, 0x42)];
    const bytes = await makeWdiff(ios, { type: 'indexed', compression: SNAPPY, maxPieceLb: 2048 }, pool);
    expect(bytes.length).toBe(304);
    expect(hex(bytes.subarray(0x20, 0x26))).toBe('800c0041fe01');
    expect(hex(bytes.subarray(0x88))).toBe(
      [
        '0100000000000000 01000000 00 02 0000 2000000000000000 4c000000 00000000 03000000 00000000 86f7ffbe 09060041',
        '0200000000000000 01000000 04 00 0000 6c00000000000000 00000000 00000000 00000000 00000000 00000000 8dffffff',
        '0300000000000000 01000000 00 02 0000 6c00000000000000 1c000000 00000000 01000000 00000000 82ffffbd f1fdff41',
        '8800000000000000 03000000 03000000 00000000 72ffffff',
      ]
        .join('')
        .replaceAll(' ', ''),
    );
  });

  it('gives back what was written last, whatever its cache holds', async () => {
    const anyCache = fc.constantFrom(0, 1000, 20_000, 1 << 25);
    await fc.assert(
      fc.asyncProperty(anyIos(300, 60, 60), anyWdiffSpec, anyCache, async (ios, spec, cacheBytes) => {
        const bytes = await makeWdiff(ios, { ...spec, type: 'indexed' }, pool);
        const input = await IndexedWdiffInput.open(memoryReader(bytes), pool, {
          cache: new ImageCache(cacheBytes),
        });
        const found = await collect(input);
        expect(modelOf(300, found)).toEqual(modelOf(300, ios));
        let end = 0;
        for (const io of found) {
          expect(io.addressLb).toBeGreaterThanOrEqual(end);
          expect(io.addressLb % io.sizeLb).toBe(0);
          end = io.addressLb + io.sizeLb;
        }
        expect(input.statistics.wdiffCount).toBe(1);
      }),
      { numRuns: 60 },
    );
  });

  it('reads each image once when the cache is large enough', async () => {
    const images = Array.from({ length: 50 }, (_, i) => filled(((i * 37) % 50) * 7 + 1, 7, i + 1));
    const bytes = await makeWdiff(images, { type: 'indexed', compression: SNAPPY, maxPieceLb: 2048 }, pool);
    let decompressed = 0;
    const counting: CodecPool = {
      run: async (jobs) => {
        decompressed += jobs.length;
        return await pool.run(jobs);
      },
    };
    const ios = await collect(await IndexedWdiffInput.open(memoryReader(bytes), counting));
    expect(ios.length).toBeGreaterThan(100);
    expect(decompressed).toBe(50);
  });

  it('shares one cache among many, each with its own images', async () => {
    const spec: WdiffSpec = { type: 'indexed', compression: SNAPPY, maxPieceLb: 4 };
    const files = await Promise.all([1, 2, 3].map((byte) => makeWdiff([filled(1, 30, byte)], spec, pool)));
    const inputs = await openWdiffs(
      files.map((file) => memoryReader(file)),
      pool,
    );
    for (let i = 0; i < 5; i++) {
      for (const [n, input] of inputs.entries()) expect((await input.next())?.data[0]).toBe(n + 1);
    }
  });

  it('cannot be read without its end', async () => {
    const bytes = await makeWdiff(
      [filled(0, 5, 1)],
      { type: 'indexed', compression: SNAPPY, maxPieceLb: 0 },
      pool,
    );
    for (const length of [0, 31, 32, 55, 56, bytes.length - 1]) {
      await expect(IndexedWdiffInput.open(memoryReader(bytes.subarray(0, length)), pool)).rejects.toThrow(
        FormatError,
      );
    }
    const sink = new MemorySink();
    const writer = await IndexedWdiffWriter.open(sink, UUID, { compression: SNAPPY, pool });
    for (let i = 0; i < 1000; i++) await writer.add(filled(i, 1, 1));
    expect(sink.bytes.length).toBeGreaterThan(1000);
    await expect(openBytes(sink.bytes, pool)).rejects.toThrow(FormatError);
  });

  it('verifies stored images on every read', async () => {
    const spec: WdiffSpec = { type: 'indexed', compression: NONE, maxPieceLb: 0 };
    const bad = (await makeWdiff([filled(0, 5, 1)], spec, pool)).slice();
    bad[40] ^= 1;
    await expect(openBytes(bad, pool).then(collect)).rejects.toThrow('IO data invalid');
  });

  it('may be empty', async () => {
    const bytes = await makeWdiff([], { type: 'indexed', compression: SNAPPY, maxPieceLb: 0 }, pool);
    expect(bytes.length).toBe(WDIFF_HEADER_BYTES + 24);
    expect(await collect(await openBytes(bytes, pool))).toEqual([]);
  });
});

describe('damaged files', () => {
  const damage = fc.array(fc.record({ at: fc.nat(), value: fc.nat(255) }), { minLength: 1, maxLength: 4 });

  it('give a FormatError or IOs, never anything else', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyIos(200, 30, 20),
        anyWdiffSpec,
        damage,
        fc.nat(),
        async (ios, spec, changes, cut) => {
          const good = await makeWdiff(spec.type === 'sorted' ? sortedPart(ios) : ios, spec, pool);
          const bad = good.slice(0, cut % 3 === 0 ? cut % (good.length + 1) : good.length);
          for (const { at, value } of changes) if (bad.length > 0) bad[at % bad.length] = value;
          await expectIosOrFormatError(bad);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('stay bounded even when every check sum is made to fit', async () => {
    // Fields with any value behind valid check sums: sizes and offsets must be checked for themselves.
    await fc.assert(
      fc.asyncProperty(anyIos(200, 30, 8), anyWdiffSpec, damage, async (ios, spec, changes) => {
        const bytes = (await makeWdiff(spec.type === 'sorted' ? sortedPart(ios) : ios, spec, pool)).slice();
        if (spec.type === 'sorted') {
          const header = bytes.subarray(32, 32 + 4096);
          for (const { at, value } of changes) header[4 + (at % 300)] = value;
          fixChecksum(header, 0);
        } else {
          const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
          const start = view.getUint32(bytes.length - 24, true);
          const records = (bytes.length - 24 - start) / 48;
          for (const { at, value } of changes) {
            if (records === 0) bytes[bytes.length - 24 + (at % 20)] = value;
            else bytes[start + (at % (records * 48))] = value;
          }
          for (let i = 0; i < records; i++)
            fixChecksum(bytes.subarray(start + i * 48, start + i * 48 + 48), 44);
          fixChecksum(bytes.subarray(bytes.length - 24), 20);
        }
        await expectIosOrFormatError(bytes);
      }),
      { numRuns: 300 },
    );
  });

  it('of any bytes give a FormatError', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
        await expectIosOrFormatError(bytes);
      }),
    );
  });

  function fixChecksum(bytes: Uint8Array, at: number): void {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    view.setUint32(at, 0, true);
    view.setUint32(at, checksum(bytes, 0), true);
  }

  async function expectIosOrFormatError(bytes: Uint8Array): Promise<void> {
    try {
      for (const io of await collect(await openBytes(bytes, pool))) {
        expect(io.data.length).toBe(io.kind === 'normal' ? io.sizeLb * BLOCK : 0);
      }
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }
});

it('reads a sorted wdiff whose header came through another reader', async () => {
  const bytes = await makeWdiff(
    [filled(0, 1, 1)],
    { type: 'sorted', compression: NONE, maxPieceLb: 0 },
    pool,
  );
  const reader = new BufferedReader(memorySource(bytes));
  await expect(openSortedPacks({ read: (max) => reader.readSome(max) })).resolves.toBeDefined();
  const indexed = await makeWdiff([], { type: 'indexed', compression: NONE, maxPieceLb: 0 }, pool);
  await expect(openSortedPacks(memorySource(indexed))).rejects.toThrow('sorted wdiff expected');
});

it('image cache drops what was used longest ago, never the newest', () => {
  const cache = new ImageCache(10);
  const [a, b] = [{}, {}];
  const image = (sizeBytes: number) => new Uint8Array(sizeBytes);
  cache.put(a, 1, image(4));
  cache.put(b, 1, image(4));
  expect(cache.get(a, 1)).not.toBe(null);
  cache.put(a, 2, image(4));
  expect([cache.has(a, 1), cache.has(b, 1), cache.has(a, 2)]).toEqual([true, false, true]);
  cache.put(b, 9, image(100));
  expect([cache.has(a, 1), cache.has(a, 2), cache.has(b, 9)]).toEqual([false, false, true]);
  cache.dropFile(b);
  cache.put(a, 3, image(5));
  cache.put(a, 4, image(5));
  expect([cache.has(a, 3), cache.has(b, 9), cache.get(b, 9)]).toEqual([true, false, null]);
});
