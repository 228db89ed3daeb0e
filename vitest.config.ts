import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

/** Tests that measure or change the thread they run in: the heap, what code is covered, flags of V8. */
const ALONE = ['test/fuzz/**/*.test.ts', 'test/sim/crash.test.ts', 'test/native/**/*.test.ts'];

export default defineConfig({
  // What scenario files import, wherever they are: here the sources, as `walbox run` has what is built.
  resolve: {
    alias: [
      {
        find: /^walbox\/scenarios$/,
        replacement: fileURLToPath(new URL('scenarios/lib/index.ts', import.meta.url)),
      },
    ],
  },
  test: {
    setupFiles: ['test/fixed-seed.ts'],
    pool: 'threads',
    maxWorkers: '100%',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: { provider: 'v8', include: ['core/**/*.ts'], reporter: ['text-summary', 'json'] },
    projects: [
      {
        extends: true,
        test: { name: 'alone', include: ALONE, isolate: true, sequence: { groupOrder: 0 } },
      },
      {
        // Modules keep no state (test/purity.test.ts), so that files can share them, and what V8 compiled of them.
        extends: true,
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts'],
          exclude: ALONE,
          isolate: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
