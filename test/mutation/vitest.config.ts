import { defineConfig } from 'vitest/config';

/** Stryker's: the tests of one folder, without those that are slow and say nothing more about single lines. */
export default defineConfig({
  root: process.cwd(),
  test: {
    include: (process.env.WALBOX_MUTATION_TESTS ?? 'test/**/*.test.ts').split(','),
    exclude: ['**/node_modules/**', '**/golden*.test.ts', '**/exhaustive.test.ts'],
    testNamePattern: /^(?!.*(100000 diffs|many diffs|thousand rounds))/,
    setupFiles: ['test/fixed-seed.ts'],
    pool: 'threads',
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
