/** A folder of the core and the tests that must notice when something in it is changed. */
export interface MutationGroup {
  readonly folder: string;
  readonly tests: readonly string[];
}

/** Folders whose tests are run by `npm run mutation`; the first that holds a file counts. */
export const GROUPS: readonly MutationGroup[] = [
  { folder: 'core/snapshot', tests: ['test/core/snapshot/**/*.test.ts'] },
  { folder: 'core/device', tests: ['test/core/device/**/*.test.ts'] },
  { folder: 'core/server/storage', tests: ['test/core/server/storage/**/*.test.ts'] },
  { folder: 'core/server/proxy', tests: ['test/core/server/proxy/**/*.test.ts'] },
  { folder: 'core/server/archive', tests: ['test/core/server/archive/**/*.test.ts'] },
  {
    folder: 'core/server/shared',
    tests: ['test/core/server/*.test.ts', 'test/core/server/{shared,storage,proxy}/**/*.test.ts'],
  },
];
