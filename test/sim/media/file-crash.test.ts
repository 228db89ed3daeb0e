import { describe, expect, it } from 'vitest';
import type { SimFileSystem } from '../../../sim/file-system.ts';
import {
  changeMode,
  link,
  makeDirectory,
  openInode,
  removeDirectory,
  rename,
  unlink,
} from '../../../sim/file-system-namespace.ts';
import type { FileSystemProfile } from '../../../sim/file-system-state.ts';
import { lookUp, truncateFile, writeFile } from '../../../sim/file-system-state.ts';
import { allocate, writeBack } from '../../../sim/file-system-steps.ts';
import { type Act, explore, sync } from './explore.ts';
import { createFileSystem } from './file-kit.ts';

const PAGE = 4096;
/** New content: one page and 100 bytes. */
const NEW = new Uint8Array(PAGE + 100).fill(7);
const OLD = new Uint8Array(PAGE + 50).fill(3);

const create =
  (path: string): Act =>
  (state) =>
    void openInode(state, path, 'create-new');
const write =
  (path: string, bytes: Uint8Array, offset = 0): Act =>
  (state) =>
    writeFile(state, lookUp(state, path), offset, bytes);
const move =
  (from: string, to: string): Act =>
  (state) =>
    rename(state, from, to);
const remove =
  (path: string): Act =>
  (state) =>
    unlink(state, path);

/** One letter for each page, and the size: `O`, `N`, zeros `0`, mixed `?`. */
function describeFile(fileSystem: SimFileSystem, path: string): string {
  const bytes = fileSystem.peek(path);
  if (bytes === null) return 'absent';
  let letters = '';
  for (let at = 0; at < bytes.length; at += PAGE) {
    const page = bytes.subarray(at, at + PAGE);
    const value = page[0] as number;
    const letter = value === 7 ? 'N' : value === 3 ? 'O' : value === 0 ? '0' : '?';
    letters += Buffer.alloc(page.length, value).equals(page) ? letter : '?';
  }
  return `${letters}${bytes.length}`;
}

function modeOf(fileSystem: SimFileSystem, path: string): string {
  return (fileSystem.tree().get(path)?.mode ?? 0).toString(8);
}

describe('what a power loss leaves of a file saved under a temporary name', () => {
  const acts: Act[] = [
    create('/tmp'),
    write('/tmp', NEW),
    sync('/tmp'),
    move('/tmp', '/state'),
    (state) => changeMode(state, '/state', 0o644),
    sync('/'),
  ];
  const N = 'NN4196';
  const O = 'OO4146';
  const temporary = `${O} tmp ${N}`;
  const renamed = `${N} tmp absent mode 600`;
  const changed = `${N} tmp absent mode 644`;
  const ordered = [
    [`${O} tmp absent`],
    [`${O} tmp absent`, `${O} tmp 0`],
    [`${O} tmp absent`, `${O} tmp 0`, `${O} tmp N4096`, temporary],
    [temporary],
    [temporary, renamed],
    [temporary, renamed, changed],
  ];
  const anyPart = ['0', '0100', 'N100', '04096', 'N4096', '004196', 'N04196', '0N4196', N].map(
    (t) => `${O} tmp ${t}`,
  );
  const expected: Record<string, string[][]> = {
    ext4: [...ordered, [changed]],
    'ext4-old': [...ordered, [changed]],
    xfs: [...ordered, [renamed, changed]],
    posix: [
      [`${O} tmp absent`],
      [`${O} tmp absent`, `${O} tmp 0`],
      [`${O} tmp absent`, ...anyPart],
      [`${O} tmp absent`, temporary],
      [`${O} tmp absent`, temporary, renamed],
      [`${O} tmp absent`, temporary, renamed, changed],
      [renamed, changed],
    ],
  };

  const seen = (fileSystem: SimFileSystem): string => {
    const state = describeFile(fileSystem, '/state');
    const tmp = describeFile(fileSystem, '/tmp');
    return state === N ? `${state} tmp ${tmp} mode ${modeOf(fileSystem, '/state')}` : `${state} tmp ${tmp}`;
  };

  it.each(['ext4', 'ext4-old', 'xfs', 'posix'] as const)('%s: exactly the states of the table', (profile) => {
    const found = Array.from({ length: acts.length + 1 }, () => new Set<string>());
    explore(
      profile,
      (fileSystem) => fileSystem.seed('/state', OLD),
      acts,
      (fileSystem, done) => void found[done]?.add(seen(fileSystem)),
      { sizes: [100] },
    );
    expect(found.map((set) => [...set].sort())).toEqual(
      (expected[profile] as string[][]).map((set) => [...set].sort()),
    );
  });

  it.each(['ext4', 'xfs', 'posix'] as const)(
    '%s: the heuristics find all of them and nothing else',
    (profile) => {
      for (let done = 0; done <= acts.length; done++) {
        const found = new Set<string>();
        for (let seed = 1; seed <= 1500; seed++) {
          const fileSystem = createFileSystem(profile, {}, seed);
          fileSystem.seed('/state', OLD);
          for (let i = 0; i < done; i++) {
            (acts[i] as Act)(fileSystem.state);
          }
          fileSystem.powerLoss();
          found.add(seen(fileSystem));
        }
        const allowed = (expected[profile] as string[][])[done] as string[];
        if (profile === 'posix' && done === 2) {
          // Sizes inside pages vary freely, and a torn page holds sectors of both.
          for (const one of found) expect(one).toMatch(/^OO4146 tmp (absent|[0N?]{0,2}\d+)$/);
          for (const one of [`${O} tmp absent`, `${O} tmp 0`, temporary]) expect([...found]).toContain(one);
        } else expect([...found].sort()).toEqual([...allowed].sort());
      }
    },
  );

  it('without directory fsync, ext4-old and posix may forget the name after the sync', () => {
    for (const [profile, forgets] of [
      ['ext4', false],
      ['xfs', false],
      ['ext4-old', true],
      ['posix', true],
    ] as const) {
      const found = new Set<string>();
      explore(
        profile,
        (fileSystem) => fileSystem.seed('/state', OLD),
        acts,
        (fileSystem, done) => {
          if (done === acts.length) found.add(describeFile(fileSystem, '/state'));
        },
        { more: { directorySync: 'fdatasync' } },
      );
      expect([profile, found.has(O)]).toEqual([profile, forgets]);
      expect(found.has(N)).toBe(true);
    }
  });
});

describe('what a power loss leaves of a file that is cut and written again', () => {
  const outcomesOf = (profile: FileSystemProfile, acts: readonly Act[]) => {
    const found = new Set<string>();
    explore(
      profile,
      (fileSystem) => fileSystem.seed('/state', OLD),
      acts,
      (fileSystem) => void found.add(describeFile(fileSystem, '/state')),
    );
    return [...found].sort();
  };
  const cut =
    (sizeBytes: number): Act =>
    (state) =>
      truncateFile(state, lookUp(state, '/state'), sizeBytes);

  it('ordered: the old content, a leading part of it, or a leading part of the new', () => {
    for (const profile of ['ext4', 'xfs'] as const) {
      expect(outcomesOf(profile, [cut(0), write('/state', NEW)])).toEqual(
        ['0', 'N4096', 'NN4196', 'OO4146'].sort(),
      );
      expect(outcomesOf(profile, [cut(100), cut(PAGE)])).toEqual(['?4096', 'O100', 'OO4146'].sort());
    }
  });

  it('posix: new pages never show under the old size, nor old pages under the new', () => {
    const found = outcomesOf('posix', [cut(0), write('/state', NEW)]);
    expect(found).toEqual(['0', '004196', '04096', '0N4196', 'N04196', 'N4096', 'NN4196', 'OO4146'].sort());
  });

  it('what lay behind the end never comes back', () => {
    for (const profile of ['ext4', 'posix'] as const) {
      const fileSystem = createFileSystem(profile);
      fileSystem.seed('/state', NEW);
      const inode = lookUp(fileSystem.state, '/state');
      truncateFile(fileSystem.state, inode, 100);
      fileSystem.powerLoss('all');
      truncateFile(fileSystem.state, lookUp(fileSystem.state, '/state'), 200);
      const bytes = fileSystem.peek('/state') as Uint8Array;
      expect([bytes[99], bytes[100], bytes[199]]).toEqual([7, 0, 0]);
    }
    // A size that became durable before the rest of its page counts as the end too.
    const fileSystem = createFileSystem('posix');
    create('/new')(fileSystem.state);
    write('/new', NEW)(fileSystem.state);
    const inode = lookUp(fileSystem.state, '/new');
    allocate(fileSystem.state, inode, 100);
    writeBack(fileSystem.state, inode, 0);
    for (const part of fileSystem.state.journal.pendingParts()) fileSystem.state.journal.makeDurable(part);
    fileSystem.powerLoss('none');
    expect(fileSystem.peek('/new')?.length).toBe(100);
    truncateFile(fileSystem.state, lookUp(fileSystem.state, '/new'), 200);
    const bytes = fileSystem.peek('/new') as Uint8Array;
    expect([bytes[99], bytes[100], bytes[199]]).toEqual([7, 0, 0]);
  });
});

/** A mistake of a program: what it does, what must not be seen, and the mildest file system that shows it. */
interface Mistake {
  readonly name: string;
  readonly shownBy: FileSystemProfile | 'none';
  readonly setUp?: (fileSystem: SimFileSystem) => void;
  readonly acts: readonly Act[];
  /** What is wrong; `isAcknowledged`: all calls had returned. */
  readonly isWrong: (fileSystem: SimFileSystem, isAcknowledged: boolean) => boolean;
}

const seedState = (fileSystem: SimFileSystem) => fileSystem.seed('/state', OLD);
const seedTwo = (fileSystem: SimFileSystem) => {
  fileSystem.seedDirectory('/a');
  fileSystem.seedDirectory('/b');
  fileSystem.seed('/a/file', NEW);
};
const isNeither = (fileSystem: SimFileSystem, path: string) =>
  !['OO4146', 'NN4196'].includes(describeFile(fileSystem, path));
const isNotNew = (fileSystem: SimFileSystem, path: string) => describeFile(fileSystem, path) !== 'NN4196';

const MISTAKES: readonly Mistake[] = [
  {
    name: 'no sync of the file before a rename over an existing one',
    shownBy: 'xfs',
    setUp: seedState,
    acts: [create('/tmp'), write('/tmp', NEW), move('/tmp', '/state'), sync('/')],
    isWrong: (fs) => isNeither(fs, '/state'),
  },
  {
    name: 'no sync of the file before a rename to a new name',
    shownBy: 'ext4',
    acts: [create('/tmp'), write('/tmp', NEW), move('/tmp', '/new'), sync('/')],
    isWrong: (fs) => !['absent', 'NN4196'].includes(describeFile(fs, '/new')),
  },
  {
    name: 'no sync of the directory',
    shownBy: 'ext4',
    setUp: seedState,
    acts: [create('/tmp'), write('/tmp', NEW), sync('/tmp'), move('/tmp', '/state')],
    isWrong: (fs, isAcknowledged) => isAcknowledged && isNotNew(fs, '/state'),
  },
  {
    name: 'sync of the directory before the rename',
    shownBy: 'ext4',
    setUp: seedState,
    acts: [create('/tmp'), write('/tmp', NEW), sync('/tmp'), sync('/'), move('/tmp', '/state')],
    isWrong: (fs, isAcknowledged) => isAcknowledged && isNotNew(fs, '/state'),
  },
  {
    name: 'sync of the renamed file instead of its directory',
    shownBy: 'posix',
    setUp: seedState,
    acts: [create('/tmp'), write('/tmp', NEW), sync('/tmp'), move('/tmp', '/state'), sync('/state')],
    isWrong: (fs, isAcknowledged) => isAcknowledged && isNotNew(fs, '/state'),
  },
  {
    name: 'rename to another directory, one of them synced',
    shownBy: 'posix',
    setUp: seedTwo,
    acts: [move('/a/file', '/b/file'), sync('/a')],
    isWrong: (fs) => (fs.peek('/a/file') === null) === (fs.peek('/b/file') === null),
  },
  {
    name: 'truncating and rewriting in place',
    shownBy: 'ext4',
    setUp: seedState,
    acts: [(s) => truncateFile(s, lookUp(s, '/state'), 0), write('/state', NEW), sync('/state')],
    isWrong: (fs) => isNeither(fs, '/state'),
  },
  {
    name: 'overwriting in place',
    shownBy: 'ext4',
    setUp: seedState,
    acts: [write('/state', NEW), sync('/state')],
    isWrong: (fs) => isNeither(fs, '/state'),
  },
  {
    name: 'removing the old before the new is durable',
    shownBy: 'ext4',
    setUp: seedState,
    acts: [create('/new'), write('/new', NEW), remove('/state'), sync('/')],
    isWrong: (fs) => fs.peek('/state') === null && isNotNew(fs, '/new'),
  },
  {
    name: 'link in one directory, unlink in another, nothing synced between',
    shownBy: 'posix',
    setUp: seedTwo,
    acts: [(s) => link(s, '/a/file', '/b/file'), remove('/a/file'), sync('/a')],
    isWrong: (fs) => fs.peek('/a/file') === null && fs.peek('/b/file') === null,
  },
  {
    name: 'the same with the new directory synced between',
    shownBy: 'none',
    setUp: seedTwo,
    acts: [(s) => link(s, '/a/file', '/b/file'), sync('/b'), remove('/a/file'), sync('/a')],
    isWrong: (fs) => fs.peek('/a/file') === null && fs.peek('/b/file') === null,
  },
  {
    name: 'a directory filled and synced, its parent never',
    shownBy: 'posix',
    acts: [
      (s) => makeDirectory(s, '/d'),
      create('/d/file'),
      write('/d/file', NEW),
      sync('/d/file'),
      sync('/d'),
    ],
    isWrong: (fs, isAcknowledged) => isAcknowledged && isNotNew(fs, '/d/file'),
  },
  {
    name: 'data and the pointer to it in one sync',
    shownBy: 'ext4',
    setUp: seedState,
    acts: [
      write('/state', new Uint8Array(50).fill(7), PAGE),
      write('/state', new Uint8Array(PAGE).fill(7)),
      sync('/state'),
    ],
    isWrong: (fs) => describeFile(fs, '/state') === 'NO4146',
  },
  {
    name: 'a flag in a name changed by a plain rename',
    shownBy: 'ext4',
    setUp: seedState,
    acts: [move('/state', '/state-enabled')],
    isWrong: (fs, isAcknowledged) => isAcknowledged && fs.peek('/state-enabled') === null,
  },
  {
    name: 'the whole recipe',
    shownBy: 'none',
    setUp: seedState,
    acts: [create('/tmp'), write('/tmp', NEW), sync('/tmp'), move('/tmp', '/state'), sync('/')],
    isWrong: (fs, isAcknowledged) => isNeither(fs, '/state') || (isAcknowledged && isNotNew(fs, '/state')),
  },
  {
    name: 'a directory moved and another moved into it: no cycle, nothing lost',
    shownBy: 'none',
    setUp: (fs) => {
      fs.seedDirectory('/a/b');
      fs.seed('/a/b/file', NEW);
    },
    acts: [move('/a/b', '/b'), move('/a', '/b/a'), (s) => removeDirectory(s, '/b/a')],
    isWrong: (fs) => fs.peek('/a/b/file') === null && fs.peek('/b/file') === null,
  },
];

describe('mistakes that lose data', () => {
  const profiles = ['ext4', 'xfs', 'posix'] as const;
  it.each(MISTAKES.map((mistake) => [mistake.name, mistake] as const))('%s', (_name, mistake) => {
    const shown = profiles.filter((profile) => {
      let isShown = false;
      explore(profile, mistake.setUp ?? (() => {}), mistake.acts, (fileSystem, done) => {
        if (mistake.isWrong(fileSystem, done === mistake.acts.length)) isShown = true;
      });
      return isShown;
    });
    const first = mistake.shownBy === 'none' ? profiles.length : profiles.indexOf(mistake.shownBy as 'ext4');
    expect(shown).toEqual(profiles.slice(first));
  });
});
