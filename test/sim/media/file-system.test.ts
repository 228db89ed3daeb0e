import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { FileStore } from '../../../core/world/index.ts';
import { SimFileSystem } from '../../../sim/file-system.ts';
import type { Inode } from '../../../sim/file-system-inode.ts';
import { link, makeDirectory, openInode, rename, unlink } from '../../../sim/file-system-namespace.ts';
import {
  type FileSystemParameters,
  type FileSystemProfile,
  fileSystemParameters,
  lookUp,
  writeFile,
} from '../../../sim/file-system-state.ts';
import { background, forceDirectory } from '../../../sim/file-system-steps.ts';
import { KeyedRandom } from '../../../sim/random.ts';
import { expectSame } from '../../expect-same.ts';
import { type Bench, codeOf, createBench, noFaults } from './support.ts';

const PROFILES = ['ext4', 'xfs', 'posix', 'ext4-old'] as const;

function createFiles(
  seed: number,
  more: Partial<FileSystemParameters> = {},
  profile: FileSystemProfile = 'ext4',
) {
  const parameters = { ...fileSystemParameters(profile), ...more };
  return new SimFileSystem({ name: `f${seed}`, random: new KeyedRandom(seed), parameters });
}

async function save(port: FileStore, path: string, bytes: Uint8Array): Promise<void> {
  const file = await port.open(path, 'create', 't');
  await file.write(0, bytes, 't');
  await file.sync('t');
  file.close();
}

async function withPort(bench: Bench, files: SimFileSystem, body: (port: FileStore) => Promise<void>) {
  const port = files.portFor(bench.life());
  await bench.run(() => body(port));
}

describe('simulated file system', () => {
  it('behaves as a tree of byte arrays while nothing fails', async () => {
    const names = ['/a', '/b', '/d/a', '/d/b', '/d', '/e', '/d/a/x'];
    const operation = fc.record({
      kind: fc.constantFrom(
        'write',
        'write',
        'rename',
        'link',
        'unlink',
        'mkdir',
        'rmdir',
        'truncate',
        'sync',
        'create',
      ),
      path: fc.constantFrom(...names),
      other: fc.constantFrom(...names),
      offset: fc.nat(9000),
      size: fc.nat(9000),
      value: fc.integer({ min: 1, max: 255 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.array(operation, { maxLength: 50 }),
        fc.nat(1000),
        fc.constantFrom(...PROFILES),
        async (operations, seed, profile) => {
          const files = createFiles(seed, { backgroundChance: 0.3 }, profile);
          // Path to file identity, or null for a directory; the root is known.
          const model = new Map<string, { bytes: Uint8Array } | null>();
          const parentOf = (path: string) => path.slice(0, path.lastIndexOf('/'));
          const hasParent = (path: string) => parentOf(path) === '' || model.get(parentOf(path)) === null;
          await withPort(createBench(seed), files, async (port) => {
            for (const { kind, path, other, offset, size, value } of operations) {
              const file = model.get(path);
              if (kind === 'create' || kind === 'write' || kind === 'truncate') {
                const mode = kind === 'create' ? 'create-new' : 'update';
                const result = await codeOf(port.open(path, mode, 't').then((handle) => handle.close()));
                if (kind === 'create') {
                  if (result === 'ok') {
                    expect([file, hasParent(path)]).toEqual([undefined, true]);
                    model.set(path, { bytes: new Uint8Array(0) });
                  } else expect(file !== undefined || !hasParent(path)).toBe(true);
                  continue;
                }
                expect(result === 'ok').toBe(file !== undefined && file !== null);
                if (file === undefined || file === null) continue;
                const handle = await port.open(path, 'update', 't');
                if (kind === 'truncate') {
                  await handle.truncate(size, 't');
                  const cut = new Uint8Array(size);
                  cut.set(file.bytes.subarray(0, size));
                  file.bytes = cut;
                } else {
                  await handle.write(offset, new Uint8Array(size).fill(value), 't');
                  if (size > 0) {
                    const grown = new Uint8Array(Math.max(file.bytes.length, offset + size));
                    grown.set(file.bytes);
                    grown.fill(value, offset, offset + size);
                    file.bytes = grown;
                  }
                }
                expect(await handle.sizeBytes('t')).toBe(file.bytes.length);
                expect(files.state.dirtyBytes).toBeLessThanOrEqual(files.state.usedPages * 4096);
                handle.close();
              } else if (kind === 'mkdir') {
                const result = await codeOf(port.makeDirectory(path, 't'));
                expect(result === 'ok').toBe(file === undefined && hasParent(path));
                if (result === 'ok') model.set(path, null);
              } else if (kind === 'rmdir') {
                const result = await codeOf(port.removeDirectory(path, 't'));
                const isEmpty = [...model.keys()].every((each) => parentOf(each) !== path);
                expect(result === 'ok').toBe(file === null && isEmpty);
                if (result === 'ok') model.delete(path);
              } else if (kind === 'unlink') {
                const result = await codeOf(port.unlink(path, 't'));
                expect(result === 'ok').toBe(file !== undefined && file !== null);
                if (result === 'ok') model.delete(path);
              } else if (kind === 'link') {
                const result = await codeOf(port.link(path, other, 't'));
                const isRight = !!file && model.get(other) === undefined && hasParent(other);
                expect(result === 'ok').toBe(isRight);
                if (file && isRight) model.set(other, file);
              } else if (kind === 'rename') {
                const target = model.get(other);
                const isEmpty = [...model.keys()].every((each) => parentOf(each) !== other);
                const result = await codeOf(port.rename(path, other, 't'));
                const isRight =
                  file !== undefined &&
                  hasParent(other) &&
                  (path === other ||
                    (!(file === null && other.startsWith(`${path}/`)) &&
                      (target === undefined ||
                        (target === null ? file === null && isEmpty : file !== null))));
                expect([kind, path, other, result === 'ok']).toEqual([kind, path, other, isRight]);
                if (!isRight || path === other || (target !== undefined && target === file && file !== null))
                  continue;
                for (const [each, content] of [...model]) {
                  if (each !== path && !each.startsWith(`${path}/`)) continue;
                  model.delete(each);
                  model.set(other + each.slice(path.length), content);
                }
              } else {
                const result = await codeOf(port.syncDirectory(path, 't'));
                expect(result === 'ok').toBe(file === null);
              }
            }
            for (const path of names) {
              const file = model.get(path);
              const status = hasParent(path) ? await port.stat(path, 't') : null;
              expect(status?.kind).toBe(
                file === undefined ? undefined : file === null ? 'directory' : 'file',
              );
              if (file) {
                const handle = await port.open(path, 'read', 't');
                expectSame(await handle.read(0, 100_000, 't'), file.bytes);
                expectSame(await handle.read(100, 5000, 't'), file.bytes.subarray(100, 5100));
                handle.close();
              }
            }
          });
          expect([...files.tree().keys()].sort()).toEqual([...model.keys()].sort());
          // What is written out completely survives as it is.
          files.syncAll();
          files.powerLoss('none');
          for (const [path, file] of model) if (file) expectSame(files.peek(path) as Uint8Array, file.bytes);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('a kill loses nothing that was visible; locks and handles of the dead are free', async () => {
    for (const profile of PROFILES) {
      const bench = createBench();
      const files = createFiles(1, {}, profile);
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
      const files = createFiles(seed);
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

  it('a full file system: short write, then ENOSPC; unlinking works and gives room', async () => {
    const files = createFiles(1, { capacityBytes: 4 * 4096 });
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
    const files = createFiles(1);
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
    const files = createFiles(1, { maxOpenFiles: 2 });
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
        const files = createFiles(seed, { backgroundChance: 0 }, profile);
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
        const files = createFiles(seed);
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

  it('handles from before a power loss are dead', async () => {
    const files = createFiles(1);
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

  it('writes out by itself in time, and keeps little that is not on disk', async () => {
    const files = createFiles(1, { backgroundChance: 0, dirtyLimitBytes: 1024 * 1024 });
    const bench = createBench();
    await withPort(bench, files, async (port) => {
      const file = await port.open('/a', 'create', 't');
      for (let i = 0; i < 64; i++) {
        await file.write(i * 65536, new Uint8Array(65536), 't');
        expect(files.state.dirtyBytes).toBeLessThanOrEqual(1024 * 1024);
      }
      await bench.pass(6_000_000);
      await file.write(0, new Uint8Array(1), 't');
    });
    expect(files.state.journal.operations.length).toBe(0);
    expect(files.durable().peek('/a')?.length).toBe(64 * 65536);
  });
});

describe('order of names over a power loss', () => {
  const NAMES = ['/p/a', '/p/b', '/p/c', '/q/a', '/q/b'];
  const operation = fc.record({
    kind: fc.constantFrom(
      'create',
      'rename',
      'link',
      'unlink',
      'mkdir',
      'write',
      'sync-directory',
      'background',
    ),
    path: fc.constantFrom(...NAMES),
    other: fc.constantFrom(...NAMES),
  });

  /** Names and the files they lead to, as text. */
  function namespaceOf(root: Inode): Map<string, number> {
    const result = new Map<string, number>();
    for (const directory of ['p', 'q']) {
      for (const [name, inode] of root.entries.get(directory)?.entries ?? []) {
        result.set(`/${directory}/${name}`, inode.number);
      }
    }
    return result;
  }

  /** Runs a history; after each call the namespace, and the index that is surely durable. */
  function play(files: SimFileSystem, operations: readonly { kind: string; path: string; other: string }[]) {
    const { state } = files;
    files.seedDirectory('/p');
    files.seedDirectory('/q');
    const history = [namespaceOf(state.root)];
    const forced = new Map<string, number>();
    let forcedAll = 0;
    operations.forEach(({ kind, path, other }, n) => {
      try {
        if (kind === 'create') openInode(state, path, 'create-new');
        else if (kind === 'rename') rename(state, path, other);
        else if (kind === 'link') link(state, path, other);
        else if (kind === 'unlink') unlink(state, path);
        else if (kind === 'mkdir') makeDirectory(state, path);
        else if (kind === 'write') writeFile(state, lookUp(state, path), 0, new Uint8Array(5000));
        else if (kind === 'background') background(state, 0);
        else {
          const directory = path.slice(0, 2);
          forceDirectory(state, lookUp(state, directory), state.random.at('test', n));
          forced.set(directory, history.length - 1);
          if (state.parameters.profile === 'ext4') forcedAll = history.length - 1;
        }
      } catch {
        return;
      }
      history.push(namespaceOf(state.root));
    });
    return { history, forced, forcedAll };
  }

  const text = (namespace: ReadonlyMap<string, number>) => JSON.stringify([...namespace].sort());

  it.each(['ext4', 'xfs'] as const)(
    '%s: a prefix of the calls survives, at least the forced ones',
    (profile) => {
      fc.assert(
        fc.property(fc.array(operation, { maxLength: 30 }), fc.nat(100_000), (operations, seed) => {
          const files = createFiles(seed, { backgroundChance: 0.3 }, profile);
          const { history, forced, forcedAll } = play(files, operations);
          files.powerLoss();
          const left = namespaceOf(files.state.root);
          const fits = history.some((namespace, i) => i >= forcedAll && text(namespace) === text(left));
          expect(fits).toBe(true);
          for (const [directory, index] of forced) {
            const within = (namespace: ReadonlyMap<string, number>) =>
              text(new Map([...namespace].filter(([path]) => path.startsWith(directory))));
            expect(history.slice(index).map(within)).toContain(within(left));
          }
        }),
        { numRuns: 1000 },
      );
    },
  );

  it('posix: each name is as after some of its own calls, at least the forced ones', () => {
    let reordered = 0;
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 30 }), fc.nat(100_000), (operations, seed) => {
        const files = createFiles(seed, { backgroundChance: 0.3 }, 'posix');
        const { history, forced } = play(files, operations);
        files.powerLoss();
        const left = namespaceOf(files.state.root);
        if (!history.some((namespace) => text(namespace) === text(left))) reordered += 1;
        for (const path of NAMES) {
          const floor = forced.get(path.slice(0, 2)) ?? 0;
          expect(history.slice(floor).map((namespace) => namespace.get(path))).toContain(left.get(path));
        }
      }),
      { numRuns: 1000 },
    );
    expect(reordered).toBeGreaterThan(20);
  });

  it('posix: a rename inside a directory is one thing; across directories it is two', () => {
    const seen = { inside: new Set<string>(), across: new Set<string>() };
    for (let seed = 1; seed <= 300; seed++) {
      for (const [kind, to] of [
        ['inside', '/p/b'],
        ['across', '/q/b'],
      ] as const) {
        const files = createFiles(seed, {}, 'posix');
        files.seed('/p/a', new Uint8Array(1));
        files.seedDirectory('/q');
        rename(files.state, '/p/a', to);
        files.powerLoss();
        seen[kind].add([...namespaceOf(files.state.root).keys()].join(' '));
      }
    }
    expect([...seen.inside].sort()).toEqual(['/p/a', '/p/b']);
    expect([...seen.across].sort()).toEqual(['', '/p/a', '/p/a /q/b', '/q/b']);
  });
});
