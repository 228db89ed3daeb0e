import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { BufferedReader } from '../../../core/engine/byte-stream.ts';
import { MemorySink, memorySource } from '../../../core/engine/memory-stream.ts';
import type { PlainIo } from '../../../core/engine/plain-io.ts';
import { openWlog } from '../../../core/engine/wlog-reader.ts';
import { redoWlog } from '../../../core/engine/wlog-redo.ts';
import { convertToIndexed, convertToSorted } from '../../../core/engine/wlog-to-wdiff.ts';
import { WlogWriter } from '../../../core/engine/wlog-writer.ts';
import { FormatError } from '../../../core/errors.ts';
import { checksum } from '../../../core/format/checksum.ts';
import type { LogpackHeader } from '../../../core/format/logpack.ts';
import { LogpackBuilder } from '../../../core/format/logpack-builder.ts';
import { capacityPb } from '../../../core/format/physical-block.ts';
import { uuidFromText } from '../../../core/format/uuid.ts';
import type { WlogHeader } from '../../../core/format/wlog.ts';
import type { CodecPool } from '../../../core/world/codec.ts';
import {
  anyIos,
  BLOCK,
  collect,
  MemoryDevice,
  makeIo,
  modelOf,
  openBytes,
  portablePool,
  STEPS,
  UUID,
} from './engine-kit.ts';

let pool: CodecPool;
beforeAll(async () => {
  pool = await portablePool();
});

const SALT = 0x12345678;
const headerOf = (pbs: number, beginLsid = 0): WlogHeader => ({
  physicalBlockBytes: pbs,
  salt: SALT,
  uuid: UUID,
  beginLsid,
  endLsid: null,
});

/** A wlog of `ios`, `perPack` in a pack, each pack with padding in it when asked. */
async function makeWlog(
  ios: readonly PlainIo[],
  options: { pbs?: number; perPack?: number; padding?: boolean; header?: Partial<WlogHeader> } = {},
): Promise<Uint8Array> {
  const { pbs = 512, perPack = 5, padding = false } = options;
  const header = { ...headerOf(pbs), ...options.header };
  const sink = new MemorySink();
  const writer = await WlogWriter.open(sink, header);
  for (let at = 0; at < ios.length; at += perPack) {
    const builder = new LogpackBuilder(pbs, writer.lsid);
    const data: Uint8Array[] = [];
    if (padding) {
      builder.addPadding((2 * pbs) / BLOCK);
      data.push(new Uint8Array(2 * pbs).fill(0xee));
    }
    for (const io of ios.slice(at, at + perPack)) {
      if (io.kind === 'discard') {
        builder.addDiscard(io.addressLb, io.sizeLb);
        continue;
      }
      const content = io.kind === 'zero' ? new Uint8Array(io.sizeLb * BLOCK) : io.data;
      // The rest of the last physical block holds whatever the log held.
      const whole = new Uint8Array(capacityPb(io.sizeLb, pbs) * pbs).fill(0xcc);
      whole.set(content);
      builder.addNormal(io.addressLb, io.sizeLb, checksum(content, header.salt));
      data.push(whole);
    }
    await writer.writePack(builder.header(), data);
  }
  await writer.close();
  return sink.bytes;
}

async function convert(bytes: Uint8Array, maxIoLb: number, indexed: boolean): Promise<PlainIo[]> {
  const sink = new MemorySink();
  await (indexed ? convertToIndexed : convertToSorted)(memorySource(bytes, 3000), sink, { pool, maxIoLb });
  return await collect(await openBytes(sink.bytes, pool));
}

describe('conversion', () => {
  it('equals a model of blocks, in both forms', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyIos(300, 50, 40),
        fc.constantFrom(512, 4096),
        fc.integer({ min: 1, max: 12 }),
        fc.boolean(),
        fc.constantFrom(0, 1, 9, 2048),
        async (ios, pbs, perPack, padding, maxIoLb) => {
          const bytes = await makeWlog(ios, { pbs, perPack, padding });
          const model = modelOf(300, ios);
          expect(modelOf(300, await convert(bytes, maxIoLb, false))).toEqual(model);
          expect(modelOf(300, await convert(bytes, maxIoLb, true))).toEqual(model);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('decides all-zero for a whole IO, and splits only then', async () => {
    const half = makeIo('normal', 0, 4, 1);
    half.data.fill(0, 0, 3 * BLOCK);
    const ios = [half, makeIo('zero', 10, 4, 1), makeIo('discard', 20, 5000, 1)];
    const found = await convert(await makeWlog(ios), 2048, false);
    expect(found.map((io) => `${io.addressLb} ${io.sizeLb} ${io.kind}`)).toEqual([
      '0 4 normal',
      '10 4 zero',
      '20 2048 discard',
      '2068 2048 discard',
      '4116 904 discard',
    ]);
  });

  it('takes consecutive wlogs from one stream and refuses others', async () => {
    const ends: number[] = [];
    const run = async (...wlogs: Uint8Array[]) => {
      const sink = new MemorySink();
      const options = { pool, maxIoLb: 0, onWlogEnd: (lsid: number) => ends.push(lsid) };
      await convertToIndexed(memorySource(Buffer.concat(wlogs)), sink, options);
      return await collect(await openBytes(sink.bytes, pool));
    };
    const first = await makeWlog([makeIo('normal', 0, 4, 1)]);
    const second = (header: Partial<WlogHeader>) => makeWlog([makeIo('normal', 2, 4, 2)], { header });
    const ios = await run(first, await second({ beginLsid: 5, salt: 99 }), new Uint8Array(100));
    expect(modelOf(10, ios)).toEqual(modelOf(10, [makeIo('normal', 0, 4, 1), makeIo('normal', 2, 4, 2)]));
    expect(ends).toEqual([5, 10]);
    await expect(run(first, await second({ beginLsid: 6 }))).rejects.toThrow('lsid mismatch.');
    const uuid = uuidFromText('ee'.repeat(16));
    await expect(run(first, await second({ beginLsid: 5, uuid }))).rejects.toThrow('uuid differ');
  });

  it('gives an empty diff for an empty stream', async () => {
    expect(await convert(new Uint8Array(0), 0, false)).toEqual([]);
    expect(await convert(new Uint8Array(0), 0, true)).toEqual([]);
  });

  it('leaves no complete output when it fails', async () => {
    const ios = Array.from({ length: 600 }, (_, i) => makeIo('normal', i * 4, 4, i));
    const bytes = await makeWlog(ios);
    bytes[bytes.length - 512 - 5] ^= 1;
    for (const run of [convertToIndexed, convertToSorted]) {
      const sink = new MemorySink();
      await expect(run(memorySource(bytes), sink, { pool, maxIoLb: 0 })).rejects.toThrow('invalid log IO');
      await expect(openBytes(sink.bytes, pool)).rejects.toThrow(FormatError);
    }
  });
});

describe('reading', () => {
  const ios = [makeIo('normal', 0, 3, 1), makeIo('normal', 9, 2, 2), makeIo('normal', 7, 1, 3)];
  const read = async (bytes: Uint8Array, checkLsid = true) => {
    const wlog = await openWlog(new BufferedReader(memorySource(bytes, 700)), { checkLsid });
    if (wlog === null) return null;
    const lsids: (number | null)[] = [];
    for (let pack: LogpackHeader | null; (pack = await wlog.nextPack()) !== null; )
      lsids.push(pack.logpackLsid);
    expect(await wlog.nextPack()).toBe(null);
    expect(await wlog.nextIo()).toBe(null);
    return { lsids, endLsid: wlog.endLsid, end: wlog.end };
  };

  it('ends at the end block, at what is no pack, and at the end of the stream', async () => {
    const bytes = await makeWlog(ios, { perPack: 1 });
    expect(await read(bytes)).toEqual({ lsids: [0, 4, 7], endLsid: 9, end: 'end-block' });
    expect(await read(bytes.subarray(0, bytes.length - 1))).toEqual({
      lsids: [0, 4, 7],
      endLsid: 9,
      end: 'eof',
    });
    const broken = bytes.slice();
    broken[4096 + 4 * 512 + 20] ^= 1;
    expect(await read(broken)).toEqual({ lsids: [0], endLsid: 4, end: 'invalid-header' });
    await expect(read(bytes.subarray(0, 4096 + 600))).rejects.toThrow('eof error');
    expect(await read(bytes.subarray(0, 4095))).toBe(null);
    await expect(read(new Uint8Array(4096))).rejects.toThrow(FormatError);
  });

  it('ends at a gap between lsids only when asked to look', async () => {
    const first = await makeWlog(ios.slice(0, 1));
    const later = await makeWlog(ios.slice(1), { header: { beginLsid: 100 } });
    const gap = Buffer.concat([first.subarray(0, first.length - 512), later.subarray(4096)]);
    expect(await read(gap)).toEqual({ lsids: [0], endLsid: 4, end: 'lsid-gap' });
    expect(await read(gap, false)).toEqual({ lsids: [0, 100], endLsid: 104, end: 'end-block' });
  });

  it('tells IOs with wrong data', async () => {
    const bytes = await makeWlog(ios);
    bytes[4096 + 512 * 4 + 9] ^= 1;
    const wlog = await openWlog(new BufferedReader(memorySource(bytes)), { checkLsid: true });
    await wlog?.nextPack();
    const valid = [await wlog?.nextIo(), await wlog?.nextIo(), await wlog?.nextIo()].map((io) => io?.isValid);
    expect(valid).toEqual([true, false, true]);
  });

  it('survives any bytes', async () => {
    const good = await makeWlog(ios, { padding: true });
    const damage = fc.array(fc.record({ at: fc.nat(good.length - 1), value: fc.nat(255) }), { maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(damage, fc.nat(good.length), async (changes, length) => {
        const bad = good.slice(0, length % 2 === 0 ? good.length : length);
        for (const { at, value } of changes) if (at < bad.length) bad[at] = value;
        try {
          await read(bad, false);
        } catch (error) {
          if (!(error instanceof FormatError)) throw error;
        }
      }),
    );
  });
});

describe('writing', () => {
  it('demands packs that follow each other and whole blocks of data', async () => {
    const writer = await WlogWriter.open(new MemorySink(), headerOf(512, 7));
    const builder = new LogpackBuilder(512, 8);
    builder.addNormal(0, 1, 0);
    await expect(writer.writePack(builder.header(), [new Uint8Array(512)])).rejects.toThrow(
      'logpack lsid differs',
    );
    const right = new LogpackBuilder(512, 7);
    right.addNormal(0, 1, 0);
    await expect(writer.writePack(right.header(), [])).rejects.toThrow('bad queue size');
    await expect(writer.writePack(right.header(), [new Uint8Array(511)])).rejects.toThrow('bad queue size');
    await writer.writePack(new LogpackBuilder(512, 7).header(), []);
    expect(writer.lsid).toBe(7);
    await writer.writePack(right.header(), [new Uint8Array(512)]);
    expect(writer.lsid).toBe(9);
  });
});

describe('replaying', () => {
  const redo = async (
    bytes: Uint8Array,
    device: MemoryDevice,
    options: Partial<Parameters<typeof redoWlog>[3]> = {},
  ) => {
    const wlog = await openWlog(new BufferedReader(memorySource(bytes)), { checkLsid: true });
    if (wlog === null) throw new Error('no header');
    return await redoWlog(wlog, device, STEPS, { discard: 'ignore', ...options });
  };

  it('writes in the order of the log, in each way of discarding', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyIos(200, 40, 30),
        fc.constantFrom('ignore', 'passdown', 'zero'),
        async (ios, discard) => {
          const device = new MemoryDevice(new Uint8Array(200 * BLOCK).fill(0xaa));
          const expected = device.image.slice();
          const result = await redo(await makeWlog(ios), device, { discard: discard as 'ignore' });
          let normalLb = 0;
          for (const io of ios) {
            const at = io.addressLb * BLOCK;
            if (io.kind !== 'discard') normalLb += io.sizeLb;
            if (io.kind === 'normal') expected.set(io.data, at);
            else if (io.kind === 'zero' || discard === 'zero') expected.fill(0, at, at + io.sizeLb * BLOCK);
            else if (discard === 'passdown') expected.fill(0xdd, at, at + io.sizeLb * BLOCK);
          }
          expect(Buffer.compare(device.image, expected)).toBe(0);
          expect(result.normalLb).toBe(normalLb);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('leaves out what is behind the device, and counts it', async () => {
    const device = new MemoryDevice(new Uint8Array(8 * BLOCK));
    const ios = [makeIo('normal', 6, 4, 1), makeIo('normal', 4, 4, 2), makeIo('discard', 8, 1, 0)];
    const result = await redo(await makeWlog(ios, { padding: true }), device, { discard: 'zero' });
    expect(result.writes.clipped).toEqual({ count: 2, sizeLb: 5 });
    expect(result.writes.written).toEqual({ count: 1, sizeLb: 4 });
    expect(result).toMatchObject({
      normalLb: 8,
      zeroLb: 1,
      ignoredLb: 0,
      paddingPb: 2,
      beginLsid: 0,
      endLsid: 11,
    });
  });

  it('refuses wrong data unless told otherwise, and other physical blocks', async () => {
    const bytes = await makeWlog([makeIo('normal', 0, 1, 1)]);
    bytes[4096 + 512] ^= 1;
    await expect(redo(bytes, new MemoryDevice(new Uint8Array(4096)))).rejects.toThrow('invalid log IO');
    const device = new MemoryDevice(new Uint8Array(4096));
    await redo(bytes, device, { invalidData: 'write' });
    expect(device.calls).toEqual(['write 0 1', 'flush']);
    await expect(redo(bytes, new MemoryDevice(new Uint8Array(4096), 4096))).rejects.toThrow(
      'Physical block size',
    );
  });
});
