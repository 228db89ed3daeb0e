import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SimDisk } from '../../../sim/disk.ts';
import { mediumParameters } from '../../../sim/disk-medium.ts';
import { createDisk, drive, outcomes } from './disk-kit.ts';
import { blocks, createBench, noFaults, valuesOf } from './support.ts';

describe('what a power loss or a crash leaves of a simulated disk', () => {
  it('a flush covers what had completed when it began: W1 W2 W3 C3 C2 FLUSH C1 END', () => {
    const seen = outcomes(
      400,
      mediumParameters('ideal', 512),
      (disk) => {
        const { submit } = drive(disk);
        const [w1, w2, w3] = [submit(0, 1), submit(1, 2), submit(2, 3)];
        disk.medium.finishWrite(w3);
        disk.medium.finishWrite(w2);
        const flush = disk.medium.beginFlush();
        disk.medium.finishWrite(w1);
        disk.medium.finishFlush(flush);
      },
      3,
    );
    expect(seen).toEqual(['0 2 3', '1 2 3']);
  });

  it('every subset of the blocks of an unflushed log pack survives a power loss, and nothing else', () => {
    const seen = outcomes(
      3000,
      mediumParameters('ideal', 512),
      (disk) => {
        const { write } = drive(disk);
        write(0, 1);
        write(1, 2, 3);
        write(3, 4);
      },
      4,
    );
    const expected: string[] = [];
    for (let bits = 0; bits < 16; bits++)
      expected.push([1, 2, 3, 4].map((v, i) => (bits & (1 << i) ? v : 0)).join(' '));
    expect(seen).toEqual(expected.sort());
  });

  it('each block keeps one of its own contents, never older than what is durable', () => {
    const step = fc.record({
      kind: fc.constantFrom('write', 'write', 'fua', 'flush', 'submit', 'finish'),
      address: fc.nat(11),
      size: fc.integer({ min: 1, max: 4 }),
    });
    const presets = fc.constantFrom('ideal', 'sector512', 'nvme-awupf8', 'none' as const);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(100_000), presets, (steps, seed, preset) => {
        const disk = createDisk(seed, mediumParameters(preset, 512), 16);
        // Contents that a block may have after a power loss.
        const allowed = Array.from({ length: 16 }, () => new Set([0]));
        interface Flight {
          write: ReturnType<typeof disk.medium.beginWrite>;
          address: number;
          values: number[];
          /** Blocks that others wrote meanwhile: either order is right. */
          contended: Set<number>;
        }
        const flying: Flight[] = [];
        const settle = (address: number, values: number[], durable: boolean, contended: Set<number>) => {
          values.forEach((value, i) => {
            const block = address + i;
            const set = allowed[block] as Set<number>;
            const others = flying.filter((f) => f.address <= block && block < f.address + f.values.length);
            for (const other of others) other.contended.add(block);
            if ((durable || preset === 'none') && others.length === 0 && !contended.has(block)) set.clear();
            set.add(value);
          });
        };
        steps.forEach(({ kind, address, size }, n) => {
          const values = Array.from({ length: size }, () => n + 1);
          if (kind === 'flush') {
            disk.medium.finishFlush(disk.medium.beginFlush());
            const visible = valuesOf(disk.peek(0, 16));
            allowed.forEach((set, i) => {
              set.clear();
              set.add(visible[i] as number);
            });
            for (const f of flying) f.values.forEach((value, i) => void allowed[f.address + i]?.add(value));
          } else if (kind === 'submit') {
            const write = disk.medium.beginWrite(address, blocks(...values), false, false);
            flying.push({ write, address, values, contended: new Set() });
            values.forEach((value, i) => void allowed[address + i]?.add(value));
          } else if (kind === 'finish') {
            const done = flying.shift();
            if (done === undefined) return;
            disk.medium.finishWrite(done.write);
            settle(done.address, done.values, false, done.contended);
          } else {
            const isFua = kind === 'fua';
            disk.medium.finishWrite(disk.medium.beginWrite(address, blocks(...values), isFua, false));
            settle(address, values, isFua, new Set());
          }
        });
        disk.powerLoss();
        const left = valuesOf(disk.peek(0, 16));
        const wrong = left.flatMap((value, block) =>
          allowed[block]?.has(value) ? [] : [{ block, value, allowed: [...(allowed[block] ?? [])] }],
        );
        expect(wrong).toEqual([]);
        expect(valuesOf(disk.medium.read(0, 16))).toEqual(left);
        // A second power loss changes nothing.
        disk.powerLoss();
        expect(valuesOf(disk.peek(0, 16))).toEqual(left);
      }),
      { numRuns: 1500 },
    );
  });

  it('FUA is durable for its own blocks only', () => {
    const seen = outcomes(
      400,
      mediumParameters('ideal', 512),
      (disk) => {
        const { write, writeFua } = drive(disk);
        write(0, 1);
        write(1, 2);
        writeFua(1, 3);
      },
      2,
    );
    expect(seen).toEqual(['0 3', '1 3']);
  });

  it('preflush orders the write behind what had completed', () => {
    const seen = outcomes(
      600,
      mediumParameters('ideal', 512),
      (disk) => {
        drive(disk).write(0, 1);
        disk.medium.beginWrite(1, blocks(2), true, true);
      },
      2,
    );
    expect(seen).toEqual(['0 0', '1 0', '1 2']);
  });

  it('a completed write with preflush makes what had completed before it durable', () => {
    const seen = outcomes(
      200,
      mediumParameters('ideal', 512),
      (disk) => {
        const { write } = drive(disk);
        write(0, 1);
        disk.medium.finishWrite(disk.medium.beginWrite(1, blocks(2), false, true));
      },
      2,
    );
    expect(seen).toEqual(['1 0', '1 2']);
  });

  it('without a volatile cache completion is durability; what is under way may land', () => {
    const seen = outcomes(
      200,
      mediumParameters('none', 512),
      (disk) => {
        const { write, submit } = drive(disk);
        write(0, 1);
        submit(1, 2);
      },
      2,
    );
    expect(seen).toEqual(['1 0', '1 2']);
  });

  it('4 KiB units survive whole; on 512-byte sectors they tear; small atomic writes do not', () => {
    const history = (disk: SimDisk) => drive(disk).write(0, 1, 2, 3, 4, 5, 6, 7, 8);
    const none = '0 0 0 0 0 0 0 0';
    const whole = '1 2 3 4 5 6 7 8';
    expect(outcomes(200, mediumParameters('ideal', 4096), history, 8)).toEqual([none, whole]);
    expect(outcomes(200, mediumParameters('nvme-awupf8', 4096), history, 8)).toEqual([none, whole]);
    expect(outcomes(400, mediumParameters('sector512', 4096), history, 8).length).toBeGreaterThan(50);
    const shorn = outcomes(400, mediumParameters('shorn', 4096), history, 8);
    expect(shorn).toEqual([none, '1 2 3 0 0 0 0 0', '1 2 3 4 5 6 7 0', whole]);
  });

  it('a crash in the middle of a write leaves some of its blocks', async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 80; seed++) {
      const disk = createDisk(seed);
      const bench = createBench(seed, {
        ...noFaults,
        tears: (_life, { kind }) => kind === 'disk.write',
        strike: (life, _info, phase) => {
          if (phase === 'torn') life.kill();
        },
      });
      const device = disk.open(bench.life());
      let settled = false;
      void device.write(0, blocks(1, 2, 3), 't').then(() => {
        settled = true;
      });
      await bench.run(() => bench.pass(100_000));
      expect(settled).toBe(false);
      seen.add(valuesOf(disk.peek(0, 3)).join(''));
    }
    expect([...seen].sort()).toEqual(['000', '003', '020', '023', '100', '103', '120', '123']);
  });
});
