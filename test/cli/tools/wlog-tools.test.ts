import { describe, expect, it } from 'vitest';
import { checksum } from '../../../core/format/checksum.ts';
import { Folder, linesOf, run, sha256 } from './kit.ts';
import { makeWlog, SMALL_LOG } from './log-kit.ts';

const folder = new Folder();

describe('wlog-gen', () => {
  it('gives the same wlog for the same seed, and it is valid', async () => {
    const make = (...options: string[]) => run('wlog-gen', ['-s', '4M', '-z', '200K', ...options]);
    const first = await make('--seed', '7');
    expect(sha256((await make('--seed', '7')).stdout)).toBe(sha256(first.stdout));
    expect(sha256((await make('--seed', '8')).stdout)).not.toBe(sha256(first.stdout));
    for (const options of [
      ['-b', '4096'],
      ['--lsid', '1000', '-b', '512'],
      ['--rand', '--minIoSize', '512', '--maxIoSize', '512'],
      ['--maxPackSize', '8K'],
    ]) {
      const { stdout, status } = await make('--seed', '1', ...options);
      expect(status).toBe(0);
      const shown = await run('wlog-show', ['-validate'], { stdin: stdout });
      expect([shown.status, shown.err]).toEqual([0, '']);
      const written =
        Number(/reallyEndLsid (\d+)/.exec(shown.out)?.[1]) - Number(/bgnLsid (\d+)/.exec(shown.out)?.[1]);
      expect(written * (options[1] === '4096' ? 4096 : 512)).toBeGreaterThanOrEqual(200 * 1024);
      expect(shown.out).toMatch(/flags E-D/);
      expect(shown.out).toMatch(/flags EP-/);
    }
  });

  it('leaves out what it is told to', async () => {
    const argv = ['-s', '1M', '-z', '1M', '--seed', '3', '--nopadding', '--nodiscard', '--noallzero'];
    const { stdout } = await run('wlog-gen', argv);
    const { out } = await run('wlog-show', [], { stdin: stdout });
    expect(out).not.toMatch(/flags E(P|-D)/);
    const wdiff = (await run('wlog-to-wdiff', [], { stdin: stdout })).stdout;
    expect((await run('wdiff-show', ['-norec', '-stat', '-'], { stdin: wdiff })).out).toContain(
      'allZeroNr 0\n',
    );
    const zeros = (await run('wlog-gen', argv.slice(0, -1))).stdout;
    const some = (await run('wlog-to-wdiff', [], { stdin: zeros })).stdout;
    expect((await run('wdiff-show', ['-norec', '-stat', '-'], { stdin: some })).out).not.toContain(
      'allZeroNr 0\n',
    );
  });

  it('keeps packs to the size asked for, and records on the device', async () => {
    const { stdout } = await run('wlog-gen', [
      '-s',
      '64K',
      '--maxPackSize',
      '16K',
      '--maxIoSize',
      '8K',
      '--seed',
      '2',
    ]);
    const { out } = await run('wlog-show', ['-pack'], { stdin: stdout });
    for (const line of linesOf(out)) {
      const total = /^wlog_p: .* total +(\d+) /.exec(line);
      if (total !== null) expect(Number(total[1])).toBeLessThan(32);
      const place = /^wlog_r: .* io +(\d+) +(\d+) /.exec(line);
      if (place !== null && !line.includes('EP-'))
        expect(Number(place[1]) + Number(place[2])).toBeLessThanOrEqual(128);
    }
  });

  it('refuses sizes that no log can have', async () => {
    for (const argv of [
      ['-b', '100'],
      ['--minIoSize', '1K', '--maxIoSize', '512'],
      ['--maxIoSize', '64M'],
      ['--minIoSize', '0'],
      ['-s', '100'],
      ['--lsid', '9007199254740991'],
    ]) {
      expect((await run('wlog-gen', argv)).status).toBe(1);
    }
    const { err } = await run('wlog-gen', ['-z', '10K', '-v']);
    expect(err).toMatch(/^wlog_h: .*\n\.+\nnPack: \d+\nwritten \d+ physical blocks\n$/);
  });
});

describe('wlog-update', () => {
  it('changes the header in place', async () => {
    const wlog = await makeWlog(SMALL_LOG);
    const path = folder.write('update.wlog', wlog);
    const { status, out, err } = await run('wlog-update', ['-e', '400', '-u', 'ff'.repeat(16), path]);
    expect([status, out]).toEqual([0, '']);
    expect(linesOf(err).map((line) => line.slice(line.indexOf('uuid')))).toEqual([
      'uuid a0a1a2a3a4a5a6a7a8a9aaabacadaeaf lsid 310 18446744073709551615',
      `uuid ${'ff'.repeat(16)} lsid 310 400`,
    ]);
    expect(Buffer.compare(folder.read('update.wlog').subarray(4096), wlog.subarray(4096))).toBe(0);
    expect((await run('wlog-show', ['-head', path])).out).toBe(`${linesOf(err)[1]}\n`);
    expect(linesOf((await run('wlog-update', [path])).err)[1]).toBe('Not updated.');
    await run('wlog-update', ['-e', '18446744073709551615', '-u', 'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf', path]);
    expect(Buffer.compare(folder.read('update.wlog'), wlog)).toBe(0);
    await run('wlog-update', ['-s', '5', '-b', '300', path]);
    expect((await run('wlog-show', ['-head', '-noend', path])).out).toMatch(/ salt 00000005 .* lsid 300 /);
  });

  it('refuses an empty range and what is no wlog, and changes nothing', async () => {
    const path = folder.write('update.wlog', await makeWlog(SMALL_LOG));
    const before = sha256(folder.read('update.wlog'));
    const { status, err } = await run('wlog-update', ['-e', '310', path]);
    expect([status, err.includes('begin lsid must be < end lsid')]).toEqual([1, true]);
    expect((await run('wlog-update', ['-u', 'xyz', path])).status).toBe(1);
    expect(sha256(folder.read('update.wlog'))).toBe(before);
    expect((await run('wlog-update', [folder.write('short', new Uint8Array(10))])).err).toContain(
      'at byte 10 of',
    );
  });
});

describe('wlog-analyze', () => {
  it('counts blocks', async () => {
    // 2 + 64 + 1 + 3 + 4 + 8 LB written; block 41 twice.
    const wlog = await makeWlog(SMALL_LOG);
    expect(linesOf((await run('wlog-analyze', [], { stdin: wlog })).out)).toEqual([
      'block size: 512',
      'number of written blocks: 82',
      'number of changed blocks: 81',
      'overwritten rate: 0.01',
    ]);
    // Blocks of 8 LB: 0, 5, 12, 62, 63 and 125 to 132.
    expect(linesOf((await run('wlog-analyze', ['-b', '4K', '-'], { stdin: wlog })).out)).toEqual([
      'block size: 4096',
      'number of written blocks: 11',
      'number of changed blocks: 13',
      'overwritten rate: -0.18',
    ]);
  });

  it('takes wlogs that follow each other', async () => {
    const [first, second, gap] = [
      folder.write('1.wlog', await makeWlog(SMALL_LOG)),
      folder.write('2.wlog', await makeWlog(SMALL_LOG, { beginLsid: 325 })),
      folder.write('3.wlog', await makeWlog(SMALL_LOG, { beginLsid: 326 })),
    ];
    expect((await run('wlog-analyze', [first, second])).out).toContain(
      'written blocks: 164\nnumber of changed blocks: 81\n',
    );
    expect((await run('wlog-analyze', [first, gap])).err).toContain('lsid mismatch.');
    expect((await run('wlog-analyze', ['-b', '1000', first])).status).toBe(1);
  });
});

describe('verify_wlog', () => {
  const sum = (byte: number, sizeLb: number) =>
    checksum(new Uint8Array(sizeLb * 512).fill(byte), 0)
      .toString(16)
      .padStart(8, '0');
  const RECIPE = [
    `40 2 ${sum(0x58, 2)}`,
    '1000 64 00000000',
    `7 1 ${sum(0x59, 1)}`,
    '0 2 00000000',
    `100 3 ${sum(0, 3)}`,
    `41 4 ${sum(0x5a, 4)}`,
    '500 8 00000000',
  ];
  const verify = async (lines: string[]) =>
    run('verify_wlog', ['-w', folder.write('v.wlog', await makeWlog(SMALL_LOG))], {
      stdin: Buffer.from(`${lines.join('\n')}\n`),
    });

  it('compares every record with its line', async () => {
    const good = await verify(RECIPE);
    expect([good.status, good.err]).toEqual([0, '']);
    expect(linesOf(good.out)).toHaveLength(7);
    expect(linesOf(good.out)[0]).toMatch(
      new RegExp(
        `^OK ${RECIPE[0]} wlog_r: lsid +311 .* flags E-- csum [0-9a-f]{8} ${sum(0x58, 2)} [0-9a-f]{8}$`,
      ),
    );
    for (const [i, line] of [
      [0, `40 2 ${sum(0x59, 2)}`],
      [1, '1001 64 00000000'],
      [2, `8 1 ${sum(0x59, 1)}`],
      [5, `41 5 ${sum(0x5a, 4)}`],
    ] as const) {
      const bad = await verify(RECIPE.map((each, at) => (at === i ? line : each)));
      expect([bad.status, linesOf(bad.out).filter((each) => each.startsWith('NG'))]).toEqual([
        1,
        [expect.stringContaining(`NG ${line} wlog_r`)],
      ]);
    }
  });

  it('wants as many lines as records', async () => {
    expect((await verify(RECIPE.slice(0, 6))).err).toContain('no more input');
    expect((await verify([...RECIPE, '1 1 0'])).err).toContain('There are still remaining recipes');
    expect((await verify(['40 2'])).err).toContain('must be OFFSET SIZE CSUM');
    expect((await run('verify_wlog', [])).status).toBe(1);
  });

  it('refuses damaged data', async () => {
    const wlog = await makeWlog(SMALL_LOG);
    wlog[4096 + 512] ^= 1;
    const recipe = folder.write('recipe', Buffer.from(RECIPE.join('\n')));
    const { status, err } = await run('verify_wlog', ['-r', recipe], { stdin: wlog });
    expect([
      status,
      err.trim().endsWith('read log IO failed: lsid 311 (at byte 4608 of standard input)'),
    ]).toEqual([1, true]);
  });
});
