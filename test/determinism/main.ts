import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { differences } from './compare.ts';
import { newerNode } from './newer-node.ts';

/**
 * `npm run determinism`: runs so many seeds of chaos in two processes and in a newer Node, and compares the
 * SHA-256 of their traces. Exit code 1 when one differs.
 */
const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100' },
    profile: { type: 'string', default: 'quick' },
    /** Fails when no newer Node can be had. */
    'require-newer': { type: 'boolean', default: false },
  },
});
const PROGRAM = fileURLToPath(new URL('../../cli/bin/walbox.mjs', import.meta.url));

function digests(node: string): string {
  const words = [PROGRAM, 'chaos', '--digests', '--seeds', values.seeds, '--profile', values.profile];
  const { status, stdout, stderr, error } = spawnSync(node, words, { encoding: 'utf8', maxBuffer: 1 << 26 });
  if (status === 0 || (status === 1 && stdout !== '')) return stdout;
  throw new Error(`${node} ended with status ${status}: ${error?.message ?? stderr}`);
}

const folder = mkdtempSync(join(tmpdir(), 'walbox-node-'));
try {
  const first = digests(process.execPath);
  const runs = [{ name: `another process, ${process.version}`, text: digests(process.execPath) }];
  const newer = newerNode(folder);
  if ('path' in newer) runs.push({ name: `a newer Node, ${newer.version}`, text: digests(newer.path) });
  else {
    process.stdout.write(
      `NO NEWER NODE: ${newer.reason}. Only processes of ${process.version} are compared.\n`,
    );
    if (values['require-newer']) process.exitCode = 1;
  }
  for (const { name, text } of runs) {
    const found = differences(first, text);
    const count = first.trimEnd().split('\n').length;
    if (found.length === 0) process.stdout.write(`${count} seeds (${values.profile}): the same in ${name}\n`);
    else {
      process.stdout.write(`DIFFERENT in ${name}: ${found.slice(0, 20).join(', ')}\n`);
      process.exitCode = 1;
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
