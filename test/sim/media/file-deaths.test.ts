import { describe, expect, it } from 'vitest';
import { expectSame } from '../../expect-same.ts';
import { createFileSystem, PROFILES, save, withPort } from './file-kit.ts';
import { codeOf, createBench } from './support.ts';

describe('simulated file system, when its programs die', () => {
  it('a kill loses nothing that was visible; locks and handles of the dead are free', async () => {
    for (const profile of PROFILES) {
      const bench = createBench();
      const files = createFileSystem(profile);
      const life = bench.life();
      const port = files.portFor(life);
      const other = files.portFor(bench.life('other'));
      await bench.run(async () => {
        const file = await port.open('/a', 'create', 't');
        await file.write(0, new Uint8Array(9000).fill(4), 't');
        await port.lock('/lock', 't');
        expect(await codeOf(other.lock('/lock', 't'))).toBe('ELOCKED');
        const gone = await port.open('/gone', 'create', 't');
        await gone.write(0, new Uint8Array(5000), 't');
        await port.unlink('/gone', 't');
        expect((await gone.read(0, 9000, 't')).length).toBe(5000);
        const before = files.tree();
        const usedPages = files.state.usedPages;
        life.kill();
        expect(files.tree()).toEqual(before);
        expect(files.state.usedPages).toBe(usedPages - 2);
        expect(files.openCounts.size).toBe(0);
        const release = await other.lock('/lock', 't');
        release();
        await other.lock('/lock', 't');
        expectSame(files.peek('/a') as Uint8Array, new Uint8Array(9000).fill(4));
      });
    }
  });

  it('calls under way at a kill happen whole or not; a write leaves a leading part; nothing settles', async () => {
    const renamed = new Set<string>();
    const sizes = new Set<number>();
    for (let seed = 1; seed <= 60; seed++) {
      const bench = createBench(seed);
      const files = createFileSystem('ext4', {}, seed);
      files.seed('/a', new Uint8Array(10));
      files.seed('/w', new Uint8Array(0));
      const life = bench.life();
      const port = files.portFor(life);
      let settled = 0;
      await bench.run(async () => {
        const file = await port.open('/w', 'update', 't');
        void port.rename('/a', '/b', 't').finally(() => settled++);
        void file.write(0, new Uint8Array(100_000).fill(1), 't').finally(() => settled++);
        void file.read(0, 10, 't').finally(() => settled++);
        life.kill();
        const after = [...files.tree().keys()].join(' ');
        const size = (files.peek('/w') as Uint8Array).length;
        await bench.pass(1_000_000);
        await codeOf(Promise.race([port.unlink('/w', 't'), bench.pass(1_000_000)]));
        expect([...files.tree().keys()].join(' ')).toBe(after);
        expect((files.peek('/w') as Uint8Array).length).toBe(size);
        expect((files.peek('/w') as Uint8Array).every((byte) => byte === 1)).toBe(true);
        renamed.add(after);
        sizes.add(size);
      });
      expect(settled).toBe(0);
    }
    expect([...renamed].sort()).toEqual(['/a /w', '/b /w']);
    expect(sizes.has(100_000)).toBe(true);
    expect(sizes.size).toBeGreaterThan(10);
  });

  it('handles from before a power loss are dead', async () => {
    const files = createFileSystem('ext4');
    await withPort(createBench(), files, async (port) => {
      const file = await port.open('/a', 'create', 't');
      await file.write(0, new Uint8Array(10), 't');
      files.powerLoss('all');
      expect(await codeOf(file.write(0, new Uint8Array(10), 't'))).toBe('EIO');
      file.close();
      await save(port, '/a', new Uint8Array(5));
      expect(files.state.usedPages).toBe(1);
    });
  });
});
