import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** A folder of the core and the tests that must notice when something in it is changed. */
export interface MutationGroup {
  readonly folder: string;
  /** Paths from the root. */
  readonly testFolders: readonly string[];
}

/** Folders whose tests are run by `npm run mutation`. */
export const GROUPS: readonly MutationGroup[] = [
  { folder: 'core/snapshot', testFolders: ['test/core/snapshot'] },
  { folder: 'core/device', testFolders: ['test/core/device'] },
  { folder: 'core/server/storage', testFolders: ['test/core/server/storage'] },
  { folder: 'core/server/proxy', testFolders: ['test/core/server/proxy'] },
  { folder: 'core/server/archive', testFolders: ['test/core/server/archive'] },
  // Used by all servers; the tests of the archive would take much longer.
  {
    folder: 'core/server/shared',
    testFolders: ['test/core/server/shared', 'test/core/server/storage', 'test/core/server/proxy'],
  },
];

/** Test files that want golden data, or that go through so much that single changes show sooner elsewhere. */
const LEFT_OUT = /golden|exhaustive/;

/** Files of the folder, paths from the root: those that are wanted, or lie in a folder that is. */
export function sourcesOf(root: string, { folder }: MutationGroup, wanted: readonly string[]): string[] {
  const files = filesBelow(root, folder).filter((file) => file.endsWith('.ts'));
  return files.filter((file) => wanted.some((one) => file === one || file.startsWith(`${one}/`)));
}

/** The test files of the folder, paths from the root. */
export function testsOf(root: string, { testFolders }: MutationGroup): string[] {
  const files = testFolders.flatMap((folder) => filesBelow(root, folder));
  return files.filter((file) => file.endsWith('.test.ts') && !LEFT_OUT.test(file));
}

function filesBelow(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => `${folder}/${name}`)
    .sort();
}
