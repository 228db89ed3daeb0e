import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { Folder, run, sha256 } from './kit.ts';
import { makeWlog, SMALL_LOG } from './log-kit.ts';
import { buildProgram } from './program.ts';

const folder = new Folder();
const programs = new Folder();
let program: string;

/** Runs a shell command line, in which `$T` runs a tool. */
const shell = (line: string) =>
  spawnSync('bash', [
    '-c',
    `set -o pipefail; T="$0 $1"; cd "$2"; ${line}`,
    process.execPath,
    program,
    folder.path('.'),
  ]);

describe('tools as programs', () => {
  beforeAll(async () => {
    program = buildProgram(programs);
    const wlog = await makeWlog(SMALL_LOG);
    folder.write('a.wlog', wlog);
    folder.write('i.wdiff', (await run('wlog-to-wdiff', ['-indexed'], { stdin: wlog })).stdout);
    folder.write('zero.img', new Uint8Array(2048 * 512));
    folder.write('disk.img', new Uint8Array(2048 * 512));
    folder.write('disk2.img', new Uint8Array(2048 * 512));
  });

  it('work in pipes and with redirected files', () => {
    const piped = shell('cat a.wlog | $T wlog-to-wdiff | $T wdiff-redo -z disk.img');
    expect([piped.status, piped.stderr.toString()]).toEqual([0, 'converted until lsid 325\n']);
    // An indexed wdiff can be read from a redirected file, not from a pipe.
    expect(shell('$T wdiff-redo -z disk2.img < i.wdiff').status).toBe(0);
    expect(sha256(folder.read('disk.img'))).toBe(sha256(folder.read('disk2.img')));
    expect(shell('cat i.wdiff | $T wdiff-redo -z disk2.img').status).toBe(1);
    const image = shell('$T virt-full-cat -i zero.img -d i.wdiff | $T bhash');
    expect(image.stdout.toString()).toBe(shell('$T bhash disk.img').stdout.toString());
  });

  it('end quietly when their reader goes away', () => {
    const { status, stderr, stdout } = shell('$T wlog-gen -z 8M --seed 1 | $T wlog-show -pack | head -n 1');
    expect(stdout.toString()).toMatch(/^wlog_p: .*\n$/);
    expect([status, stderr.toString()]).toEqual([141, '']);
  });

  it('take a log from a named pipe', () => {
    const { status, stdout } = shell('$T wlog-show -stat <(cat a.wlog)');
    expect([status, stdout.toString().split('\n')[2]]).toEqual([0, 'reallyEndLsid 325']);
  });

  it('leave nothing behind when they are told to end', async () => {
    const child = spawn(process.execPath, [program, 'wdiff-full', '-o', folder.path('out.wdiff')], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve(code ?? signal)));
    child.stdin.write(Buffer.alloc(512));
    const hasTemporary = () => folder.names().some((name) => name.startsWith('.out.wdiff.'));
    while (!hasTemporary() && child.exitCode === null) await new Promise((resolve) => setImmediate(resolve));
    expect(hasTemporary()).toBe(true);
    child.kill('SIGTERM');
    expect(await ended).toBe(143);
    expect([hasTemporary(), existsSync(folder.path('out.wdiff'))]).toEqual([false, false]);
  });
});
