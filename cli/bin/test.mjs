import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt, ensureInstalled, ROOT } from './prepare.mjs';

ensureInstalled();
ensureBuilt();
const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
// As cli/jit.ts, for the same reason; with less room for young objects, for some tests measure memory.
const flags = ['--interrupt-budget=400000', '--max-semi-space-size=32'];
const child = spawnSync(process.execPath, [...flags, vitest, 'run', ...process.argv.slice(2)], {
  cwd: ROOT,
  stdio: 'inherit',
});
process.exitCode = child.status ?? 1;
