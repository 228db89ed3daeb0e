import { chmodSync, statSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { stat } from '../../../cli/stat.ts';
import { Folder, linesOf, run } from './kit.ts';
import { logImage, makeWlog, SMALL_LOG } from './log-kit.ts';

/**
 * What people type by mistake. Each is told in a sentence that says what to do, and nothing is lost by it. SMALL_LOG
 * writes blocks 7 to 1063.
 */

const folder = new Folder();
const BLOCKS = 2048;

beforeAll(async () => {
  const wlog = await makeWlog(SMALL_LOG);
  folder.write('a.wlog', wlog);
  folder.write('a.wdiff', (await run('wlog-to-wdiff', [], { stdin: wlog })).stdout);
  folder.write('i.wdiff', (await run('wlog-to-wdiff', ['-indexed'], { stdin: wlog })).stdout);
  folder.write('disk.img', new Uint8Array(BLOCKS * 512));
  await run('wlog-restore', [logImage(folder, 'ldev.img', 400, 310)], { stdin: wlog });
});

/** Runs a tool whose words are names of files in the folder, where there are such; gives status and message. */
async function attempt(tool: string, ...words: string[]): Promise<[number, string]> {
  const names = [...folder.names(), 'out'];
  const argv = words.map((word) => (names.includes(word) ? folder.path(word) : word));
  const { status, err } = await run(tool, argv);
  const lines = linesOf(err).filter((line) => line.includes(' ERROR '));
  expect(lines.length).toBeLessThanOrEqual(1);
  return [status, (lines[0] ?? '').replace(/^.* ERROR [a-z-]+:/, '').replaceAll(`${folder.path('.')}/`, '')];
}

describe('a file that is read and would be written', () => {
  it.each([
    ['wlog-to-wdiff', '-i', 'a.wlog', '-o', 'a.wlog'],
    ['wlog-redo', '-i', 'a.wlog', 'a.wlog'],
    ['wdiff-redo', '-i', 'a.wdiff', 'a.wdiff'],
    ['wdiff-dump', '0', '8', 'a.wdiff', 'a.wdiff'],
    ['wdiff-full', '-i', 'disk.img', '-o', 'disk.img'],
    ['wdev-redo', 'ldev.img', 'ldev.img'],
    ['wlog-cat', 'ldev.img', '-o', 'ldev.img'],
    ['wldev-dump', '-o', 'ldev.img', 'ldev.img', '310', '320'],
  ])('by %s stays as it is', async (tool, ...words) => {
    const name = words.find((word) => word.includes('.')) ?? '';
    const before = folder.read(name);
    expect(await attempt(tool, ...words)).toEqual([1, `${name} and ${name} are the same file.`]);
    expect(Buffer.compare(folder.read(name), before)).toBe(0);
  });

  it('by walbox stat stays as it is', async () => {
    const before = folder.read('a.wdiff');
    const path = folder.path('a.wdiff');
    const options = { json: true, top: 1, compressibility: 'none', svg: path } as const;
    expect(await stat([folder.path('i.wdiff'), path], options, () => undefined)).toBe(1);
    expect(Buffer.compare(folder.read('a.wdiff'), before)).toBe(0);
  });

  it('is replaced where the result is the next state of the same thing', async () => {
    const merged = (await run('wdiff-merge', ['-i', folder.path('a.wdiff'), folder.path('i.wdiff')])).stdout;
    folder.write('m.wdiff', folder.read('a.wdiff'));
    expect(await attempt('wdiff-merge', '-i', 'm.wdiff', 'i.wdiff', '-o', 'm.wdiff')).toEqual([0, '']);
    expect(Buffer.compare(folder.read('m.wdiff'), merged)).toBe(0);
  });
});

describe('an output file that was there', () => {
  it('keeps its permissions', async () => {
    const path = folder.write('private.wdiff', new Uint8Array(1));
    chmodSync(path, 0o600);
    expect(await attempt('wdiff-merge', '-i', 'a.wdiff', '-o', 'private.wdiff')).toEqual([0, '']);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });
});

describe('a range that is not there', () => {
  it('is refused by virt-full-cat, whose image would lack blocks', async () => {
    folder.write('small.img', new Uint8Array(8 * 512));
    expect(await attempt('virt-full-cat', '-i', 'small.img', '-d', 'a.wdiff', '-o', 'out')).toEqual([
      1,
      expect.stringMatching(
        /^the base has 8 blocks, a diff has blocks \d+ to \d+: the base must be made larger$/,
      ),
    ]);
    folder.write('odd.img', new Uint8Array(BLOCKS * 512 + 100));
    expect(await attempt('virt-full-cat', '-i', 'odd.img', '-o', 'out')).toEqual([
      1,
      'bad device size: odd.img has 1048676 bytes, which are not whole blocks of 512',
    ]);
    expect(folder.names()).not.toContain('out');
  });

  it('is refused by the tools for log devices and images', async () => {
    expect(await attempt('search-invalid-logpack', 'ldev.img')).toEqual([
      1,
      'bad lsid range:310:310: the log from 310 to 310 is looked at, with -f all of it',
    ]);
    expect(await attempt('bhash', '-off', '1G', 'disk.img')).toEqual([
      1,
      'bad offset:1073741824: disk.img has 1048576 bytes',
    ]);
  });
});

describe('a value that is none', () => {
  it.each([
    [
      'wdiff-merge -i a.wdiff -cmpr gzip -o out',
      'parseCompressOpt:parse error:gzip: -cmpr must be TYPE:LEVEL:CPUS',
    ],
    ['wlog-update -u 12 a.wlog', 'strToBinary:bad size:12:32: -u must be 32 hexadecimal digits'],
    ['wdiff-name-gen -d 2024 1 2', 'invalid time string.: -d must be YYYYMMDDhhmmss'],
    [
      'wdiff-send localhost 1 v 1M a.wdiff',
      'too short name:a.wdiff: the file must have the name of a diff, or -g0',
    ],
    [
      'wdiff-send -g0 1 -g1 2 -merge 1 -time 2024 localhost 1 v 1M a.wdiff',
      'invalid time string.: -time must be YYYYMMDDhhmmss',
    ],
    [
      'wdiff-send -uuid 7 -g0 1 -g1 2 -merge 1 -time 20240101000000 localhost 1 v 1M a.wdiff',
      'strToBinary:bad size:7:32: -uuid must be 32 hexadecimal digits',
    ],
  ])('%s', async (line, message) => {
    const [tool, ...words] = line.split(' ');
    const [status, said] = await attempt(tool, ...words);
    expect([status, said]).toEqual([1, expect.stringContaining(message)]);
    // No place in a file, for the file is not what is wrong.
    expect(said).not.toContain('at byte');
  });
});

describe('standard input', () => {
  it('may be one of several inputs', async () => {
    const [a, i] = [folder.path('a.wdiff'), folder.path('i.wdiff')];
    const { stdout } = await run('wdiff-merge', ['-i', a, i]);
    const piped = await run('wdiff-merge', ['-i', '-', i], { stdin: folder.read('a.wdiff') });
    expect([piped.status, Buffer.compare(piped.stdout, stdout)]).toEqual([0, 0]);
    const image = await run('virt-full-cat', ['-i', folder.path('disk.img'), '-d', '-'], {
      stdin: folder.read('a.wdiff'),
    });
    expect([image.status, image.stdout.length]).toEqual([0, BLOCKS * 512]);
    const same = await run('bdiff', [folder.path('disk.img'), '-'], { stdin: image.stdout });
    expect([same.status, same.out]).toEqual([1, expect.stringMatching(/^\d+\/2048 differs\n$/)]);
    expect(await attempt('wdiff-merge', '-i', '-', '-')).toEqual([
      1,
      'standard input can be read only once.',
    ]);
  });

  it('may be one of the wlogs that wlog-analyze counts, and damage is told of the file that has it', async () => {
    const next = await makeWlog(SMALL_LOG, { beginLsid: 325 });
    const first = folder.path('a.wlog');
    const whole = await run('wlog-analyze', [first, '-'], { stdin: next });
    expect([whole.status, linesOf(whole.out)[3]]).toEqual([0, 'overwritten rate: 0.51']);
    const gap = folder.write('gap.wlog', await makeWlog(SMALL_LOG, { beginLsid: 400 }));
    expect((await run('wlog-analyze', [first, gap])).err).toMatch(
      /lsid mismatch\.: a wlog from 325 expected, got one from 400 \(at byte 0 of .*\/gap\.wlog\)\n$/,
    );
    const bad = next.slice();
    bad[4096 + 512] ^= 1;
    expect((await run('wlog-analyze', [first, folder.write('bad.wlog', bad)])).err).toMatch(
      /invalid log IO:lsid 326 \(at byte 4608 of .*\/bad\.wlog\)\n$/,
    );
  });
});

describe('walbox stat', () => {
  it('says that a file is none that it counts', async () => {
    const said: string[] = [];
    const write = process.stderr.write;
    process.stderr.write = (text) => said.push(String(text)) > 0;
    try {
      const options = { json: false, top: 1, compressibility: 'none', svg: null } as const;
      expect(await stat([folder.path('disk.img')], options, () => undefined)).toBe(1);
    } finally {
      process.stderr.write = write;
    }
    expect(said.join('')).toMatch(
      /^walbox stat: neither a wlog nor a wdiff, or one whose header is damaged: .* \(at byte 4 of .*\/disk\.img\)\n$/,
    );
  });
});
