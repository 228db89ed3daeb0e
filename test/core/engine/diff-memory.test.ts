import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DiffMemory } from '../../../core/engine/diff-memory.ts';
import { isAllZero } from '../../../core/engine/plain-io.ts';
import { anyIos, makeIo, modelOf } from './engine-kit.ts';

const ranges = (memory: DiffMemory) =>
  [...memory.ios()].map(({ addressLb, sizeLb, kind }) => `${addressLb} ${sizeLb} ${kind}`);

describe('DiffMemory', () => {
  it('equals a model of blocks, sorted and without overlap', () => {
    fc.assert(
      fc.property(anyIos(300, 60, 60), fc.constantFrom(0, 1, 7, 2048), (ios, maxIoLb) => {
        const memory = DiffMemory.ofPlain(maxIoLb);
        for (const io of ios) memory.add(io);
        const found = [...memory.ios()];
        expect(modelOf(300, found)).toEqual(modelOf(300, ios));
        let end = 0;
        for (const io of found) {
          expect(io.addressLb).toBeGreaterThanOrEqual(end);
          if (maxIoLb > 0) expect(io.sizeLb).toBeLessThanOrEqual(maxIoLb);
          end = io.addressLb + io.sizeLb;
        }
      }),
    );
  });

  it('keeps its order over many chunks, in any order of adding', () => {
    const count = 3000;
    for (const order of [(i: number) => i, (i: number) => count - 1 - i, (i: number) => (i * 1543) % count]) {
      const memory = DiffMemory.ofPlain(0);
      for (let i = 0; i < count; i++) memory.add(makeIo('discard', order(i) * 4, 3, i));
      expect([...memory.ios()].map((io) => io.addressLb / 4)).toEqual(
        Array.from({ length: count }, (_, i) => i),
      );
      // One IO over nearly all of them leaves a piece at each end.
      memory.add(makeIo('zero', 1, count * 4 - 3, 0));
      expect(ranges(memory)).toEqual([
        '0 1 discard',
        `1 ${count * 4 - 3} zero`,
        `${count * 4 - 2} 1 discard`,
      ]);
    }
  });

  it('cuts new IOs from their start and never cuts remainders again', () => {
    const memory = DiffMemory.ofPlain(20);
    memory.add(makeIo('normal', 100, 50, 1));
    expect(ranges(memory)).toEqual(['100 20 normal', '120 20 normal', '140 10 normal']);
    memory.add(makeIo('discard', 105, 2, 2));
    expect(ranges(memory)).toEqual([
      '100 5 normal',
      '105 2 discard',
      '107 13 normal',
      '120 20 normal',
      '140 10 normal',
    ]);
  });

  it('hands out what ends at or before an address', () => {
    const memory = DiffMemory.ofPlain(0);
    memory.add(makeIo('zero', 0, 4, 1));
    memory.add(makeIo('zero', 4, 4, 1));
    expect(memory.shiftUntil(3)).toBe(null);
    expect(memory.shiftUntil(4)?.addressLb).toBe(0);
    expect(memory.shiftUntil(7)).toBe(null);
    expect(memory.shiftUntil(Number.POSITIVE_INFINITY)?.addressLb).toBe(4);
    expect(memory.isEmpty).toBe(true);
    expect(memory.shiftUntil(Number.POSITIVE_INFINITY)).toBe(null);
  });
});

describe('isAllZero', () => {
  it('looks at every byte, aligned or not', () => {
    fc.assert(
      fc.property(fc.nat(40), fc.nat(5), fc.option(fc.nat(39)), (sizeBytes, offset, at) => {
        const bytes = new Uint8Array(50).fill(1).subarray(offset, offset + sizeBytes);
        bytes.fill(0);
        if (at !== null && at < sizeBytes) bytes[at] = 1;
        expect(isAllZero(bytes)).toBe(at === null || at >= sizeBytes);
      }),
    );
  });
});
