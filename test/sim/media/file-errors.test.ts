import { describe, expect, it } from 'vitest';
import { expectSame } from '../../expect-same.ts';
import { createFileSystem, save, withPort } from './file-kit.ts';
import { codeOf, createBench, noFaults } from './support.ts';

describe('simulated file system, when calls fail', () => {
  it('a full file system: short write, then ENOSPC; unlinking works and gives room', async () => {
    const files = createFileSystem('ext4', { capacityBytes: 4 * 4096 });
    await withPort(createBench(), files, async (port) => {
      await save(port, '/a', new Uint8Array(4096).fill(1));
      const file = await port.open('/b', 'create', 't');
      expect(await codeOf(file.write(0, new Uint8Array(5 * 4096).fill(2), 't'))).toBe('ENOSPC');
      expect(await file.sizeBytes('t')).toBe(3 * 4096);
      expect(await port.freeBytes('/', 't')).toBe(0);
      expect(await codeOf(port.open('/c', 'create', 't'))).toBe('ENOSPC');
      expect(await codeOf(port.makeDirectory('/d', 't'))).toBe('ENOSPC');
      expect(await codeOf(port.link('/a', '/e', 't'))).toBe('ENOSPC');
      expect(await codeOf(file.write(0, new Uint8Array(100).fill(3), 't'))).toBe('ok');
      expect(await codeOf(file.sync('t'))).toBe('ok');
      expect(await codeOf(port.rename('/b', '/a', 't'))).toBe('ok');
      expect(await codeOf(port.syncDirectory('/', 't'))).toBe('ok');
      expect(await port.freeBytes('/', 't')).toBe(4096);
      await port.unlink('/a', 't');
      expect(await port.freeBytes('/', 't')).toBe(4096);
      file.close();
      expect(await port.freeBytes('/', 't')).toBe(4 * 4096);
      await save(port, '/c', new Uint8Array(4 * 4096).fill(2));
    });
  });

  it('read-only and failing file systems refuse what they must, until remounted', async () => {
    const files = createFileSystem('ext4');
    files.seed('/dir/a', new Uint8Array(3).fill(1));
    await withPort(createBench(), files, async (port) => {
      const file = await port.open('/dir/a', 'update', 't');
      files.setMode('read-only');
      expect(await codeOf(file.write(0, new Uint8Array(1), 't'))).toBe('EROFS');
      expect(await codeOf(port.unlink('/dir/a', 't'))).toBe('EROFS');
      expect(await codeOf(port.open('/b', 'create', 't'))).toBe('EROFS');
      expect((await file.read(0, 3, 't')).length).toBe(3);
      files.setMode('failing');
      expect(await codeOf(file.read(0, 3, 't'))).toBe('EIO');
      expect(await codeOf(port.list('/', 't'))).toBe('EIO');
      files.setMode('read-write');
      expect(await codeOf(file.write(0, new Uint8Array(1), 't'))).toBe('ok');
      expect(await codeOf(port.list('/dir/a', 't'))).toBe('ENOTDIR');
      expect(await port.stat('/dir/none', 't')).toBe(null);
      expect(await codeOf(port.open('dir', 'read', 't'))).toBe('EINVAL');
      const reader = await port.open('/dir/a', 'read', 't');
      expect(await codeOf(reader.write(0, new Uint8Array(1), 't'))).toBe('EACCES');
      reader.close();
      expect(await codeOf(reader.read(0, 1, 't'))).toBe('EINVAL');
    });
  });

  it('too many open files: EMFILE, per process', async () => {
    const files = createFileSystem('ext4', { maxOpenFiles: 2 });
    const bench = createBench();
    const other = files.portFor(bench.life('other'));
    await withPort(bench, files, async (port) => {
      const first = await port.open('/a', 'create', 't');
      await port.open('/b', 'create', 't');
      expect(await codeOf(port.open('/c', 'create', 't'))).toBe('EMFILE');
      expect(await codeOf(other.open('/c', 'create', 't'))).toBe('ok');
      first.close();
      first.close();
      expect(await codeOf(port.open('/d', 'create', 't'))).toBe('ok');
    });
  });

  it('after a failed sync a second one succeeds and proves nothing; rewriting does', async () => {
    for (const profile of ['ext4', 'xfs', 'posix'] as const) {
      const left = new Set<string>();
      for (let seed = 1; seed <= 200; seed++) {
        const files = createFileSystem(profile, { backgroundChance: 0 }, seed);
        const isRewritten = seed % 2 === 0;
        await withPort(createBench(seed), files, async (port) => {
          const file = await port.open('/a', 'create', 't');
          const content = new Uint8Array(8192).fill(7);
          await file.write(0, content, 't');
          files.failSyncs(1);
          expect(await codeOf(file.sync('t'))).toBe('EIO');
          expectSame(await file.read(0, 8192, 't'), content);
          if (isRewritten) await file.write(0, content, 't');
          await file.sync('t');
          await port.syncDirectory('/', 't');
        });
        files.powerLoss();
        const bytes = files.peek('/a') as Uint8Array;
        const pages = `${bytes[0] ?? '-'} ${bytes[4096] ?? '-'}`;
        if (isRewritten) expect(pages).toBe('7 7');
        else left.add(pages);
      }
      expect([profile, ...[...left].sort()]).toEqual([profile, '0 0', '0 7', '7 0', '7 7']);
    }
  });

  it('errors of the fault injector: none, a part or all of a write happens; a refused sync loses pages', async () => {
    for (const effect of ['none', 'part', 'whole'] as const) {
      const sizes = new Set<number>();
      for (let seed = 1; seed <= 30; seed++) {
        const files = createFileSystem('ext4', {}, seed);
        const bench = createBench(seed, {
          ...noFaults,
          fail: (_life, { kind }) =>
            kind === 'file.write' ? { error: new Error('injected'), effect } : null,
        });
        await withPort(bench, files, async (port) => {
          const file = await port.open('/a', 'create', 't');
          expect(await codeOf(file.write(0, new Uint8Array(50).fill(1), 't'))).toContain('injected');
          sizes.add(await file.sizeBytes('t'));
        });
      }
      if (effect === 'none') expect([...sizes]).toEqual([0]);
      else if (effect === 'whole') expect([...sizes]).toEqual([50]);
      else expect(sizes.size).toBeGreaterThan(3);
    }
  });
});
