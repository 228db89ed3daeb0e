import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OverlapOrder } from '../../../core/device/overlap.ts';
import { RangeIndex, rangesOverlap } from '../../../core/device/range-index.ts';
import { Condition, Fifo, Mutex } from '../../../core/device/waiting.ts';
import { Rig } from './harness.ts';

const range = fc.oneof(
  fc.record({ addressLb: fc.nat(3000), sizeLb: fc.integer({ min: 1, max: 40 }) }),
  fc.record({ addressLb: fc.nat(3000), sizeLb: fc.integer({ min: 1, max: 100_000 }) }),
);

describe('RangeIndex', () => {
  it('finds what a plain search finds', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(range, fc.boolean(), range), { maxLength: 60 }), (steps) => {
        const index = new RangeIndex<{ addressLb: number; sizeLb: number }>();
        const plain: { addressLb: number; sizeLb: number }[] = [];
        for (const [added, removes, searched] of steps) {
          index.add(added);
          plain.push(added);
          if (removes) index.delete(plain.splice(plain.length >> 1, 1)[0]);
          const found = new Set(index.overlapping(searched));
          expect(found.size).toBe(index.overlapping(searched).length);
          expect(found).toEqual(new Set(plain.filter((one) => rangesOverlap(one, searched))));
          expect(index.size).toBe(plain.length);
        }
      }),
    );
  });
});

describe('OverlapOrder', () => {
  it('lets overlapping IOs run in their order, and the others at once', () => {
    fc.assert(
      fc.property(
        fc.array(range, { minLength: 1, maxLength: 40 }),
        fc.array(fc.nat(), { minLength: 80, maxLength: 80 }),
        (ranges, picks) => {
          const order = new OverlapOrder<{
            addressLb: number;
            sizeLb: number;
            waitsFor: number;
            id: number;
          }>();
          const ios = ranges.map((one, id) => ({ ...one, waitsFor: 0, id }));
          const done = new Set<number>();
          const running: typeof ios = [];
          const begin = (io: (typeof ios)[number]) => {
            for (const earlier of ios)
              if (earlier.id < io.id && rangesOverlap(earlier, io)) expect(done.has(earlier.id)).toBe(true);
            running.push(io);
          };
          let next = 0;
          for (const pick of picks) {
            if (next < ios.length && pick % 2 === 0) {
              const io = ios[next++];
              const isFree = ios.every(
                (other) => other.id >= io.id || done.has(other.id) || !rangesOverlap(other, io),
              );
              expect(order.enter(io)).toBe(isFree);
              if (isFree) begin(io);
            } else if (running.length > 0) {
              const [io] = running.splice(pick % running.length, 1);
              done.add(io.id);
              for (const ready of order.leave(io)) begin(ready);
            }
          }
          while (running.length > 0) {
            const io = running.shift() as (typeof ios)[number];
            done.add(io.id);
            for (const ready of order.leave(io)) begin(ready);
          }
          expect(done.size).toBe(next);
          expect(order.size).toBe(0);
        },
      ),
    );
  });
});

describe('waiting', () => {
  it('a condition wakes at a change or when due, whichever is first', async () => {
    const rig = new Rig();
    const condition = new Condition(rig.clock);
    const early = condition.waitUntil(1000);
    condition.notify();
    await rig.run(early);
    expect(rig.loop.nowUs).toBe(0);
    await rig.run(condition.waitUntil(1000));
    expect(rig.loop.nowUs).toBe(1000);
    expect(rig.loop.pendingCount).toBe(0);
  });

  it('a mutex goes on after a failure, in the order of asking', async () => {
    const mutex = new Mutex();
    const seen: number[] = [];
    const failing = mutex.run(async () => {
      seen.push(1);
      throw new Error('first');
    });
    const second = mutex.run(async () => seen.push(2));
    await expect(failing).rejects.toThrow('first');
    await second;
    expect(seen).toEqual([1, 2]);
  });

  it('a fifo gives back what it took, in order', () => {
    const fifo = new Fifo<number>();
    const seen: number[] = [];
    for (let i = 0; i < 5000; i++) {
      fifo.push(i);
      if (i % 3 !== 0) seen.push(fifo.shift() as number);
    }
    expect(fifo.peek()).toBe(seen.length);
    seen.push(...fifo.take(10_000));
    expect(seen).toEqual(Array.from({ length: 5000 }, (_, i) => i));
    expect(fifo.shift()).toBe(undefined);
  });
});
