import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

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
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/fixed-seed.ts'],
    pool: 'threads',
    maxWorkers: '100%',
    testTimeout: 120_000,
    hookTimeout: 120_000,
    coverage: { provider: 'v8', include: ['core/**/*.ts'], reporter: ['text-summary', 'json'] },
  },
});
