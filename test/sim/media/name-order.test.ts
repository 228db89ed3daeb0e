import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { SimFileSystem } from '../../../sim/file-system.ts';
import type { Inode } from '../../../sim/file-system-inode.ts';
import { link, makeDirectory, openInode, rename, unlink } from '../../../sim/file-system-namespace.ts';
import { lookUp, writeFile } from '../../../sim/file-system-state.ts';
import { background, forceDirectory } from '../../../sim/file-system-steps.ts';
import { createFileSystem } from './file-kit.ts';

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
          const files = createFileSystem(profile, { backgroundChance: 0.3 }, seed);
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
        const files = createFileSystem('posix', { backgroundChance: 0.3 }, seed);
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
        const files = createFileSystem('posix', {}, seed);
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
