import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimDisk } from '../../../sim/disk.ts';
import { type MediumParameters, mediumParameters } from '../../../sim/disk-medium.ts';
import { KeyedRandom } from '../../../sim/random.ts';
import { expectSame } from '../../expect-same.ts';
import { blocks, codeOf, createBench, noFaults, valuesOf } from './support.ts';

function createDisk(
  seed: number,
  parameters: MediumParameters = mediumParameters('ideal', 512),
  sizeLb = 64,
) {
  return new SimDisk({ name: `d${seed}`, sizeLb, random: new KeyedRandom(seed), parameters });
}

/** Submits, completes and flushes by hand: the exact orders of the model, without a clock. */
function drive(disk: SimDisk) {
  const { medium } = disk;
  return {
    submit: (address: number, ...values: number[]) =>
      medium.beginWrite(address, blocks(...values), false, false),
    write(address: number, ...values: number[]) {
      medium.finishWrite(medium.beginWrite(address, blocks(...values), false, false));
    },
    writeFua(address: number, ...values: number[]) {
      medium.finishWrite(medium.beginWrite(address, blocks(...values), true, false));
    },
    flush: () => medium.finishFlush(medium.beginFlush()),
    values: (address: number, size: number) => valuesOf(medium.read(address, size)),
  };
}

/** All contents that power losses leave of a history, over many seeds. */
function outcomes(
  seedCount: number,
  parameters: MediumParameters,
  history: (disk: SimDisk) => void,
  size: number,
) {
  const seen = new Map<string, number>();
  for (let seed = 1; seed <= seedCount; seed++) {
    const disk = createDisk(seed, parameters);
    history(disk);
    disk.powerLoss();
    const key = valuesOf(disk.medium.read(0, size)).join(' ');
    seen.set(key, (seen.get(key) ?? 0) + 1);
  }
  return [...seen.keys()].sort();
}

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

  it('a failing flush leaves its writes undecided until they are rewritten', () => {
    const parameters = mediumParameters('ideal', 512);
    const fail = (disk: SimDisk) => {
      drive(disk).write(0, 1, 1);
      disk.medium.failFlush(disk.medium.beginFlush());
    };
    const later = outcomes(
      300,
      parameters,
      (disk) => {
        fail(disk);
        drive(disk).flush();
        expect(drive(disk).values(0, 2)).toEqual([1, 1]);
      },
      2,
    );
    expect(later).toEqual(['0 0', '0 1', '1 0', '1 1']);
    const rewritten = outcomes(
      300,
      parameters,
      (disk) => {
        fail(disk);
        drive(disk).write(0, 2);
        drive(disk).flush();
      },
      2,
    );
    expect(rewritten).toEqual(['2 0', '2 1']);
  });

  it('a flush that the device ignores makes nothing durable', () => {
    const seen = outcomes(
      200,
      mediumParameters('ideal', 512),
      (disk) => {
        disk.medium.ignoresFlush = true;
        drive(disk).write(0, 1);
        drive(disk).flush();
      },
      1,
    );
    expect(seen).toEqual(['0', '1']);
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

  it('damage is stable, shows no third content and heals when rewritten', () => {
    const disk = createDisk(1);
    const { write, values } = drive(disk);
    write(0, 1, 2, 3, 4);
    disk.medium.faults.makeUnreadable(1, 1);
    expect(() => disk.medium.read(0, 4)).toThrow('unreadable');
    expect(values(2, 2)).toEqual([3, 4]);
    disk.medium.rot(2);
    const rotten = disk.medium.read(2, 1);
    expect(rotten).not.toEqual(blocks(3));
    expect(disk.medium.read(2, 1)).toEqual(rotten);
    disk.powerLoss();
    expect(disk.medium.read(2, 1)).toEqual(rotten);
    write(1, 5, 6);
    expect(values(1, 2)).toEqual([5, 6]);
    expect(disk.medium.faults.damagedCount).toBe(0);
  });

  it('lost and misdirected writes are acknowledged, and can be switched off', () => {
    const disk = createDisk(1);
    const { write, flush, values } = drive(disk);
    write(0, 1, 1);
    write(8, 8, 8);
    disk.medium.faults.arm({ victimLb: null, fromLb: 0, endLb: 1 });
    write(0, 2, 2);
    disk.medium.faults.arm({ victimLb: 8, fromLb: 4, endLb: 5 });
    write(4, 3, 3);
    flush();
    expect(values(0, 10)).toEqual([1, 1, 0, 0, 0, 0, 0, 0, 3, 3]);
    disk.medium.faults.clear();
    expect(values(0, 10)).toEqual([2, 2, 0, 0, 3, 3, 0, 0, 8, 8]);
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
