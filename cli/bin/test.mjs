import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, ROOT } from './prepare.mjs';

ensureInstalled();
ensureBuilt();
const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
// As cli/jit.ts, for the same reasons; tests keep less than histories. One thread of tests for each core: helpers of the
// collector only take time from another.
const flags = [
  '--interrupt-budget=400000',
  '--min-semi-space-size=32',
  '--max-semi-space-size=32',
  '--no-allocation-site-pretenuring',
  '--single-threaded-gc',
  '--no-flush-bytecode',
];
const child = spawnSync(process.execPath, [...flags, vitest, 'run', ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: 'inherit',
  // See vitest.config.ts.
  env: { ...process.env, WALBOX_TEST_BUILT: '1' },
});
process.exitCode = child.status ?? 1;
