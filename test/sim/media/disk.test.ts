import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimDisk } from '../../../sim/disk.ts';
import { mediumParameters } from '../../../sim/disk-medium.ts';
import { KeyedRandom } from '../../../sim/random.ts';
import { expectSame } from '../../expect-same.ts';
import { createDisk, drive } from './disk-kit.ts';
import { codeOf, createBench, valuesOf } from './support.ts';

describe('simulated disk', () => {
  it('behaves as an array of blocks while nothing fails', async () => {
    const sizeLb = 300;
    const operation = fc.record({
      kind: fc.constantFrom('write', 'fua', 'preflush', 'read', 'flush', 'discard'),
      address: fc.nat(sizeLb - 1),
      size: fc.integer({ min: 1, max: 150 }),
      value: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 60 }), fc.nat(1000), async (operations, seed) => {
        const bench = createBench(seed);
        const disk = createDisk(seed, mediumParameters('ideal', 512), sizeLb);
        const device = disk.open(bench.life());
        const model = new Uint8Array(sizeLb * 512);
        await bench.run(async () => {
          for (const { kind, address, size, value } of operations) {
            const fitted = Math.min(size, sizeLb - address);
            const range = model.subarray(address * 512, (address + fitted) * 512);
            if (kind === 'read') {
              expectSame(await device.read(address, fitted, 't'), range);
            } else if (kind === 'flush') {
              await device.flush('t');
            } else if (kind === 'discard') {
              await device.discard(address, fitted, 't');
              range.fill(0);
            } else {
              const how = { fua: kind === 'fua', preflush: kind === 'preflush' };
              await device.write(address, new Uint8Array(fitted * 512).fill(value), 't', how);
              range.fill(value);
            }
          }
          expectSame(await device.read(0, sizeLb, 't'), model);
        });
        expectSame(disk.peek(0, sizeLb), model);
      }),
      { numRuns: 100 },
    );
  });

  it('refuses what a device refuses', async () => {
    const bench = createBench();
    const disk = createDisk(1, { ...mediumParameters('ideal', 4096), supportsDiscard: false });
    const device = disk.open(bench.life());
    const reader = disk.open(bench.life(), {}, 'read');
    await bench.run(async () => {
      expect(await codeOf(device.read(0, 1, 't'))).toBe('EINVAL');
      expect(await codeOf(device.read(64, 8, 't'))).toBe('EINVAL');
      expect(await codeOf(device.write(4, new Uint8Array(4096), 't'))).toBe('EINVAL');
      expect(await codeOf(device.write(0, new Uint8Array(100), 't'))).toBe('EINVAL');
      expect(await codeOf(device.discard(0, 8, 't'))).toBe('EOPNOTSUPP');
      expect(await codeOf(reader.write(0, new Uint8Array(4096), 't'))).toBe('EROFS');
      for (const [mode, read, write] of [
        ['error-all', 'EIO', 'EIO'],
        ['error-reads', 'EIO', 'ok'],
        ['error-writes', 'ok', 'EIO'],
        ['drop-writes', 'ok', 'ok'],
      ] as const) {
        disk.medium.mode = mode;
        expect([mode, await codeOf(device.read(0, 8, 't'))]).toEqual([mode, read]);
        expect([mode, await codeOf(device.write(8, new Uint8Array(4096).fill(7), 't'))]).toEqual([
          mode,
          write,
        ]);
        disk.medium.mode = 'up';
      }
      disk.medium.grow(128);
      expect(device.sizeLb()).toBe(128);
      expect(await codeOf(device.read(120, 8, 't'))).toBe('ok');
      device.close();
      device.close();
      expect(await codeOf(device.read(0, 8, 't'))).toBe('EINVAL');
    });
  });

  it.each(['zero', 'keep', 'mixed', 'random'] as const)(
    'discard in mode %s is stable and bounded',
    (discardMode) => {
      const parameters = { ...mediumParameters('ideal', 512), discardMode };
      const seen = new Set<string>();
      for (let seed = 1; seed <= 40; seed++) {
        const disk = createDisk(seed, parameters);
        const { write, flush, values } = drive(disk);
        write(0, ...Array.from({ length: 32 }, () => 7));
        flush();
        disk.medium.discard(0, 32);
        const after = disk.medium.read(0, 32);
        seen.add(values(0, 32).join(' '));
        expectSame(disk.medium.read(0, 32), after);
        for (let granule = 0; granule < 4; granule++) {
          const got = values(granule * 8, 8).join('');
          if (discardMode === 'zero') expect(got).toBe('00000000');
          if (discardMode === 'keep') expect(got).toBe('77777777');
          if (discardMode === 'mixed') expect(['00000000', '77777777']).toContain(got);
        }
        disk.powerLoss();
        const left = disk.medium.read(0, 32);
        expectSame(disk.medium.read(0, 32), left);
        valuesOf(left).forEach((value, i) => {
          if (value !== 7)
            expectSame(left.subarray(i * 512, (i + 1) * 512), after.subarray(i * 512, (i + 1) * 512));
        });
        write(3, 9);
        expect(values(3, 1)).toEqual([9]);
      }
      expect(seen.size > 1).toBe(discardMode === 'mixed' || discardMode === 'random');
    },
  );

  it('a device of many blocks takes memory for what is written only, and is fast', () => {
    const disk = new SimDisk({ name: 'big', sizeLb: 2 ** 40, random: new KeyedRandom(1) });
    const data = new Uint8Array(64 * 1024).fill(5);
    for (let i = 0; i < 2000; i++) {
      disk.medium.finishWrite(disk.medium.beginWrite((i % 100) * 128 + 2 ** 35, data, false, false));
    }
    disk.medium.finishFlush(disk.medium.beginFlush());
    expect(disk.medium.image.chunkCount).toBe(100);
    disk.medium.discard(0, 2 ** 39);
    expect(disk.medium.image.chunkCount).toBe(0);
  });
});
