import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyedRandom } from '../../../sim/random.ts';
import { SimVolumeStore, type SimVolumeStoreOptions } from '../../../sim/volume-store.ts';
import { expectSame } from '../../expect-same.ts';
import { blocks, codeOf, createBench, noFaults, valuesOf } from './support.ts';

function createStore(seed: number, options: Partial<SimVolumeStoreOptions> = {}): SimVolumeStore {
  return new SimVolumeStore({ name: `v${seed}`, random: new KeyedRandom(seed), thin: true, ...options });
}

function names(store: SimVolumeStore): string {
  return store
    .inspect()
    .map(({ name }) => name)
    .join(' ');
}

describe('simulated volume store', () => {
  it('volumes and snapshots behave as arrays: nothing changes through another volume', async () => {
    const sizeLb = 400;
    const operation = fc.record({
      kind: fc.constantFrom('write', 'write', 'write', 'snapshot', 'discard', 'flush', 'remove', 'rename'),
      volume: fc.nat(5),
      other: fc.nat(5),
      address: fc.oneof(fc.nat(sizeLb - 1), fc.constantFrom(0, 128, 256)),
      size: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constant(128)),
      value: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(operation, { maxLength: 60 }), fc.nat(1000), async (operations, seed) => {
        const bench = createBench(seed);
        const store = createStore(seed);
        const port = store.portFor(bench.life());
        const models = new Map<string, Uint8Array>([['w0', new Uint8Array(sizeLb * 512)]]);
        await bench.run(async () => {
          await port.create('w0', sizeLb, 't');
          for (const { kind, volume, other, address, size, value } of operations) {
            const name = `w${volume}`;
            const target = `w${other}`;
            const model = models.get(name);
            const fitted = Math.min(size, sizeLb - address);
            if (model === undefined) {
              expect(await codeOf(port.open(name, 'read', 't'))).toBe('ENOENT');
            } else if (kind === 'snapshot' || kind === 'rename') {
              const act =
                kind === 'snapshot' ? port.snapshot(name, target, true, 't') : port.rename(name, target, 't');
              expect(await codeOf(act)).toBe(models.has(target) ? 'EEXIST' : 'ok');
              if (!models.has(target)) {
                models.set(target, model.slice());
                if (kind === 'rename') models.delete(name);
              }
            } else if (kind === 'remove') {
              await port.remove(name, 't');
              models.delete(name);
            } else {
              const device = await port.open(name, 'write', 't');
              const range = model.subarray(address * 512, (address + fitted) * 512);
              if (kind === 'write') {
                await device.write(address, new Uint8Array(fitted * 512).fill(value), 't');
                range.fill(value);
              } else if (kind === 'discard') {
                await device.discard(address, fitted, 't');
                range.fill(0);
              } else await device.flush('t');
              device.close();
            }
          }
          expect((await port.list('t')).map((info) => info.name).sort()).toEqual([...models.keys()].sort());
          for (const [name, model] of models) expectSame(store.peek(name, 0, sizeLb), model);
          for (const name of models.keys()) await port.remove(name, 't');
        });
        expect(store.usedLb()).toBe(0);
      }),
      { numRuns: 150 },
    );
  });

  it('keeps flushed content, names and sizes over a power loss; a snapshot of it too', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const bench = createBench(seed);
      const store = createStore(seed);
      const life = bench.life();
      const port = store.portFor(life);
      await bench.run(async () => {
        await port.create('w', 16, 't');
        const device = await port.open('w', 'write', 't');
        await device.write(0, blocks(1, 2), 't');
        await device.flush('t');
        await port.snapshot('w', 's', false, 't');
        await device.write(0, blocks(9), 't');
        await port.grow('w', 32, 't');
      });
      life.kill();
      store.powerLoss();
      expect(store.inspect().map(({ name, sizeLb, origin }) => [name, sizeLb, origin])).toEqual([
        ['s', 16, 'w'],
        ['w', 32, null],
      ]);
      expect(valuesOf(store.peek('s', 0, 2))).toEqual([1, 2]);
      expect([1, 9]).toContain(valuesOf(store.peek('w', 0, 1))[0]);
      expect(valuesOf(store.peek('w', 1, 1))).toEqual([2]);
    }
  });

  it('what a snapshot holds unflushed a power loss may take, alike in both while they share it', async () => {
    const seen = new Set<string>();
    for (let seed = 1; seed <= 60; seed++) {
      const bench = createBench(seed);
      const store = createStore(seed);
      const port = store.portFor(bench.life());
      await bench.run(async () => {
        await port.create('w', 16, 't');
        const device = await port.open('w', 'write', 't');
        await device.write(0, blocks(1), 't');
        await device.write(8, blocks(1), 't');
        await port.snapshot('w', 's', true, 't');
        await device.write(8, blocks(2), 't');
        await device.flush('t');
        const snapshot = await port.open('s', 'write', 't');
        expect(valuesOf(await snapshot.read(0, 1, 't'))).toEqual([1]);
      });
      store.powerLoss();
      // Flushing the origin says nothing about the snapshot's own blocks.
      expect([store.peek('w', 0, 1)[0], store.peek('w', 8, 1)[0]]).toEqual([1, 2]);
      seen.add(`${store.peek('s', 0, 1)[0]} ${store.peek('s', 8, 1)[0]}`);
    }
    expect([...seen].sort()).toEqual(['0 0', '0 1', '1 0', '1 1']);
    for (let seed = 1; seed <= 60; seed++) {
      const bench = createBench(seed);
      const store = createStore(seed);
      const port = store.portFor(bench.life());
      await bench.run(async () => {
        await port.create('w', 16, 't');
        const device = await port.open('w', 'write', 't');
        for (let i = 0; i < 16; i++) await device.write(i, blocks(i + 1), 't');
        await port.snapshot('w', 's', true, 't');
      });
      store.powerLoss();
      expectSame(store.peek('s', 0, 16), store.peek('w', 0, 16));
    }
  });

  it('a crash inside a command leaves the state before it or after it, under one name', async () => {
    const commands = {
      create: ['w', 'new w'],
      snapshot: ['w', 'new w'],
      rename: ['w', 'new'],
      remove: ['w', ''],
    } as const;
    for (const [kind, allowed] of Object.entries(commands)) {
      const seen = new Set<string>();
      for (let seed = 1; seed <= 40; seed++) {
        const bench = createBench(seed);
        const store = createStore(seed);
        const setUp = store.portFor(bench.life());
        await bench.run(() => setUp.create('w', 16, 't'));
        const life = bench.life('victim');
        const port = store.portFor(life);
        let settled = false;
        const act = {
          create: () => port.create('new', 16, 't'),
          snapshot: () => port.snapshot('w', 'new', true, 't'),
          rename: () => port.rename('w', 'new', 't'),
          remove: () => port.remove('w', 't'),
        }[kind] as () => Promise<unknown>;
        void act().then(() => {
          settled = true;
        });
        await bench.run(() => bench.pass(seed * 1000));
        if (settled) continue;
        life.kill();
        const after = names(store);
        seen.add(after);
        await bench.run(() => bench.pass(10_000_000));
        expect(settled).toBe(false);
        expect(names(store)).toBe(after);
      }
      expect([kind, ...seen].sort()).toEqual([kind, ...allowed].sort());
    }
  });

  it('a command that fails may have happened, and the caller is told of the failure', async () => {
    for (const effect of ['none', 'whole'] as const) {
      const bench = createBench(1, {
        ...noFaults,
        fail: (_life, { kind }) =>
          kind === 'volume.create' ? { error: new Error('lvcreate'), effect } : null,
      });
      const store = createStore(1);
      const port = store.portFor(bench.life());
      expect(await bench.run(() => codeOf(port.create('w', 16, 't')))).toContain('lvcreate');
      expect(names(store)).toBe(effect === 'whole' ? 'w' : '');
    }
  });

  it('open volumes: EBUSY on removal, readable through rename, closed by the death of the process', async () => {
    const bench = createBench();
    const store = createStore(1);
    const life = bench.life();
    const port = store.portFor(life);
    const other = store.portFor(bench.life('other'));
    await bench.run(async () => {
      await port.create('w', 16, 't');
      const device = await port.open('w', 'write', 't');
      expect(await codeOf(other.remove('w', 't'))).toBe('EBUSY');
      await other.rename('w', 'x', 't');
      await device.write(0, blocks(5), 't');
      expect(valuesOf(await device.read(0, 1, 't'))).toEqual([5]);
      await port.setWritable('x', false, 't');
      expect(await codeOf(other.open('x', 'write', 't'))).toBe('EROFS');
      const second = await other.open('x', 'read', 't');
      expect(valuesOf(await second.read(0, 1, 't'))).toEqual([5]);
      expect(await codeOf(second.write(0, blocks(6), 't'))).toBe('EROFS');
      second.close();
      life.kill();
      await other.remove('x', 't');
      expect(await other.list('t')).toEqual([]);
      expect(await codeOf(other.remove('x', 't'))).toBe('ENOENT');
      expect(await codeOf(other.create('y', 0, 't'))).toBe('EINVAL');
    });
  });

  it('a thin snapshot is an origin, becomes writable and survives its origin', async () => {
    const bench = createBench();
    const store = createStore(1);
    const port = store.portFor(bench.life());
    await bench.run(async () => {
      await port.create('a', 16, 't');
      const device = await port.open('a', 'write', 't');
      await device.write(0, blocks(1), 't');
      device.close();
      await port.snapshot('a', 'b', false, 't');
      await port.snapshot('b', 'c', true, 't');
      await port.setWritable('b', true, 't');
      await port.remove('a', 't');
      const info = await port.list('t');
      expect(info.find(({ name }) => name === 'b')?.origin).toBe(null);
      expect(info.find(({ name }) => name === 'c')?.origin).toBe('b');
      expect(await port.grow('b', 64, 't')).toBe(64);
      expect(valuesOf(store.peek('b', 0, 17))).toEqual([1, ...Array(16).fill(0)]);
      expect(valuesOf(store.peek('c', 0, 1))).toEqual([1]);
    });
  });

  it('thick: no chains of snapshots, snapshots go with their origin, unwritten blocks hold anything', async () => {
    const bench = createBench();
    const store = createStore(1, { thin: false, backgroundSeed: 7, extentLb: 8192, capacityLb: 8192 * 4 });
    const port = store.portFor(bench.life());
    await bench.run(async () => {
      expect((await port.create('a', 16, 't')).sizeLb).toBe(8192);
      expect(valuesOf(store.peek('a', 0, 4))).toEqual([-1, -1, -1, -1]);
      expectSame(store.peek('a', 0, 4), store.peek('a', 0, 4));
      const device = await port.open('a', 'write', 't');
      await device.write(1, blocks(3), 't');
      expect(valuesOf(await device.read(0, 3, 't'))).toEqual([-1, 3, -1]);
      device.close();
      await port.snapshot('a', 's', true, 't');
      expect(await codeOf(port.snapshot('s', 'ss', true, 't'))).toBe('EINVAL');
      expect(await codeOf(port.setWritable('s', true, 't'))).toBe('EOPNOTSUPP');
      expect(await codeOf(port.create('big', 8192 * 2, 't'))).toBe('ENOSPC');
      expect(await codeOf(port.grow('a', 8192 * 3, 't'))).toBe('ENOSPC');
      const snapshot = await port.open('s', 'read', 't');
      expect(await codeOf(port.remove('a', 't'))).toBe('EBUSY');
      snapshot.close();
      await port.remove('a', 't');
      expect(await port.list('t')).toEqual([]);
    });
    expect(store.usedLb()).toBe(0);
  });

  it('a thick snapshot without room is lost for good; its origin is not', async () => {
    const bench = createBench();
    const store = createStore(1, { thin: false, snapshotShare: 0.5 });
    const port = store.portFor(bench.life());
    await bench.run(async () => {
      await port.create('a', 512, 't');
      await port.snapshot('a', 's', true, 't');
      const device = await port.open('a', 'write', 't');
      const snapshot = await port.open('s', 'read', 't');
      await device.write(0, blocks(1), 't');
      await device.write(128, blocks(1), 't');
      expect(await codeOf(snapshot.read(0, 1, 't'))).toBe('ok');
      await device.write(256, blocks(1), 't');
      expect(await codeOf(snapshot.read(0, 1, 't'))).toBe('EIO');
      expect(await codeOf(device.read(0, 1, 't'))).toBe('ok');
    });
  });

  it('a full thin pool lets writes to missing and shared blocks wait, then fail; others go on', async () => {
    const bench = createBench();
    const store = createStore(1, { capacityLb: 128 * 2, noSpaceTimeoutUs: 5_000_000 });
    const port = store.portFor(bench.life());
    await bench.run(async () => {
      await port.create('a', 1024, 't');
      const device = await port.open('a', 'write', 't');
      await device.write(0, blocks(1), 't');
      await device.write(128, blocks(2), 't');
      const beforeUs = bench.kernel.loop.nowUs;
      expect(await codeOf(device.write(256, blocks(3), 't'))).toBe('ENOSPC');
      expect(bench.kernel.loop.nowUs - beforeUs).toBeGreaterThan(4_900_000);
      await device.write(0, blocks(4), 't');
      await device.flush('t');
      await port.snapshot('a', 's', true, 't');
      expect(await codeOf(device.write(0, blocks(5), 't'))).toBe('ENOSPC');
      const waiting = device.write(0, blocks(6), 't');
      await port.remove('s', 't');
      await waiting;
      await device.discard(128, 128, 't');
      await device.flush('t');
      await device.write(256, blocks(7), 't');
      expect(valuesOf(await device.read(0, 1, 't'))).toEqual([6]);
      expect(store.usedLb()).toBeLessThanOrEqual(256);
    });
  });

  it('a snapshot keeps whole chunks that were unflushed when it was made', async () => {
    const bench = createBench();
    const store = createStore(1);
    const port = store.portFor(bench.life());
    await bench.run(async () => {
      await port.create('a', 256, 't');
      const device = await port.open('a', 'write', 't');
      await device.write(128, new Uint8Array(128 * 512).fill(1), 't');
      await port.snapshot('a', 's', true, 't');
      await device.flush('t');
      await device.write(130, blocks(2), 't');
      await device.flush('t');
      expect(valuesOf(store.peek('s', 129, 3))).toEqual([1, 1, 1]);
      expect(valuesOf(store.peek('a', 129, 3))).toEqual([1, 2, 1]);
      const snapshot = await port.open('s', 'write', 't');
      await snapshot.flush('t');
      await snapshot.write(129, blocks(3), 't');
      await snapshot.flush('t');
      expect(valuesOf(store.peek('a', 129, 3))).toEqual([1, 2, 1]);
    });
  });

  it('shared chunks count once, and all room comes back', async () => {
    const bench = createBench();
    const store = createStore(1);
    const port = store.portFor(bench.life());
    await bench.run(async () => {
      await port.create('a', 1024, 't');
      const device = await port.open('a', 'write', 't');
      const fill = async (address: number, size: number) => {
        await device.write(address, new Uint8Array(size * 512).fill(1), 't');
        await device.flush('t');
      };
      await fill(0, 512);
      expect(store.usedLb()).toBe(512);
      await port.snapshot('a', 's', true, 't');
      expect(store.usedLb()).toBe(512);
      await fill(0, 128);
      await fill(200, 1);
      expect(store.usedLb()).toBe(768);
      await fill(0, 256);
      expect(store.usedLb()).toBe(768);
      await device.discard(0, 256, 't');
      await device.flush('t');
      expect(store.usedLb()).toBe(512);
      await port.remove('s', 't');
      expect(store.usedLb()).toBe(256);
      device.close();
      await port.remove('a', 't');
      expect(store.usedLb()).toBe(0);
    });
  });

  it('a snapshot shows one instant: completed writes, and none that began after it was answered', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const bench = createBench(seed);
      const store = createStore(seed);
      const port = store.portFor(bench.life());
      await bench.run(async () => {
        await port.create('w', 64, 't');
        const device = await port.open('w', 'write', 't');
        let completed = 0;
        let isDone = false;
        const writer = (async () => {
          for (let n = 1; !isDone && n <= 200; n++) {
            await device.write(0, blocks(n % 256), 't');
            await device.write(8, blocks(n % 256), 't');
            completed = n;
          }
        })();
        await bench.pass(1000);
        const before = completed;
        await port.snapshot('w', 's', false, 't');
        const after = completed + 1;
        isDone = true;
        await writer;
        const [first, second] = [store.peek('s', 0, 1)[0] as number, store.peek('s', 8, 1)[0] as number];
        expect(second).toBeGreaterThanOrEqual(before % 256);
        expect(first).toBeLessThanOrEqual(after % 256);
        // The first block is written before the second.
        expect(first - second).toBeGreaterThanOrEqual(0);
        expect(first - second).toBeLessThanOrEqual(1);
      });
    }
  });
});
