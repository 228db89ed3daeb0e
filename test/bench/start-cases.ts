import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { BenchCase } from './bench-case.ts';

/** Start-up of the program, with the bare runtime as yardstick. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const NODE_START = 'node -e 0';

function startCase(
  name: string,
  about: string,
  args: readonly string[],
  yardstick: string | null,
): BenchCase {
  return {
    name,
    units: ['ms'],
    about,
    yardstick,
    prepare: async () => async () => {
      const began = performance.now();
      const { status, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, encoding: 'utf8' });
      if (status !== 0) throw new Error(`${name} failed: ${stderr}`);
      return [performance.now() - began];
    },
  };
}

export const START_CASES: readonly BenchCase[] = [
  startCase(NODE_START, 'yardstick: the runtime alone', ['-e', '0'], null),
  startCase('walbox --help', 'the program, built', ['cli/bin/walbox.mjs', '--help'], NODE_START),
];
