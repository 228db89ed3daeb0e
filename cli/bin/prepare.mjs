/**
 * Set-up that `npm start`, `npm test` and `walbox` do by themselves: install what is missing, build `dist/`
 * when it is missing or older than the sources. Plain JavaScript, for it runs before anything is installed.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const SOURCE_FOLDERS = ['core', 'sim', 'native', 'cli', 'scenarios'];
const DIST = join(ROOT, 'dist');
const STAMP = join(DIST, '.stamp');

/** A source tree can be built; an installed package has its `dist/` and nothing to build. */
const isSourceTree = existsSync(join(ROOT, 'tsconfig.build.json'));

export function ensureInstalled() {
  if (!isSourceTree) return;
  const marker = join(ROOT, 'node_modules', '.package-lock.json');
  const lock = join(ROOT, 'package-lock.json');
  if (existsSync(marker) && statSync(marker).mtimeMs >= statSync(lock).mtimeMs) return;
  process.stderr.write('walbox: installing dependencies (npm ci) ...\n');
  run(
    'npm',
    ['ci', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error'],
    'installing the dependencies',
  );
}

/** Names, sizes and change times of all sources: `dist/` is stale when this differs from its stamp. */
function sourceStamp() {
  const lines = [];
  const walk = (folder) => {
    for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
      const path = `${folder}/${entry.name}`;
      if (entry.isDirectory()) walk(path);
      else if (/\.(ts|json|mjs)$/.test(entry.name)) {
        const { size, mtimeMs } = statSync(join(ROOT, path));
        // Copies of the tree keep its times to the millisecond.
        lines.push(`${path} ${size} ${Math.round(mtimeMs)}`);
      }
    }
  };
  for (const folder of SOURCE_FOLDERS) if (existsSync(join(ROOT, folder))) walk(folder);
  return lines.sort().join('\n');
}

export function ensureBuilt() {
  if (!isSourceTree) return;
  const stamp = sourceStamp();
  if (existsSync(STAMP) && readFileSync(STAMP, 'utf8') === stamp) return;
  process.stderr.write('walbox: building ...\n');
  // Built beside and renamed: another program may be building, or running from `dist/`, at the same time.
  const made = mkdtempSync(join(ROOT, 'node_modules', '.walbox-build-'));
  // Also when the build fails, which ends the process.
  process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc');
  run(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', join(made, 'dist')], 'building');
  writeFileSync(join(made, 'dist', '.stamp'), stamp);
  replaceDist(made);
}

/** Puts what was built in the place of `dist/`; when another program was faster, its `dist/` is as good. */
function replaceDist(made) {
  try {
    renameSync(DIST, join(made, 'old'));
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  try {
    renameSync(join(made, 'dist'), DIST);
  } catch (error) {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  }
}

function run(command, args, what) {
  // What the child prints goes to stderr, so that stdout holds only what the user asked for.
  const child = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (child.status === 0) return;
  process.stderr.write(`walbox: ${what} failed (${command} ${args.join(' ')}).\n`);
  process.exit(1);
}
