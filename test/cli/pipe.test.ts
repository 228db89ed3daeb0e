import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../entries.ts';

describe('a program whose output nobody reads any more', () => {
  it('ends without a word', async () => {
    const program = join(ROOT, 'cli', 'bin', 'walbox.mjs');
    const child = spawn(process.execPath, [program, 'run', 'n1'], { stdio: ['ignore', 'pipe', 'pipe'] });
    let said = '';
    child.stderr.on('data', (text) => {
      said += text;
    });
    child.stdout.destroy();
    const [code] = (await once(child, 'close')) as [number];
    expect({ said, code }).toEqual({ said: '', code: 141 });
  });
});

describe('walbox stat', () => {
  it('counts what comes through a pipe, and an indexed wdiff from a redirected file', async () => {
    const program = join(ROOT, 'cli', 'bin', 'walbox.mjs');
    const folder = mkdtempSync(join(tmpdir(), 'walbox-stat-'));
    try {
      const sh = (line: string) =>
        spawnSync('bash', ['-c', `W="$0 $1"; cd "$2"; ${line}`, process.execPath, program, folder], {
          encoding: 'utf8',
        });
      const made = sh(
        '$W wlog-gen -z 64K --seed 1 -o a.wlog && $W wlog-to-wdiff -indexed -i a.wlog -o i.wdiff',
      );
      expect(made.status).toBe(0);
      const piped = sh('cat a.wlog | $W stat -');
      expect([piped.status, piped.stdout.split('\n')[0]]).toEqual([
        0,
        expect.stringMatching(/^standard input: wlog, /),
      ]);
      expect(sh('$W stat - < i.wdiff').stdout).toMatch(/^standard input: indexed wdiff, /);
      expect(sh('cat i.wdiff | $W stat -').stderr).toContain('must be a regular file');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('a program whose output cannot be written', () => {
  const program = join(ROOT, 'cli', 'bin', 'walbox.mjs');
  it.each([['--help'], ['verify', program], ['list']])('says why: %s', (...words) => {
    const full = openSync('/dev/full', 'w');
    try {
      const child = spawnSync(process.execPath, [program, ...words], { stdio: ['ignore', full, 'pipe'] });
      expect([child.status, child.stderr.toString()]).toEqual([
        1,
        'walbox: standard output: no space left on device (ENOSPC)\n',
      ]);
    } finally {
      closeSync(full);
    }
  });
});
