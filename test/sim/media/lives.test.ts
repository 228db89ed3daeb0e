import { describe, expect, it } from 'vitest';
import { SimDisk } from '../../../sim/disk.ts';
import { SimFileSystem } from '../../../sim/file-system.ts';
import { SimVolumeStore } from '../../../sim/volume-store.ts';
import { createBench, valuesOf } from './support.ts';

/** Files, a disk and a volume of one host, and a process that uses all of them without end. */
function createHost(seed: number) {
  const bench = createBench(seed);
  const { random } = bench.kernel;
  const files = new SimFileSystem({ name: 'h0/files', random });
  const disk = new SimDisk({ name: 'h0/disk', sizeLb: 1024, random });
  const volumes = new SimVolumeStore({ name: 'h0/volumes', random, thin: true });
  const settled = { count: 0 };

  async function work(life: ReturnType<typeof bench.life>): Promise<void> {
    const store = files.portFor(life);
    const device = disk.open(life);
    const port = volumes.portFor(life);
    for (const { name } of await port.list('w.list'))
      if (name !== 'base') await port.remove(name, 'w.remove');
    if (volumes.inspect().length === 0) await port.create('base', 1024, 'w.create');
    const volume = await port.open('base', 'write', 'w.open');
    for (const { name } of await store.list('/', 'w.list')) await store.unlink(`/${name}`, 'w.unlink');
    for (let n = 0; ; n++) {
      const block = new Uint8Array(4096).fill(n);
      const file = await store.open(`/tmp${n % 5}`, 'create', 'w.create');
      await Promise.all([
        file.write(0, new Uint8Array(20_000).fill(n), 'w.write'),
        device.write((n % 100) * 8, block, 'w.disk'),
        volume.write((n % 100) * 8, block, 'w.volume'),
      ]);
      await Promise.all([file.sync('w.sync'), device.flush('w.flush'), volume.discard(512, 8, 'w.discard')]);
      file.close();
      await store.rename(`/tmp${n % 5}`, `/file${n % 3}`, 'w.rename');
      await store.syncDirectory('/', 'w.sync');
      if (n % 10 === 5) await port.snapshot('base', `s${n}`, true, 'w.snapshot');
      settled.count += 1;
    }
  }
  return { bench, files, disk, volumes, settled, work };
}

describe('lives that end', () => {
  it('a dead life changes nothing any more and none of its calls settles', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const { bench, files, disk, volumes, settled, work } = createHost(seed);
      const life = bench.life();
      void work(life);
      await bench.run(() => bench.pass(500_000 + seed * 7919));
      life.kill();
      const shot = () => ({
        count: settled.count,
        tree: [...files.tree()],
        disk: valuesOf(disk.peek(0, 1024)).join(' '),
        volumes: volumes
          .inspect()
          .map(({ name }) => `${name} ${valuesOf(volumes.peek(name, 0, 1024)).join(' ')}`),
        open: files.openCounts.size,
      });
      const atDeath = shot();
      expect(atDeath.open).toBe(0);
      expect(bench.kernel.loop.pendingCount).toBe(0);
      // What is queued in the program at its death may still run: its calls reach nothing.
      let lateCalls = 0;
      const late = [
        files.portFor(life).unlink('/file0', 't'),
        disk.open(life).write(0, new Uint8Array(512 * 1024).fill(0xee), 't'),
        volumes.portFor(life).remove('base', 't'),
      ];
      for (const call of late) void call.finally(() => lateCalls++);
      await bench.run(() => bench.pass(60_000_000));
      expect(lateCalls).toBe(0);
      expect(valuesOf(disk.medium.read(0, 1024))).not.toContain(0xee);
      expect(shot()).toEqual(atDeath);
    }
  });

  it('what was synced before a crash is there after it', async () => {
    for (let seed = 1; seed <= 30; seed++) {
      const { bench, files, work } = createHost(seed);
      const life = bench.life();
      void work(life);
      await bench.run(() => bench.pass(600_000 + seed * 7919));
      life.kill();
      files.powerLoss();
      for (const [path, { sizeBytes }] of files.tree()) {
        if (!path.startsWith('/file')) continue;
        const bytes = files.peek(path) as Uint8Array;
        expect([path, sizeBytes, bytes.every((byte) => byte === bytes[0])]).toEqual([path, 20_000, true]);
      }
    }
  });

  it('thousands of crashes leave nothing behind', async () => {
    const { bench, files, disk, volumes, work } = createHost(1);
    const heap: number[] = [];
    for (let n = 1; n <= 3000; n++) {
      const life = bench.life();
      void work(life);
      await bench.run(() => bench.pass(300_000));
      life.kill();
      if (n % 3 === 0) {
        files.powerLoss();
        disk.powerLoss();
        volumes.powerLoss();
      }
      if (n % 1000 === 0) heap.push(process.memoryUsage().arrayBuffers);
    }
    expect(bench.kernel.loop.pendingCount).toBe(0);
    expect(files.locks.size + files.openCounts.size).toBe(0);
    expect(files.state.usedPages).toBeLessThan(100);
    expect(files.state.journal.operations.length).toBeLessThan(1000);
    expect(disk.medium.image.chunkCount).toBeLessThanOrEqual(8);
    expect(volumes.usedLb()).toBeLessThan(10_000);
    expect(Math.max(...heap)).toBeLessThan(200 * 1024 * 1024);
  });

  it('the same seed gives the same history', async () => {
    const play = async (): Promise<string> => {
      const { bench, files, disk, volumes, work } = createHost(5);
      for (let n = 0; n < 5; n++) {
        const life = bench.life();
        void work(life);
        await bench.run(() => bench.pass(500_000 + n * 1000));
        life.kill();
        files.powerLoss();
        disk.powerLoss();
        volumes.powerLoss();
      }
      const all = volumes
        .inspect()
        .map(({ name }) => `${name} ${valuesOf(volumes.peek(name, 0, 1024)).join(' ')}`);
      return JSON.stringify([[...files.tree()], valuesOf(disk.peek(0, 1024)), all]);
    };
    expect(await play()).toBe(await play());
  });
});
