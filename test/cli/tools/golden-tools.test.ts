import { afterAll, describe, expect, it } from 'vitest';
import { GoldenCounter, goldenDir } from '../../golden.ts';
import {
  baseImage,
  Folder,
  golden,
  goldenLines,
  goldenPath,
  linesOf,
  run,
  sha256,
  withoutCompression,
} from './kit.ts';

const NAMES = ['a512', 'b4096', 'c512rand', 'd4096rand', 'e512nopad', 'f512bigpack'];
const CONVERSIONS = [
  { kind: 'sorted', options: [] },
  { kind: 'sorted-x16k', options: ['-x', '16K'] },
  { kind: 'indexed', options: ['-indexed'] },
];
const MERGES = ['none', 'gzip', 'snappy', 'lzma', 'lz4', 'zstd'].map((type) => ({
  name: `all.${type}`,
  options: ['-x', '32K', '-cmpr', `${type}:0:1`],
}));
MERGES.push({ name: 'all.x0', options: ['-x', '0'] });
const INPUTS = [1, 2, 3, 4].map((i) => `merge/m${i}.wdiff`);

const absent = goldenDir() === null;
const counters = ['wlog', 'wdiff', 'merge'].map((folder) => new GoldenCounter(folder));
const check = (path: string) => counters[['wlog', 'wdiff', 'merge'].indexOf(path.split('/')[0])].check(path);
afterAll(() => console.log(counters.map((counter) => counter.report()).join('\n')));

const folder = new Folder();

describe.skipIf(absent).each(NAMES)('golden wlog %s', (name) => {
  const wlog = `wlog/${name}.wlog`;

  it('is shown line by line, from a file and from a pipe', async () => {
    const expected = goldenLines(`wlog/${name}.show.txt`);
    const options = ['-head', '-pack', '-stat', '-validate'];
    const fromFile = await run('wlog-show', [...options, goldenPath(wlog)]);
    expect({ ...fromFile, stdout: null }).toEqual({
      status: 0,
      out: `${expected.join('\n')}\n`,
      err: '',
      stdout: null,
    });
    expect(linesOf((await run('wlog-show', [], { stdin: golden(wlog) })).out)).toEqual(expected);
    check(wlog);
    check(`wlog/${name}.show.txt`);
  });

  it('is replayed to the same images', async () => {
    for (const line of goldenLines(`wlog/${name}.redo.sha256`)) {
      const [digest, tool, base] = line.split(' ');
      const image = folder.write(`redo-${name}.img`, baseImage(base));
      const options = tool === 'wlog-redo-z' ? ['-z'] : [];
      const result = await run('wlog-redo', [...options, '-i', '-', image], { stdin: golden(wlog) });
      expect([result.status, result.err]).toEqual([0, '']);
      expect(sha256(folder.read(`redo-${name}.img`)), line).toBe(digest);
    }
    check(`wlog/${name}.redo.sha256`);
  });

  it.each(CONVERSIONS)('converts to $kind', async ({ kind, options }) => {
    const expected = goldenLines(`wdiff/${name}.${kind}.show.txt`);
    const converted = await run('wlog-to-wdiff', ['-i', goldenPath(wlog), ...options]);
    expect(converted.status).toBe(0);
    if (kind === 'sorted') {
      expect(linesOf(converted.err)).toEqual(goldenLines(`wdiff/${name}.sorted.stderr`));
      check(`wdiff/${name}.sorted.stderr`);
    }
    const ours = await run('wdiff-show', ['-stat', '-csum', '-'], {
      stdin: converted.stdout,
      stdinIsFile: true,
    });
    expect(ours.status).toBe(0);
    expect(linesOf(ours.out).slice(0, 5)).toEqual(expected.slice(0, 5));
    expect(withoutCompression(linesOf(ours.out))).toEqual(withoutCompression(expected));
    // Counts and blocks; the last line has the stored bytes.
    expect(linesOf(ours.out).slice(-8, -1)).toEqual(expected.slice(-8, -1));
  });

  it.each(CONVERSIONS)('the original $kind wdiff is shown and replayed', async ({ kind }) => {
    const path = `wdiff/${name}.${kind}`;
    const shown = await run('wdiff-show', ['-stat', goldenPath(`${path}.wdiff`)]);
    expect(linesOf(shown.out)).toEqual(goldenLines(`${path}.show.txt`));
    expect([shown.status, shown.err]).toEqual([0, '']);
    for (const line of goldenLines(`${path}.redo.sha256`)) {
      const [digest, tool, base] = line.split(' ');
      const image = folder.write(`wdiff-${name}.img`, baseImage(base));
      const options = tool === 'wdiff-redo-z' ? ['-z'] : [];
      const result = await run('wdiff-redo', [...options, '-i', goldenPath(`${path}.wdiff`), image]);
      expect([result.status, result.err]).toEqual([0, '']);
      expect(sha256(folder.read(`wdiff-${name}.img`)), line).toBe(digest);
    }
    for (const suffix of ['wdiff', 'show.txt', 'redo.sha256']) check(`${path}.${suffix}`);
  });
});

describe.skipIf(absent).each(MERGES)('golden merge $name', ({ name, options }) => {
  it('merges to the same records', async () => {
    const out = folder.path(`${name}.wdiff`);
    const merged = await run('wdiff-merge', [
      '-stat',
      '-o',
      out,
      ...options,
      '-i',
      ...INPUTS.map(goldenPath),
    ]);
    expect([merged.status, merged.out]).toEqual([0, '']);
    const expected = goldenLines(`merge/${name}.show.txt`);
    const ours = linesOf((await run('wdiff-show', ['-stat', '-csum', out])).out);
    expect(ours.slice(0, 5)).toEqual(expected.slice(0, 5));
    expect(withoutCompression(ours)).toEqual(withoutCompression(expected));
    if (name === 'all.none')
      expect(sha256(folder.read(`${name}.wdiff`))).toBe(sha256(golden('merge/all.none.wdiff')));
    const [mergeIn, mergeOut, memory] = linesOf(merged.err);
    if (name !== 'all.x0') {
      const stat = goldenLines(`merge/${name}.stat.txt`);
      expect([mergeIn, memory]).toEqual([stat[0], stat[2]]);
      check(`merge/${name}.stat.txt`);
    }
    // The original never counts what goes out; ours is what the result holds.
    const counts = ours.slice(-8).map((line) => line.split(' ')[2]);
    const [, normal, zero, discard, normalLb, zeroLb, discardLb, dataSize] = counts;
    expect(mergeOut).toBe(
      `mergeOut wdiffNr 1  nrN ${normal} nrZ ${zero} nrD ${discard}  lbN ${normalLb} lbZ ${zeroLb} lbD ${discardLb}  dataSize ${dataSize}`,
    );
    check(`merge/${name}.show.txt`);
  });

  it.each(['base.zero', 'base.rand'])('our merge and theirs replay to the same image on %s', async (base) => {
    const line = goldenLines('merge/redo.sha256').find((each) => each.endsWith(` ${name}.wdiff ${base}`));
    for (const path of [goldenPath(`merge/${name}.wdiff`), folder.path(`${name}.wdiff`)]) {
      const image = folder.write(`merge-${name}.img`, baseImage(base));
      expect((await run('wdiff-redo', ['-z', '-i', path, image])).status).toBe(0);
      expect(sha256(folder.read(`merge-${name}.img`))).toBe(line?.split(' ')[0]);
    }
    check(`merge/${name}.wdiff`);
  });
});

describe.skipIf(absent).each(['base.zero', 'base.rand'])('golden contents on %s', (base) => {
  const digestOf = (what: string) =>
    goldenLines('merge/redo.sha256')
      .find((line) => line.includes(` ${what} m1..m4 ${base}`))
      ?.split(' ')[0];

  it('replays the four logs', async () => {
    const image = folder.write(`logs-${base}.img`, baseImage(base));
    for (const i of [1, 2, 3, 4]) {
      expect((await run('wlog-redo', ['-z', '-i', goldenPath(`merge/m${i}.wlog`), image])).status).toBe(0);
      check(`merge/m${i}.wlog`);
    }
    expect(sha256(folder.read(`logs-${base}.img`))).toBe(digestOf('wlog-redo-z'));
    check('merge/redo.sha256');
  });

  it('gives the virtual full image, in a file and through a pipe', async () => {
    const image = folder.write(`base-${base}.img`, baseImage(base));
    const argv = ['-i', image, '-d', ...INPUTS.map(goldenPath)];
    const piped = await run('virt-full-cat', [...argv, '-stat', '-b', '1000']);
    expect(sha256(piped.stdout)).toBe(digestOf('virt-full-cat'));
    expect(linesOf(piped.err)[1]).toMatch(/^mergeOut wdiffNr --- {2}nrN 88 .* dataSize ---$/);
    const out = folder.path(`virt-${base}.img`);
    expect((await run('virt-full-cat', [...argv, '-o', out])).status).toBe(0);
    expect(sha256(folder.read(`virt-${base}.img`))).toBe(digestOf('virt-full-cat'));
  });
});

describe.skipIf(absent)('golden inputs of the merge', () => {
  it.each(INPUTS)('%s is shown', async (path) => {
    const text = path.replace('.wdiff', '.show.txt');
    expect(linesOf((await run('wdiff-show', ['-stat', goldenPath(path)])).out)).toEqual(goldenLines(text));
    check(path);
    check(text);
  });
});

it('leaves no golden file of these folders out (or all of them, where there are none)', () => {
  expect(counters.flatMap((counter) => counter.missing())).toEqual([]);
});
