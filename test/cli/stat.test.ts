import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { type StatCommandOptions, stat } from '../../cli/stat.ts';
import { goldenDir } from '../golden.ts';
import { Folder, goldenPath, linesOf, run } from './tools/kit.ts';
import { makeWlog, SMALL_LOG } from './tools/log-kit.ts';

const folder = new Folder();
const DEFAULTS: StatCommandOptions = { json: false, svg: null, top: 3, compressibility: 'sample' };

async function print(paths: readonly string[], options: Partial<StatCommandOptions> = {}) {
  let out = '';
  const status = await stat(paths, { ...DEFAULTS, ...options }, (text) => {
    out += text;
  });
  return { status, out };
}

/** Of the JSON, what is looked at here. */
interface Json {
  readonly files: readonly {
    readonly kind: string;
    readonly sizeBytes: number;
    readonly normal: { readonly ios: number; readonly blocks: number };
    readonly zero: { readonly ios: number; readonly blocks: number };
    readonly discard: { readonly ios: number; readonly blocks: number };
    readonly damagedIos: number;
    readonly stored: Record<string, { readonly ios: number; readonly storedBytes: number }>;
  }[];
  readonly all: {
    readonly writtenLb: number;
    readonly overlap: {
      readonly distinctUnits: number;
      readonly writtenTwice: number;
      readonly inSeveralFiles: number;
    };
    readonly compressibility: { readonly plainBytes: number; readonly storedBytes: Record<string, number> };
    readonly heat: readonly { readonly writtenLb: readonly number[] }[];
  };
}

const json = async (paths: readonly string[], options: Partial<StatCommandOptions> = {}) =>
  JSON.parse((await print(paths, { json: true, ...options })).out) as Json;

describe('walbox stat', () => {
  it('counts a wlog', async () => {
    const path = folder.write('a.wlog', await makeWlog(SMALL_LOG));
    const { status, out } = await print([path]);
    expect(status).toBe(0);
    expect(linesOf(out)).toEqual([
      `${path}: wlog, 12.0 KiB`,
      '  IOs: normal 3 (3.5 KiB), zero 1 (1.5 KiB), discard 2 (36.0 KiB), padding 1.0 KiB',
      'all files:',
      '  written: 5.0 KiB, to 12.0 KiB in units of 4.0 KiB',
      '  overlap: 33.3 % of the units are written more than once',
      '  sizes of written IOs, from:',
      `        512 B         1 ${'#'.repeat(20)}`,
      `      1.0 KiB         2 ${'#'.repeat(40)}`,
      `      2.0 KiB         1 ${'#'.repeat(20)}`,
      expect.stringMatching(
        /^ {2}compressed to \(3\.5 KiB of 3 IOs tried\): gzip \d+\.\d %, snappy .*, zstd /,
      ),
      '  hottest regions of 4.0 KiB:',
      '    block 40             3.0 KiB written, 60.0 %',
      '    block 96             1.5 KiB written, 30.0 %',
      '    block 0                512 B written, 10.0 %',
    ]);
  });

  it('counts the same of a wlog and its wdiffs, and what they share', async () => {
    const wlog = folder.path('b.wlog');
    const gen = ['-s', '4M', '-z', '512K', '--maxDiscardSize', '16K', '--seed', '4', '-o', wlog];
    expect((await run('wlog-gen', gen)).status).toBe(0);
    const paths = await Promise.all(
      ['sorted', 'indexed'].map(async (form) => {
        const path = folder.path(`${form}.wdiff`);
        await run('wlog-to-wdiff', ['-i', wlog, '-o', path, ...(form === 'indexed' ? ['-indexed'] : [])]);
        return path;
      }),
    );
    const [sorted, indexed] = await Promise.all(
      paths.map((path) => json([path], { compressibility: 'full' })),
    );
    // The same blocks, cut differently.
    expect(indexed.all.writtenLb).toBe(sorted.all.writtenLb);
    expect(indexed.files[0].normal.blocks).toBe(sorted.files[0].normal.blocks);
    expect(indexed.files[0].zero.blocks).toBe(sorted.files[0].zero.blocks);
    expect(indexed.all.overlap.distinctUnits).toBe(sorted.all.overlap.distinctUnits);
    const { compressibility } = sorted.all;
    expect(compressibility.plainBytes).toBe(sorted.files[0].normal.blocks * 512);
    // It was made with snappy, on the same IOs.
    expect(
      Math.abs(compressibility.storedBytes.snappy / sorted.files[0].stored.snappy.storedBytes - 1),
    ).toBeLessThan(0.05);
    const both = await json(paths);
    expect(both.all.overlap.inSeveralFiles).toBe(1);
    expect(both.all.heat).toHaveLength(2);
    expect(both.all.heat.flatMap((row) => row.writtenLb).reduce((a, b) => a + b)).toBe(both.all.writtenLb);
  });

  it('says what is damaged or cut, with exit status 1', async () => {
    const wlog = await makeWlog(SMALL_LOG);
    const cut = await print([folder.write('cut.wlog', wlog.slice(0, -512))]);
    expect([cut.status, cut.out.includes('CUT: the log must go on')]).toEqual([1, true]);
    const inside = await print([folder.write('inside.wlog', wlog.slice(0, 4096 + 700))]);
    expect([inside.status, inside.out.includes('CUT: eof error')]).toEqual([1, true]);
    const bad = await print([
      folder.write(
        'bad.wlog',
        wlog.map((byte, i) => (i === 4700 ? byte ^ 1 : byte)),
      ),
    ]);
    expect([bad.status, bad.out.includes('DAMAGED: the data of 1 IOs')]).toEqual([1, true]);
    expect((await print([folder.write('none.wdiff', new Uint8Array(100))])).status).toBe(1);
    expect((await print([folder.write('empty', new Uint8Array(0))])).status).toBe(1);
  });

  it('draws a heat map', async () => {
    const path = folder.write('<&>.wlog', await makeWlog(SMALL_LOG));
    const svg = folder.path('heat.svg');
    expect((await print([path], { svg })).status).toBe(0);
    const text = readFileSync(svg, 'utf8');
    expect(text).toMatch(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 \d+ \d+"/);
    expect(text.trimEnd().endsWith('</svg>')).toBe(true);
    expect(text).toContain('&lt;&amp;&gt;.wlog');
    const cells = /<g shape-rendering[^>]*>(.*?)<\/g>/s.exec(text)?.[1] ?? '';
    expect(linesOf(cells).filter((line) => line.startsWith('<rect')).length).toBeGreaterThanOrEqual(4);
    expect(text).not.toMatch(/NaN|Infinity|undefined/);
  });
});

const absent = goldenDir() === null;
afterAll(() => console.log(absent ? 'golden: data absent' : 'stat: merged golden wdiffs counted'));

describe.skipIf(absent)('golden wdiffs', () => {
  it.each(['none', 'gzip', 'snappy', 'lzma', 'lz4', 'zstd'])(
    'all.%s says what it is stored with',
    async (type) => {
      const { files } = await json([goldenPath(`merge/all.${type}.wdiff`)], { compressibility: 'none' });
      const shown = (await run('wdiff-show', ['-nohead', goldenPath(`merge/all.${type}.wdiff`)])).out;
      const records = linesOf(shown).map((line) => line.split('\t'));
      const normal = records.filter((fields) => fields[7] === '--');
      expect(files[0].normal.ios).toBe(normal.length);
      expect(files[0].discard.ios).toBe(records.filter((fields) => fields[7].endsWith('D')).length);
      for (const codec of new Set(normal.map((fields) => fields[3]))) {
        const own = normal.filter((fields) => fields[3] === codec);
        expect(files[0].stored[codec].ios).toBe(own.length);
        expect(files[0].stored[codec].storedBytes).toBe(
          own.reduce((sum, fields) => sum + Number(fields[5]), 0),
        );
      }
    },
  );
});
