import { beforeAll, describe, expect, it } from 'vitest';
import { baseImage, Folder, linesOf, run, sha256 } from './kit.ts';
import { makeWlog, SMALL_LOG } from './log-kit.ts';

const folder = new Folder();

describe('wdiff-full', () => {
  it.each([[], ['-indexed']])('holds the whole image, %j', async (...options) => {
    const image = baseImage('base.rand').subarray(0, 300 * 512);
    const full = folder.path('full.wdiff');
    const made = await run('wdiff-full', [...options, '-ios', '8K', '-o', full], { stdin: image });
    expect([made.status, made.err]).toEqual([0, '']);
    const shown = linesOf((await run('wdiff-show', ['-stat', '-csum', full])).out);
    expect(shown[4]).toBe(`  uuid: ${'0'.repeat(32)}`);
    expect(shown.filter((line) => line.includes('_rec:'))).toHaveLength(options.length === 0 ? 19 : 20);
    expect(shown).toContain('wdiff_stat: normalLb 300');
    const copy = folder.write('copy.img', new Uint8Array(300 * 512).fill(1));
    expect((await run('wdiff-redo', ['-i', full, copy])).status).toBe(0);
    expect(sha256(folder.read('copy.img'))).toBe(sha256(image));
  });

  it('stores zeros as data', async () => {
    const { stdout } = await run('wdiff-full', [], { stdin: new Uint8Array(65536) });
    const shown = await run('wdiff-show', ['-nohead', '-'], { stdin: stdout });
    expect(shown.out).toMatch(/^wdiff_sorted_rec:\t0\t128\tsnappy\t0\t\d+\t[0-9a-f]{8}\t--\n$/);
  });

  it('refuses odd sizes', async () => {
    const odd = await run('wdiff-full', ['-o', folder.path('odd.wdiff')], { stdin: new Uint8Array(1000) });
    expect([odd.status, folder.names().includes('odd.wdiff')]).toEqual([1, false]);
    expect(odd.err).toContain(
      'the image must have whole blocks of 512 bytes (at byte 1000 of standard input)',
    );
    for (const ios of ['0', '1000', '64M']) expect((await run('wdiff-full', ['-ios', ios])).status).toBe(1);
  });
});

describe('wdiff-dump', () => {
  let sorted: string;
  let indexed: string;
  beforeAll(async () => {
    const wlog = await makeWlog(SMALL_LOG);
    sorted = folder.write('d.wdiff', (await run('wlog-to-wdiff', [], { stdin: wlog })).stdout);
    indexed = folder.write('i.wdiff', (await run('wlog-to-wdiff', ['-indexed'], { stdin: wlog })).stdout);
  });

  it('gives the data of a range, zeros for zero and discard', async () => {
    for (const path of [sorted, indexed]) {
      const { stdout, status } = await run('wdiff-dump', ['40', '5', path, '-']);
      expect([status, stdout.length]).toEqual([0, 5 * 512]);
      expect([0, 512, 2559].map((at) => stdout[at])).toEqual([0x58, 0x5a, 0x5a]);
      expect((await run('wdiff-dump', ['1001', '2', path, '-'])).stdout).toEqual(new Uint8Array(1024));
    }
    const { err } = await run('wdiff-dump', ['101', '1', sorted, folder.path('dump.bin')]);
    expect(err).toBe('dump 101 1 Z-\ndump 1 blocks\n');
    expect(folder.read('dump.bin')).toEqual(new Uint8Array(512));
    expect((await run('wdiff-dump', ['500', '8', sorted, '-'])).err).toBe('dump 500 8 -D\ndump 8 blocks\n');
  });

  it('ends at the first block that is not there', async () => {
    const { stdout, err } = await run('wdiff-dump', ['43', '10', sorted, '-']);
    expect([stdout.length, err]).toEqual([1024, 'dump 43 2 --\ndump 2 blocks\n']);
    expect((await run('wdiff-dump', ['39', '10', sorted, '-'])).err).toBe('dump 0 blocks\n');
    expect((await run('wdiff-dump', ['5000', '10', sorted, '-'])).err).toBe('dump 0 blocks\n');
  });
});

describe('wdiff-redo', () => {
  it('reports what it leaves out, and fails for what does not fit', async () => {
    const wlog = await makeWlog(SMALL_LOG);
    const wdiff = folder.write('r.wdiff', (await run('wlog-to-wdiff', [], { stdin: wlog })).stdout);
    const fits = await run('wdiff-redo', ['-i', wdiff, folder.write('fits.img', new Uint8Array(1064 * 512))]);
    expect(fits.status).toBe(0);
    expect(linesOf(fits.out)).toEqual([
      'Failed to redo: 500 8 Discard',
      'Failed to redo: 1000 64 Discard',
      'Input statistics:',
      'nIoTotal:     6',
      '  nIoNormal:  3',
      '  nIoDiscard: 2',
      '  nIoAllZero: 1',
      'nBlocks:      81',
      'Output statistics:',
      'nIoTotal:     4',
      '  nIoNormal:  3',
      '  nIoDiscard: 0',
      '  nIoAllZero: 1',
      'nBlocks:      9',
    ]);
    const small = await run('wdiff-redo', [
      '-z',
      '-i',
      wdiff,
      folder.write('small.img', new Uint8Array(102 * 512)),
    ]);
    expect(small.status).toBe(1);
    expect(linesOf(small.out).slice(0, 3)).toEqual([
      'Failed to redo: 100 3 Allzero',
      'Failed to redo: 500 8 Discard',
      'Failed to redo: 1000 64 Discard',
    ]);
    const discard = await run('wdiff-redo', [
      '-d',
      '-i',
      wdiff,
      folder.write('full.img', new Uint8Array(1064 * 512).fill(7)),
    ]);
    expect([discard.status, discard.err]).toEqual([0, '']);
    expect(linesOf(discard.out).slice(-6)).toContain('  nIoDiscard: 2');
    const discarded = folder.read('full.img').subarray(1000 * 512, 1064 * 512);
    expect(discarded.every((byte) => byte === 0)).toBe(true);
  });
});

describe('wdiff-merge', () => {
  it('refuses what its options do not allow', async () => {
    expect((await run('wdiff-merge', [])).err).toContain('You must specify one or more input wdiff files.');
    const path = folder.write('x.wdiff', new Uint8Array(0));
    for (const [word, message] of [
      ['snappy:0', 'parseCompressOpt:parse error'],
      ['zip:0:1', 'parseCompressionType:wrong type'],
      ['gzip:10:1', 'invalid level'],
      ['gzip:1:0', 'invalid num cpu'],
    ]) {
      expect((await run('wdiff-merge', ['-i', path, '-cmpr', word])).err).toContain(message);
    }
    expect((await run('wdiff-merge', ['-i', path, '-x', '511'])).err).toContain(
      'Too small max IO size specified.',
    );
  });

  it('keeps the uuid of the newest input when asked to', async () => {
    const wlog = await makeWlog(SMALL_LOG);
    const path = folder.write('u.wdiff', (await run('wlog-to-wdiff', [], { stdin: wlog })).stdout);
    for (const [options, uuid] of [
      [[], '0'.repeat(32)],
      [['-keepuuid'], 'a0a1a2a3a4a5a6a7a8a9aaabacadaeaf'],
    ] as const) {
      const { stdout } = await run('wdiff-merge', ['-i', path, ...options]);
      expect((await run('wdiff-show', ['-norec', '-'], { stdin: stdout })).out).toContain(`uuid: ${uuid}\n`);
    }
  });
});

describe('wdiff-show', () => {
  it('prints only what was asked for', async () => {
    const wlog = await makeWlog(SMALL_LOG);
    const path = folder.write('s.wdiff', (await run('wlog-to-wdiff', [], { stdin: wlog })).stdout);
    expect((await run('wdiff-show', ['-nohead', '-norec', path])).out).toBe('');
    const found = await run('wdiff-show', ['-nohead', '-search', '-addr', '1063', path, path]);
    expect(linesOf(found.out).map((line) => line.split('\t')[1])).toEqual(['1000', '1000']);
    expect((await run('wdiff-show', ['-nohead', '-search', '-addr', '1064', path])).out).toBe('');
    expect((await run('wdiff-show', [])).out).toMatch(/^OptionError:param is necessary:WDIFF_PATH\n/);
  });
});

describe('virt-full-cat', () => {
  it('refuses a diff that goes over the end of the base, or no base', async () => {
    const wlog = await makeWlog(SMALL_LOG);
    const wdiff = folder.write('v.wdiff', (await run('wlog-to-wdiff', [], { stdin: wlog })).stdout);
    const base = folder.write('v.img', new Uint8Array(1040 * 512));
    const over = await run('virt-full-cat', ['-i', base, '-d', wdiff, '-o', folder.path('v.out')]);
    expect([over.status, folder.names().includes('v.out')]).toEqual([1, false]);
    expect(over.err).toContain('eof error: the base has 1040 blocks, a diff reaches to 1064');
    const plain = await run('virt-full-cat', ['-i', base, '-stat']);
    expect([plain.status, plain.stdout.length]).toEqual([0, 1040 * 512]);
    expect(linesOf(plain.err)[2]).toBe('mergeMemUsage 0KiB');
    expect((await run('virt-full-cat', [])).out).toMatch(/^OptionError:opt is necessary:-i\n/);
    expect((await run('virt-full-cat', ['-i', folder.write('e.img', new Uint8Array(0))])).err).toContain(
      'bad device size',
    );
  });
});

describe('wdiff-name-gen', () => {
  const T = ['-d', '20180102030405'];
  it.each([
    [[...T, '1', '2'], '20180102030405-M--1-2.wdiff'],
    [[...T, '-nomerge', '-comp', '1', '3', '5', '7'], '20180102030405--C-1-3-5-7.wdiff'],
    [[...T, '1', '3', '5', '5'], '20180102030405-M--1-3-5-5.wdiff'],
    [[...T, '1', '1', '5', '5'], '20180102030405-M--1-5.wdiff'],
    [[...T, '9', '5'], '20180102030405-M--9-5.wdiff'],
    [['1', '2'], '20180102030405-M--1-2.wdiff'],
  ])('%j', async (argv, name) => {
    expect(await run('wdiff-name-gen', argv)).toMatchObject({ status: 0, out: `${name}\n`, err: '' });
  });

  it('wants two or four gids', async () => {
    for (const argv of [[], ['1'], ['1', '2', '3'], ['1', '2', '3', '4', '5']]) {
      const { status, err } = await run('wdiff-name-gen', argv);
      expect([status, err.trim().endsWith(' ERROR wdiff-name-gen:specify two or four lsids')]).toEqual([
        1,
        true,
      ]);
    }
    expect((await run('wdiff-name-gen', ['1', 'x'])).status).toBe(1);
    expect((await run('wdiff-name-gen', ['-d', '2018', '1', '2'])).status).toBe(1);
  });
});

describe('metadiff-list', () => {
  it('takes names, and refuses bad ones and those that are there twice', async () => {
    const names = [
      '20240101000000-M--0-1.wdiff',
      ' 20240101000000-M--1-2.wdiff ',
      '20240101000000-M--0-2.wdiff',
    ];
    const list = (texts: string[]) =>
      run('metadiff-list', [], { stdin: Buffer.from(texts.join('\n')), chunkBytes: 7 });
    expect(await list(names)).toMatchObject({ status: 0, out: 'c 0\n', err: '' });
    expect(await list([...names, ''])).toMatchObject({ status: 0 });
    expect((await list([...names, names[0]])).err).toContain('already exists');
    expect((await list(['x.wdiff'])).err).toContain('parseDiffFileName');
    expect((await run('metadiff-list', [])).out).toBe('');
  });
});
