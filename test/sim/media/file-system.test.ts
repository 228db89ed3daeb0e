import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectSame } from '../../expect-same.ts';
import { createFileSystem, PROFILES, withPort } from './file-kit.ts';
import { codeOf, createBench } from './support.ts';

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
          const files = createFileSystem(profile, { backgroundChance: 0.3 }, seed);
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

  it('writes out by itself in time, and keeps little that is not on disk', async () => {
    const files = createFileSystem('ext4', { backgroundChance: 0, dirtyLimitBytes: 1024 * 1024 });
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
