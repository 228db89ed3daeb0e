import { spawn } from 'node:child_process';
import { once } from 'node:events';
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
