import { describe, expect, it } from 'vitest';
import { createDisk, drive } from './disk-kit.ts';
import { blocks, createBench, valuesOf } from './support.ts';

describe('writes under way to the same blocks of a simulated disk', () => {
  it('two writes under way to one block land in either order, and then it stays', async () => {
    const results = new Set<string>();
    for (let seed = 1; seed <= 60; seed++) {
      const bench = createBench(seed);
      const device = createDisk(seed).open(bench.life());
      const value = await bench.run(async () => {
        await Promise.all([device.write(0, blocks(1), 'a'), device.write(0, blocks(2), 'b')]);
        const first = valuesOf(await device.read(0, 1, 'r'))[0];
        await device.flush('f');
        expect(valuesOf(await device.read(0, 1, 'r'))[0]).toBe(first);
        return first;
      });
      results.add(String(value));
    }
    expect([...results].sort()).toEqual(['1', '2']);
  });

  it('of overlapping writes the completion order does not decide, but earlier completion before submission does', () => {
    const results = new Set<string>();
    for (let seed = 1; seed <= 100; seed++) {
      const disk = createDisk(seed);
      const { submit, write, values } = drive(disk);
      write(0, 9);
      const [a, b] = [submit(0, 1), submit(0, 2)];
      disk.medium.finishWrite(a);
      disk.medium.finishWrite(b);
      const after = values(0, 1)[0];
      results.add(String(after));
      write(0, 3);
      expect(values(0, 1)).toEqual([3]);
    }
    expect([...results].sort()).toEqual(['1', '2']);
  });

  it('a reader sees old or new blocks of a write under way, and never old again after new', () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 50; seed++) {
      const { submit, write, values } = drive(createDisk(seed));
      write(0, 1, 1, 1);
      submit(0, 2, 2, 2);
      let before = values(0, 3);
      for (let i = 0; i < 5; i++) {
        const now = values(0, 3);
        now.forEach((value, k) => {
          expect(value).toBeGreaterThanOrEqual(before[k] as number);
        });
        seen.add(now.join(''));
        before = now;
      }
    }
    expect(seen.size).toBeGreaterThan(3);
  });
});
