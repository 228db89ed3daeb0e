import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

const ROOT = dirname(fileURLToPath(import.meta.url));
/** Tests take what `npm test` has built; without (vitest itself, coverage, mutants) they run on the sources. */
const IS_BUILT = process.env.WALBOX_TEST_BUILT !== undefined;

/** Tests that measure or change the thread they run in: the heap, what code is covered, flags of V8. */
const ALONE = ['test/fuzz/**/*.test.ts', 'test/sim/crash.test.ts', 'test/native/{codecs,collect}.test.ts'];

/** Files that take longest, from the longest on: begun last, one of them would keep a single core busy at the end. */
const LONGEST = [
  'fuzz/fuzz',
  'native/codecs',
  'package/install',
  'archive/crash-receive',
  'catalogue/untested',
  'scenarios/basic-backup',
  'sim/chaos/crash-points',
  'codec/other-implementations',
  'catalogue/failure',
  'protocol/dialogues',
  'archive/crash-resize',
  'archive/crash',
  'storage/crash-backup',
  'cli/chaos/points',
  'storage/crash',
  'scenarios/worker-month',
  'scenarios/crash-points',
  'determinism/determinism',
  'tools/docs',
  'archive/crash-life',
  'cli/pipe',
  'control/cut',
  'media/lives',
  'test/bundle',
  'test/purity',
  'chaos/shrink',
  'tools/process',
  'testing/fast-check',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = ({ moduleId }: TestSpecification) => {
      const rank = LONGEST.findIndex((name) => moduleId.endsWith(`${name}.test.ts`));
      return rank < 0 ? LONGEST.length : rank;
    };
    return (await super.sort(files)).sort((a, b) => rankOf(a) - rankOf(b));
  }
}

/**
 * Takes all but the command line from dist, where `npm test` has just built it: as it is shipped, and without being
 * transformed once more, which costs at each use of an import as well.
 */
const builtCore: Plugin = {
  name: 'built-core',
  enforce: 'pre',
  resolveId(source, importer) {
    if (importer === undefined || !/^\..*\.ts$/.test(source)) return null;
    const path = resolve(dirname(importer), source);
    const [, inside] = /^((?:core|sim|native|scenarios)\/.*)\.ts$/.exec(path.slice(ROOT.length + 1)) ?? [];
    return inside === undefined || !path.startsWith(ROOT) ? null : join(ROOT, 'dist', `${inside}.js`);
  },
};

export default defineConfig({
  plugins: IS_BUILT ? [builtCore] : [],
  // What scenario files import, wherever they are.
  resolve: {
    alias: [
      {
        find: /^walbox\/scenarios$/,
        replacement: join(ROOT, IS_BUILT ? 'dist/scenarios/lib/index.js' : 'scenarios/lib/index.ts'),
      },
    ],
  },
  test: {
    setupFiles: ['test/fixed-seed.ts'],
    sequence: { sequencer: LongestFirst },
    server: { deps: { external: [/\/dist\/(core|sim|native|scenarios)\//] } },
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
