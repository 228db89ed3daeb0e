import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  addCounts,
  type BranchCount,
  type CoverageReport,
  countBranches,
  NO_BRANCHES,
  percent,
  uncoveredLines,
} from './branches.ts';

/**
 * `npm run coverage [-- --all]`: runs the test suite and counts the branches of `core/` that it goes. Lists the
 * branches of the device and the servers that it does not (`--all`: of all of core). Exit 1 below the limit or when a
 * test fails.
 */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const LIMIT_PERCENT = 90;
const REPORT = join(ROOT, 'coverage', 'coverage-final.json');
const LISTED = ['core/device/', 'core/server/'];
/** Tests run slower when every branch is counted. */
const TEST_TIMEOUT_MS = 600_000;

function main(argv: readonly string[]): number {
  const listed = argv.includes('--all') ? ['core/'] : LISTED;
  rmSync(REPORT, { force: true });
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const args = [vitest, 'run', '--coverage.enabled', `--testTimeout=${TEST_TIMEOUT_MS}`, '--reporter=dot'];
  args.push('--coverage.reporter=json', '--coverage.reportOnFailure');
  const { status } = spawnSync(process.execPath, args, { cwd: ROOT, stdio: 'inherit' });
  if (!existsSync(REPORT)) {
    console.error('The test suite left no coverage report.');
    return 1;
  }
  const report: CoverageReport = JSON.parse(readFileSync(REPORT, 'utf8'));
  const files = Object.entries(report)
    .map(([path, file]) => ({ path: relative(ROOT, path), file }))
    .filter(({ path }) => path.startsWith('core/'))
    .sort((a, b) => (a.path < b.path ? -1 : 1));

  console.log('\nBranches that no test goes:');
  for (const { path, file } of files) {
    if (!listed.some((folder) => path.startsWith(folder))) continue;
    for (const line of new Set(uncoveredLines(file))) console.log(`  ${path}:${line}`);
  }

  const byLayer = new Map<string, BranchCount>();
  let all = NO_BRANCHES;
  for (const { path, file } of files) {
    const layer = layerOf(path);
    const count = countBranches(file);
    byLayer.set(layer, addCounts(byLayer.get(layer) ?? NO_BRANCHES, count));
    all = addCounts(all, count);
  }
  console.log('\nBranches that tests go:');
  for (const [layer, count] of byLayer) printCount(layer, count);
  printCount('core', all);
  if (status !== 0) console.log('The test suite failed.');
  if (percent(all) < LIMIT_PERCENT) console.log(`core must have at least ${LIMIT_PERCENT} %.`);
  return status === 0 && all.total > 0 && percent(all) >= LIMIT_PERCENT ? 0 : 1;
}

/** `core/server/archive`, `core/format` or `core`. */
function layerOf(path: string): string {
  const parts = path.split('/').slice(0, -1);
  return parts.slice(0, parts[1] === 'server' ? 3 : 2).join('/');
}

function printCount(name: string, count: BranchCount): void {
  console.log(
    `  ${name.padEnd(22)} ${percent(count).toFixed(1).padStart(5)} %  ${count.covered} of ${count.total}`,
  );
}

process.exitCode = main(process.argv.slice(2));
