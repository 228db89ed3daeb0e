import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { abortableIos, abortableSource } from '../../../core/engine/abort.ts';
import { applyIos } from '../../../core/engine/apply.ts';
import { DeviceWriter } from '../../../core/engine/device-writer.ts';
import { memorySource } from '../../../core/engine/memory-stream.ts';
import type { PlainIo } from '../../../core/engine/plain-io.ts';
import { VirtualImage } from '../../../core/engine/virtual-image.ts';
import { AbortedError, FormatError, IoError } from '../../../core/errors.ts';
import {
  anyIos,
  BLOCK,
  KeptSource,
  MemoryDevice,
  makeIo,
  STEPS,
  sortedPart,
  streamOf,
} from './engine-kit.ts';

const DISCARDS = ['ignore', 'passdown', 'zero'] as const;
/** A device each of whose blocks has bytes of its own. */
function newDevice(sizeLb: number): MemoryDevice {
  const image = new Uint8Array(sizeLb * BLOCK);
  for (let lb = 0; lb < sizeLb; lb++) image.fill((lb * 7 + 1) & 0xff, lb * BLOCK, (lb + 1) * BLOCK);
  return new MemoryDevice(image);
}

function applied(image: Uint8Array, ios: readonly PlainIo[], discard: (typeof DISCARDS)[number]): Uint8Array {
  const out = image.slice();
  for (const io of ios) {
    const at = io.addressLb * BLOCK;
    const end = at + io.sizeLb * BLOCK;
    if (io.kind === 'normal') out.set(io.data, at);
    else if (io.kind === 'zero' || discard === 'zero') out.fill(0, at, end);
    else if (discard === 'passdown') out.fill(0xdd, at, end);
  }
  return out;
}

describe('DeviceWriter', () => {
  it('gives the content of writing one after the other, in any order and overlapping', async () => {
    await fc.assert(
      fc.asyncProperty(
        anyIos(200, 60, 50),
        fc.constantFrom(...DISCARDS),
        fc.integer({ min: 1, max: 20 }),
        fc.constantFrom(512, 5000, 1 << 25),
        async (ios, discard, maxInFlightWrites, maxInFlightBytes) => {
          const device = newDevice(200);
          const expected = applied(device.image, ios, discard);
          const options = { discard, maxInFlightWrites, maxInFlightBytes };
          await applyIos(streamOf(ios), device, STEPS, options);
          expect(Buffer.compare(device.image, expected)).toBe(0);
          expect(device.maxInFlight).toBeLessThanOrEqual(maxInFlightWrites);
          expect(device.calls.at(-1)).toBe('flush');
        },
      ),
    );
  });

  it('joins neighbours of one image and nothing else', async () => {
    const device = newDevice(64);
    const writer = new DeviceWriter(device, STEPS);
    const image = makeIo('normal', 0, 9, 1).data;
    const piece = (from: number, to: number) => image.subarray(from * BLOCK, to * BLOCK);
    await writer.write(11, piece(0, 1));
    await writer.write(12, piece(1, 5));
    await writer.write(16, piece(5, 9));
    await writer.write(30, piece(0, 1));
    await writer.write(31, piece(2, 3));
    await writer.write(33, piece(3, 4));
    await writer.drain();
    expect(device.calls.sort()).toEqual(['write 11 9', 'write 30 1', 'write 31 1', 'write 33 1']);
    expect(device.image.subarray(11 * BLOCK, 20 * BLOCK)).toEqual(image);
  });

  it('hands on the error of a write to whoever comes later', async () => {
    const device = newDevice(64);
    device.failWrite = 3;
    const writer = new DeviceWriter(device, STEPS);
    const run = async () => {
      for (let i = 0; i < 30; i++) await writer.write(i * 2, new Uint8Array(BLOCK));
      await writer.drain();
    };
    await expect(run()).rejects.toThrow(IoError);
    await expect(writer.write(0, new Uint8Array(BLOCK))).rejects.toThrow(IoError);
    await expect(writer.flush()).rejects.toThrow(IoError);
    await writer.abandon();
    expect(device.inFlight.size).toBe(0);
    expect(device.calls).not.toContain('flush');
  });
});

describe('applying', () => {
  it('flushes after every interval of IO bytes, of any kind, and at the end', async () => {
    const device = newDevice(100);
    const ios = [makeIo('normal', 0, 4, 1), makeIo('discard', 10, 4, 1), makeIo('zero', 20, 1, 1)];
    await applyIos(streamOf(ios), device, STEPS, { discard: 'ignore', flushIntervalBytes: 8 * BLOCK });
    expect(device.calls).toEqual(['write 0 4', 'flush', 'write 20 1', 'flush']);
  });

  it('fails out of range with nothing in flight, or leaves it out', async () => {
    const ios = [
      makeIo('normal', 0, 1, 1),
      makeIo('normal', 7, 2, 1),
      makeIo('zero', 8, 1, 1),
      makeIo('discard', 2, 1, 1),
    ];
    const device = newDevice(8);
    await expect(applyIos(streamOf(ios), device, STEPS, { discard: 'ignore' })).rejects.toThrow(
      /^out of range/,
    );
    expect(device.calls).not.toContain('flush');
    expect(device.inFlight.size).toBe(0);
    const seen: string[] = [];
    await applyIos(streamOf(ios), newDevice(8), STEPS, {
      discard: 'ignore',
      outOfRange: 'skip',
      onIo: (io, done) => seen.push(`${io.addressLb} ${done}`),
    });
    expect(seen).toEqual(['0 true', '7 false', '8 false', '2 false']);
  });

  it('stops when told to, with nothing in flight', async () => {
    const device = newDevice(2000);
    const abort = new AbortController();
    const ios = Array.from({ length: 900 }, (_, i) => makeIo('normal', i * 2, 1, i));
    const run = applyIos(streamOf(ios), device, STEPS, {
      discard: 'ignore',
      signal: abort.signal,
      onIo: (io) => {
        if (io.addressLb === 100) abort.abort();
      },
    });
    await expect(run).rejects.toThrow(AbortedError);
    expect(device.inFlight.size).toBe(0);
    expect(device.calls).not.toContain('flush');
    expect(device.calls.length).toBeLessThan(60);
  });

  it('stops streams when told to', async () => {
    const abort = new AbortController();
    const ios = abortableIos(streamOf([makeIo('zero', 0, 1, 1), makeIo('zero', 1, 1, 1)]), abort.signal);
    const forgotten: number[] = [];
    const inner = {
      ...memorySource(new Uint8Array(10), 5),
      forget: (bytes: number) => forgotten.push(bytes),
    };
    const source = abortableSource(inner, abort.signal);
    expect((await ios.next())?.addressLb).toBe(0);
    expect(await source.read(5)).toHaveLength(5);
    source.forget?.(5);
    expect(forgotten).toEqual([5]);
    abort.abort(new Error('shut down'));
    await expect(ios.next()).rejects.toThrow(new AbortedError('shut down'));
    await expect(source.read(5)).rejects.toThrow(AbortedError);
  });

  it('leaves a source of any class all that it can do', async () => {
    const inner = new KeptSource(new Uint8Array(10), 5);
    const source = abortableSource(inner, new AbortController().signal);
    expect(source.pieceBytes).toBe(5);
    expect(await source.read(source.pieceBytes ?? 0)).toHaveLength(5);
    source.forget?.(5);
    expect(inner.forgottenBytes).toBe(5);
    expect(abortableSource(memorySource(new Uint8Array(1)), new AbortController().signal)).not.toHaveProperty(
      'pieceBytes',
    );
  });

  it('may be repeated after any number of IOs', async () => {
    await fc.assert(
      fc.asyncProperty(anyIos(200, 30, 30), fc.nat(30), async (any, stop) => {
        const ios = sortedPart(any);
        const device = newDevice(200);
        const expected = applied(device.image, ios, 'zero');
        await applyIos(streamOf(ios.slice(0, stop)), device, STEPS, { discard: 'zero' });
        await applyIos(streamOf(ios), device, STEPS, { discard: 'zero' });
        expect(Buffer.compare(device.image, expected)).toBe(0);
      }),
    );
  });
});

describe('virtual full image', () => {
  async function readAll(image: VirtualImage, sizes: readonly number[]): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    for (let i = 0; ; i++) {
      const bytes = await image.read(sizes[i % sizes.length]);
      if (bytes === null) return Buffer.concat(parts);
      const isRight =
        bytes.length % BLOCK === 0 && bytes.length > 0 && bytes.length <= sizes[i % sizes.length];
      if (!isRight) expect.fail(`${bytes.length} bytes for ${sizes[i % sizes.length]}`);
      parts.push(bytes.slice());
    }
  }

  it('is what applying gives, for any sizes of reads', async () => {
    const anySizes = fc.array(fc.integer({ min: 512, max: 20_000 }), { minLength: 1, maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(
        anyIos(3000, 300, 20),
        anySizes,
        fc.constantFrom(512, 4096),
        async (any, sizes, pbs) => {
          const ios = sortedPart(any);
          const base = new MemoryDevice(newDevice(3000).image, pbs as 512);
          const found = await readAll(new VirtualImage(base, streamOf(ios), 'test.read'), sizes);
          expect(Buffer.compare(found, applied(base.image, ios, 'zero'))).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is the base without diffs', async () => {
    const base = newDevice(5000);
    const found = await readAll(new VirtualImage(base, null, 'test.read'), [4 << 20]);
    expect(Buffer.compare(found, base.image)).toBe(0);
    const half = new VirtualImage(base, null, 'test.read', { sizeLb: 2500 });
    expect((await readAll(half, [1000])).length).toBe(2500 * BLOCK);
    // A device with larger blocks is read by whole ones, also behind an end within a block.
    const large = new VirtualImage(new MemoryDevice(base.image, 4096), null, 'test.read', { sizeLb: 2501 });
    expect((await readAll(large, [1 << 20])).length).toBe(2501 * BLOCK);
  });

  it('passes over diffs behind the base and refuses one that crosses its end', async () => {
    const base = newDevice(10);
    const behind = [makeIo('normal', 8, 2, 1), makeIo('normal', 10, 4, 1), makeIo('zero', 100, 1, 1)];
    const found = await readAll(new VirtualImage(base, streamOf(behind), 'test.read'), [512]);
    expect(Buffer.compare(found, applied(base.image, behind.slice(0, 1), 'zero'))).toBe(0);
    const crossing = new VirtualImage(base, streamOf([makeIo('normal', 8, 4, 1)]), 'test.read');
    await expect(readAll(crossing, [4096])).rejects.toThrow(FormatError);
    await expect(new VirtualImage(base, null, 'test.read').read(511)).rejects.toThrow(RangeError);
  });

  it('does not read what a diff covers', async () => {
    const base = newDevice(4096 * 2);
    const ios = [makeIo('zero', 2048, 6000, 1)];
    await readAll(new VirtualImage(base, streamOf(ios), 'test.read'), [1 << 20]);
    expect(base.calls).toEqual(['read 0 2048', 'read 8048 144']);
  });
});
