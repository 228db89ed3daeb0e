import fc from 'fast-check';
import '../../fixed-seed.ts';
import { describe, expect, it } from 'vitest';
import type { ByteSource, RandomReader } from '../../../core/engine/byte-stream.ts';
import { gatheringSink } from '../../../core/engine/gathering-sink.ts';
import type { CompressionOption } from '../../../core/engine/io-codec.ts';
import { MemorySink, memoryReader, memorySource } from '../../../core/engine/memory-stream.ts';
import { WdiffMerger } from '../../../core/engine/merge.ts';
import { openWdiffs, sourceOf } from '../../../core/engine/open-wdiff.ts';
import type { PlainIo } from '../../../core/engine/plain-io.ts';
import { readAhead } from '../../../core/engine/read-ahead.ts';
import { SortedWdiffWriter } from '../../../core/engine/sorted-wdiff-writer.ts';
import { convertToIndexed, convertToSorted } from '../../../core/engine/wlog-to-wdiff.ts';
import { writeMerged } from '../../../core/engine/write-merged.ts';
import { FormatError } from '../../../core/errors.ts';
import { checksum, resalted } from '../../../core/format/checksum.ts';
import { COMPRESSION_TYPES, type CodecPool, type CompressionType } from '../../../core/world/codec.ts';
import { makeWlog } from '../../made-wlog.ts';
import { makeIo, makeWdiff, openBytes, portablePool, UUID } from './engine-kit.ts';

const pool = await portablePool();

/** The pool, which counts the jobs of each kind. */
function countingPool(): CodecPool & { counts: Record<'compress' | 'decompress', number> } {
  const counts = { compress: 0, decompress: 0 };
  return {
    counts,
    run(jobs) {
      for (const { kind } of jobs) counts[kind]++;
      return pool.run(jobs);
    },
  };
}

const io = (addressLb: number, sizeLb: number, fill: number): PlainIo => ({
  addressLb,
  sizeLb,
  kind: 'normal',
  data: new Uint8Array(sizeLb * 512).fill(fill),
});

const wdiff = (type: 'sorted' | 'indexed', ios: readonly PlainIo[], compression: CompressionOption) =>
  makeWdiff(ios, { type, compression, maxPieceLb: 2048 }, pool);

async function merged(
  files: readonly Uint8Array[],
  type: CompressionType,
  codecs: CodecPool,
): Promise<Uint8Array> {
  return await mergedFrom(files.map(memoryReader), type, codecs);
}

async function mergedFrom(
  files: readonly RandomReader[],
  type: CompressionType,
  codecs: CodecPool,
): Promise<Uint8Array> {
  const merger = await WdiffMerger.open(await openWdiffs(files, codecs, { forgets: true }), { maxIoLb: 0 });
  const sink = new MemorySink();
  const writer = await SortedWdiffWriter.open(sink, UUID, { compression: { type, level: 0 }, pool: codecs });
  await writeMerged(merger, writer, type);
  await writer.close();
  return sink.bytes.slice();
}

describe('a merge', () => {
  it('passes on what survives whole with the wanted codec, and decompresses only what is cut', async () => {
    const snappy = { type: 'snappy', level: 0 } as const;
    const old = await wdiff('sorted', [io(0, 8, 1), io(8, 8, 2), io(100, 8, 3), io(200, 8, 4)], snappy);
    const recent = await wdiff('sorted', [io(4, 4, 5), io(100, 8, 6)], snappy);
    const codecs = countingPool();
    const bytes = await merged([old, recent], 'snappy', codecs);
    // Of five IOs that survive one was cut; the one that was overwritten is never looked at.
    expect(codecs.counts).toEqual({ compress: 1, decompress: 1 });
    const found = await openBytes(bytes, pool);
    const ranges: unknown[] = [];
    for (let one = await found.next(); one !== null; one = await found.next())
      ranges.push([one.addressLb, one.sizeLb, one.data[0], one.data.length]);
    expect(ranges).toEqual([
      [0, 4, 1, 2048],
      [4, 4, 5, 2048],
      [8, 8, 2, 4096],
      [100, 8, 6, 4096],
      [200, 8, 4, 4096],
    ]);
  });

  it('gives the bytes that it gives without passing on, for all codecs', async () => {
    for (const stored of COMPRESSION_TYPES) {
      for (const wanted of COMPRESSION_TYPES) {
        const option = { type: stored, level: 0 };
        const files = [
          await wdiff('sorted', [io(0, 8, 1), io(8, 8, 2), io(100, 20, 3)], option),
          await wdiff('sorted', [io(4, 2, 5), io(110, 2, 6)], option),
          await wdiff('indexed', [io(64, 8, 7), io(12, 1, 8)], option),
        ];
        const merger = await WdiffMerger.open(
          await Promise.all(files.map((bytes) => openBytes(bytes, pool))),
          { maxIoLb: 0 },
        );
        const sink = new MemorySink();
        const compression = { type: wanted, level: 0 };
        const writer = await SortedWdiffWriter.open(sink, UUID, { compression, pool });
        for (let one = await merger.next(); one !== null; one = await merger.next()) await writer.add(one);
        await writer.close();
        expect(Buffer.compare(await merged(files, wanted, pool), sink.bytes)).toBe(0);
      }
    }
  });

  it('says where data are that cannot be decompressed', async () => {
    const good = await wdiff('sorted', [io(0, 8, 1), io(8, 8, 2)], { type: 'snappy', level: 0 });
    const lying: CodecPool = {
      run: async (jobs) => {
        // The second image is at fault.
        if (jobs.some(({ data }) => data.byteOffset > 4200)) throw new FormatError('bad data', 3);
        return pool.run(jobs);
      },
    };
    const file = new Uint8Array(good);
    const merger = await WdiffMerger.open([await openBytes(file, lying)]);
    const first = 32 + 4096;
    const failure = await merger.next().catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(FormatError);
    expect((failure as FormatError).offset).toBeGreaterThan(first + 3);
  });
});

/** The source, whose views are overwritten once its reader has forgotten them; and how many bytes were. */
function poisoningSource(inner: ByteSource): { source: ByteSource; forgotten: () => number } {
  const views: Uint8Array[] = [];
  let forgottenBytes = 0;
  const source: ByteSource = {
    async read(maxBytes) {
      const bytes = (await inner.read(maxBytes))?.slice() ?? null;
      if (bytes !== null) views.push(bytes);
      return bytes;
    },
    forget(beforeBytes) {
      while (views.length > 0 && forgottenBytes + views[0].length <= beforeBytes) {
        const view = views.shift() as Uint8Array;
        view.fill(0x5a);
        forgottenBytes += view.length;
      }
    },
  };
  return { source, forgotten: () => forgottenBytes };
}

/** The pool, which overwrites results that were given back; and how many bytes it lent and got back. */
function poisoningPool(): CodecPool & { counts: { lentBytes: number; backBytes: number } } {
  const counts = { lentBytes: 0, backBytes: 0 };
  return {
    counts,
    run: (jobs) => pool.run(jobs),
    async lend(jobs) {
      const results = (await pool.run(jobs)).map((result, i) =>
        result.length < jobs[i].data.length ? result.slice() : jobs[i].data,
      );
      const lent = results.filter((result, i) => result !== jobs[i].data);
      for (const { length } of lent) counts.lentBytes += length;
      return {
        results,
        checksums: results.map((result, i) => (result === jobs[i].data ? 0 : checksum(result, 0))),
        giveBack() {
          for (const result of lent.splice(0)) {
            result.fill(0x5a);
            counts.backBytes += result.length;
          }
        },
      };
    },
  };
}

/** A file whose stream comes in pieces that are overwritten once they are forgotten. */
function poisoningReader(bytes: Uint8Array, pieceBytes: number) {
  const reader = memoryReader(bytes);
  const pieces: ByteSource = {
    ...sourceOf({ ...reader, pieceBytes }),
    pieceBytes,
  };
  const { source, forgotten } = poisoningSource(pieces);
  return { reader: { ...reader, stream: () => ({ ...source, pieceBytes }) }, forgotten };
}

/** 900 IOs of some 5 MiB together, in several packs: more than a merge and its writer hold at a time. */
const manyIos = fc.array(fc.integer({ min: 4, max: 20 }), { minLength: 20, maxLength: 20 }).map((steps) => {
  const ios: PlainIo[] = [];
  for (let i = 0, addressLb = 0; i < 900; i++) {
    const sizeLb = steps[i % steps.length];
    ios.push(makeIo('normal', addressLb, sizeLb, i));
    addressLb += sizeLb + steps[(i * 7) % steps.length];
  }
  return ios;
});

describe('memory of a merge', () => {
  it('is used again only where nothing needs it any more', async () => {
    let forgottenBytes = 0;
    let lentCount = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(manyIos, { minLength: 2, maxLength: 3 }),
        fc.constantFrom('none', 'snappy'),
        fc.constantFrom('none', 'snappy'),
        fc.integer({ min: 1000, max: 100_000 }),
        async (lists, stored, wanted, pieceBytes) => {
          const files = await Promise.all(
            lists.map((ios) => wdiff('sorted', ios, { type: stored, level: 0 })),
          );
          const poisoned = files.map((bytes) => poisoningReader(bytes, pieceBytes));
          const codecs = poisoningPool();
          const readers = poisoned.map(({ reader }) => reader);
          const found = await mergedFrom(readers, wanted, codecs);
          expect(Buffer.compare(found, await merged(files, wanted, pool))).toBe(0);
          // All that was lent came back.
          expect(codecs.counts.backBytes).toBe(codecs.counts.lentBytes);
          for (const { forgotten } of poisoned) forgottenBytes += forgotten();
          lentCount += codecs.counts.lentBytes > 0 ? 1 : 0;
        },
      ),
      { numRuns: 5, endOnFailure: true },
    );
    expect(forgottenBytes).toBeGreaterThan(1 << 20);
    expect(lentCount).toBeGreaterThan(1);
  });

  it('of an indexed conversion goes back to the pool', async () => {
    const log = new MemorySink();
    await makeWlog(log, { seed: 6, dataBytes: 4 << 20, maxIoBytes: 64 << 10, deviceLb: 8192 });
    const sink = new MemorySink();
    await convertToIndexed(memorySource(log.bytes), sink, { pool, maxIoLb: 2048 });
    const codecs = poisoningPool();
    const again = new MemorySink();
    await convertToIndexed(memorySource(log.bytes), again, { pool: codecs, maxIoLb: 2048 });
    expect(Buffer.compare(again.bytes, sink.bytes)).toBe(0);
    expect(codecs.counts.lentBytes).toBeGreaterThan(0);
    expect(codecs.counts.backBytes).toBe(codecs.counts.lentBytes);
  });
});

describe('a sorted conversion', () => {
  it('knows check sums of the log, and lets go of what was overwritten', async () => {
    const log = new MemorySink();
    // The same few blocks, again and again: 12 MiB on 1.
    await makeWlog(log, { seed: 5, dataBytes: 12 << 20, maxIoBytes: 64 << 10, deviceLb: 2048 });
    const options = { pool, maxIoLb: 2048, heldBytes: 1 << 20 };
    const sink = new MemorySink();
    await convertToSorted(memorySource(log.bytes), sink, options);
    const { source, forgotten } = poisoningSource(memorySource(log.bytes));
    const again = new MemorySink();
    await convertToSorted(source, again, options);
    expect(forgotten()).toBeGreaterThan(4 << 20);
    expect(Buffer.compare(again.bytes, sink.bytes)).toBe(0);
    const found = await openBytes(sink.bytes, pool);
    let bytes = 0;
    for (let one = await found.next(); one !== null; one = await found.next()) bytes += one.sizeLb * 512;
    expect(bytes).toBeGreaterThan(512 << 10);
    expect(bytes).toBeLessThanOrEqual(1 << 20);
  });

  it('turns salted check sums into plain ones', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(0xffff_ffff), (data, salt) => {
        expect(resalted(checksum(data, salt), salt)).toBe(checksum(data, 0));
      }),
    );
  });
});

describe('reading ahead', () => {
  it('gives the same bytes, however they are asked for', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 200 }),
        fc.integer({ min: 1, max: 50 }),
        fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1 }),
        async (bytes, pieceBytes, sizes) => {
          const source = readAhead(memorySource(bytes), pieceBytes);
          const found: number[] = [];
          for (let i = 0; ; i++) {
            const piece = await source.read(sizes[i % sizes.length]);
            if (piece === null) break;
            expect(piece.length).toBeGreaterThan(0);
            expect(piece.length).toBeLessThanOrEqual(sizes[i % sizes.length]);
            found.push(...piece);
          }
          expect(found).toEqual([...bytes]);
          expect(await source.read(1)).toBeNull();
        },
      ),
    );
  });

  it('asks for one piece more than is worked on, and fails in its turn', async () => {
    let asked = 0;
    const broken: ByteSource = {
      async read() {
        asked++;
        if (asked === 3) throw new Error('broken');
        return new Uint8Array(10);
      },
    };
    const source = readAhead(broken, 10);
    await source.read(5);
    expect(asked).toBe(2);
    await source.read(5);
    expect(asked).toBe(2);
    await source.read(10);
    expect(asked).toBe(3);
    await expect(source.read(10)).rejects.toThrow('broken');
  });
});

describe('a gathering sink', () => {
  it('writes the same bytes in fewer calls, with and without a call for many', async () => {
    for (const takesMany of [true, false]) {
      const inner = new MemorySink();
      let calls = 0;
      const sink = gatheringSink({
        async write(bytes) {
          calls++;
          await inner.write(bytes);
        },
        ...(takesMany && {
          async writeMany(pieces: readonly Uint8Array[]) {
            calls++;
            for (const piece of pieces) await inner.write(piece);
          },
        }),
      });
      const expected: number[] = [];
      for (let i = 0; i < 1000; i++) {
        const piece = new Uint8Array(1 + (i % 7)).fill(i);
        expected.push(...piece);
        await sink.write(piece);
      }
      await sink.write(new Uint8Array(3 << 20));
      await sink.finish();
      expect(Buffer.compare(inner.bytes.subarray(0, expected.length), new Uint8Array(expected))).toBe(0);
      expect(inner.bytes.length).toBe(expected.length + (3 << 20));
      expect(calls).toBeLessThan(10);
    }
  });

  it('fails in finish at the latest', async () => {
    const sink = gatheringSink({ write: () => Promise.reject(new Error('full')) });
    await sink.write(new Uint8Array(2 << 20));
    await expect(sink.finish()).rejects.toThrow('full');
  });
});
