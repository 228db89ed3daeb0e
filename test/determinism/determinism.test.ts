import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import { chaosMachine, runChaosJob } from '../../cli/chaos/one.ts';
import { differences } from './compare.ts';
import { majorOf, newerNode } from './newer-node.ts';

const PROGRAM = fileURLToPath(new URL('../../cli/bin/walbox.mjs', import.meta.url));
const SEEDS = [11, 12, 13];

const folder = mkdtempSync(join(tmpdir(), 'walbox-newer-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('the same history gives the same trace in another process, built or not', async () => {
  const machine = await chaosMachine();
  let here = '';
  for (const seed of SEEDS) {
    const job = { seed, profile: 'quick', maxShrinkRuns: 0, wantsDigest: true };
    here += `${seed} ${(await runChaosJob(job, machine)).digest}\n`;
  }
  const words = ['chaos', '--digests', '--profile', 'quick', '--seed', String(SEEDS[0]), '--seeds', '3'];
  const { stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...words], { encoding: 'utf8' });
  expect(differences(here, stdout), stderr).toEqual([]);
  expect(stdout.trimEnd().split('\n')).toHaveLength(SEEDS.length);
});

describe('comparing digests', () => {
  it('names seeds that differ or are missing, and takes nothing for the same', () => {
    expect(differences('1 a\n2 b\n', '1 a\n2 b\n')).toEqual([]);
    expect(differences('1 a\n2 b\n', '1 a\n2 c\n')).toEqual(['seed 2']);
    expect(differences('1 a\n', '1 a\n2 b\n')).toEqual(['seed 2']);
    expect(differences('', '')).toEqual(['no seed was run']);
  });
});

describe('a newer Node', () => {
  it('that WALBOX_NODE names must run and be newer', () => {
    const named = (path: string) => {
      const before = process.env.WALBOX_NODE;
      process.env.WALBOX_NODE = path;
      try {
        return newerNode(folder);
      } finally {
        if (before === undefined) delete process.env.WALBOX_NODE;
        else process.env.WALBOX_NODE = before;
      }
    };
    expect(named(process.execPath)).toEqual({
      reason: `${process.execPath} is ${process.version}, not newer than ${process.version}`,
    });
    expect(named(join(folder, 'none'))).toMatchObject({ reason: expect.stringContaining('does not run') });
    expect([majorOf('v24.1.0'), majorOf('v8.0.1'), majorOf('x')]).toEqual([24, 8, 0]);
  });
});
