import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
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
