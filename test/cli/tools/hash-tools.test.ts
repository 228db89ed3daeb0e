import { chmodSync, mkdirSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sipHash } from '../../../core/engine/siphash.ts';
import { checksum } from '../../../core/format/checksum.ts';
import { GoldenCounter, goldenDir } from '../../golden.ts';
import { baseImage, Folder, goldenLines, linesOf, run } from './kit.ts';

const folder = new Folder();
const absent = goldenDir() === null;
const counter = new GoldenCounter('hash');
afterAll(() => console.log(counter.report()));

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe.skipIf(absent)('golden hashes', () => {
  const image = () => folder.write('hash.img', baseImage('base.rand').subarray(0, 1 << 20));

  it.each(['0', '1', '0x12345678'])('check sums with salt %s', async (salt) => {
    const name = `hash/checksum.salt-${salt}.txt`;
    expect(linesOf((await run('checksum', ['-hex', '-salt', salt, image()])).out)).toEqual(goldenLines(name));
    counter.check(name);
  });

  it('check sums of pieces', async () => {
    const expected = goldenLines('hash/checksum.bulk512.txt');
    const { out } = await run('checksum', ['-hex', '-bulk', '512', image()]);
    expect(linesOf(out).slice(0, expected.length)).toEqual(expected);
    expect(linesOf(out)).toHaveLength(2048);
    counter.check('hash/checksum.bulk512.txt');
  });

  it.each([0, 65536])('block hashes with chunks of %d bytes', async (chunk) => {
    const name = `hash/bhash.chunk${chunk}.txt`;
    const expected = goldenLines(name);
    const options = ['-chunk', String(chunk)];
    expect(linesOf((await run('bhash', [...options, image()])).out)).toEqual(expected);
    const piped = await run('bhash', [...options, '-scan-sleep-pct', '50'], {
      stdin: folder.read('hash.img'),
    });
    expect(linesOf(piped.out)).toEqual(expected);
    counter.check(name);
  });

  it('chunks must be multiples of the IO size', async () => {
    const { status, out, err } = await run('bhash', ['-chunk', '4096', image()]);
    expect([status, out]).toEqual([1, '']);
    const [expected] = goldenLines('hash/bhash.chunk4096.txt');
    expect(err.replace(/^.* ERROR/, 'ERROR').trim()).toBe(expected.replace(/^.* ERROR/, 'ERROR'));
    counter.check('hash/bhash.chunk4096.txt');
  });

  it('are all looked at', () => {
    expect(counter.missing()).toEqual([]);
  });
});

describe('bhash', () => {
  const ZEROS_512 = 'f0888a9d1e6148884cefd1814aca6f04';

  it('labels chunks by their place in blocks', async () => {
    const path = folder.write('zeros', new Uint8Array(1024 + 100));
    const argv = ['-ios', '512', '-chunk', '512'];
    const both = `0000000000000000\t${ZEROS_512}\n0000000000000001\t${ZEROS_512}\n`;
    expect((await run('bhash', [...argv, path])).out).toBe(both);
    expect((await run('bhash', [...argv, '-off', '512', path])).out).toBe(`0000000000000001\t${ZEROS_512}\n`);
    expect((await run('bhash', [...argv, '-size', '512', path])).out).toBe(
      `0000000000000000\t${ZEROS_512}\n`,
    );
    expect(
      (await run('bhash', [...argv, '-off', '8192', '-size', '512'], { stdin: new Uint8Array(4096) })).out,
    ).toBe(`0000000000000010\t${ZEROS_512}\n`);
  });

  it('refuses ranges that are not there, and parts of blocks', async () => {
    const path = folder.write('zeros', new Uint8Array(1024));
    const tooLarge = await run('bhash', ['-ios', '512', '-off', '512', '-size', '1024', path]);
    expect(tooLarge.err).toContain('specified scanLb is larger than maxLb');
    const odd = await run('bhash', [], { stdin: new Uint8Array(1000) });
    expect(odd.err).toContain(
      'readBytes is not multiples of LOGICAL_BLOCK_SIZE (at byte 1000 of standard input)',
    );
    for (const [option, word] of [
      ['-off', 'bad offset:100'],
      ['-size', 'bad scan size:100'],
      ['-ios', 'bad ioSize:100'],
    ]) {
      expect((await run('bhash', [option, '100', path])).err).toContain(word);
    }
  });

  it('of nothing is the hash of nothing', async () => {
    expect((await run('bhash', [])).out).toBe(`${hex(sipHash(new Uint8Array(0)))}\n`);
    expect((await run('bhash', ['-chunk', '64K'])).out).toBe('');
  });
});

describe('checksum', () => {
  it('is decimal, zero-extends an odd tail, and sums over read borders', async () => {
    const bytes = new Uint8Array([1, 2, 3, 4, 5]);
    expect((await run('checksum', [], { stdin: bytes })).out).toBe('4227661306\n');
    expect((await run('checksum', ['-salt', '16'], { stdin: bytes, chunkBytes: 1 })).out).toBe(
      '4227661290\n',
    );
    const large = new Uint8Array((1 << 20) + 7).map((_, i) => i % 251);
    expect((await run('checksum', [], { stdin: large })).out).toBe(`${checksum(large, 0)}\n`);
    expect((await run('checksum', [])).out).toBe('0\n');
  });

  it('of pieces includes a short last one', async () => {
    const bytes = new Uint8Array([1, 0, 0, 0, 2, 0, 0, 0, 3]);
    const expected = [1, 2, 3].map((word, i) => `${i}\t${hex(new Uint8Array([255, 255, 255, 256 - word]))}`);
    expect(linesOf((await run('checksum', ['-hex', '-bulk', '4'], { stdin: bytes })).out)).toEqual(expected);
    expect((await run('checksum', ['-bulk', '4'])).out).toBe('');
    // Pieces that are read in more than one go.
    const large = new Uint8Array(3 << 20).map((_, i) => i % 251);
    const sums = [0, 1].map(
      (i) => `${i}\t${checksum(large.subarray(i * (3 << 19), (i + 1) * (3 << 19)), 0)}`,
    );
    expect(
      linesOf((await run('checksum', ['-bulk', '1536K'], { stdin: large, chunkBytes: 65536 })).out),
    ).toEqual(sums);
  });
});

describe('bdiff', () => {
  it('compares blocks', async () => {
    const a = new Uint8Array(1024);
    const b = a.slice();
    b[514] = 0xab;
    const [pathA, pathB] = [folder.write('a', a), folder.write('b', b)];
    expect(await run('bdiff', [pathA, pathA])).toMatchObject({ status: 0, out: '0/2 differs\n', err: '' });
    expect(await run('bdiff', [pathA, pathB])).toMatchObject({ status: 1, out: '1/2 differs\n', err: '' });
    const { out } = await run('bdiff', ['-b', '4', '-v', '-d', '-l', '2', pathA, pathB]);
    expect(linesOf(out)).toEqual([
      'block 128 differ',
      '0000',
      '0000',
      '---',
      '0000',
      'ab00',
      '__',
      'X_',
      '1/256 differs',
    ]);
  });

  it('says when the ends differ', async () => {
    const [a, b, c] = [600, 700, 600].map((size, i) => folder.write(`end${i}`, new Uint8Array(size)));
    const { status, out, err } = await run('bdiff', [a, b]);
    expect([status, out]).toEqual([1, '0/1 differs\n']);
    expect(err).toContain('WARNING bdiff:the ends of the files differ behind block 1');
    expect((await run('bdiff', [a, c])).status).toBe(0);
    expect((await run('bdiff', ['-b', '0', a, c])).out).toContain('OptionError:bad value:-b:0');
  });
});

describe('dirtree-hash', () => {
  const at = (name: string) => folder.path(`tree/${name}`);
  beforeAll(() => {
    mkdirSync(at('sub'), { recursive: true });
    writeFileSync(at('a'), 'abc');
    writeFileSync(at('sub/b'), 'hello');
    for (const name of ['a', 'sub/b']) chmodSync(at(name), 0o640);
    for (const name of ['a', 'sub/b', 'sub']) utimesSync(at(name), 1.7e9, 1.7e9);
  });

  it('is of contents and names', async () => {
    const { out } = await run('dirtree-hash', [folder.path('tree')]);
    expect(out).toBe(`7ba34110180d1241f15de3fa69c5c3a2 ${folder.path('tree')}\n`);
    const text = Buffer.from('abcahellosub/bsub');
    expect(out.slice(0, 32)).toBe(hex(sipHash(new Uint8Array(text))));
  });

  it('is of each entry when asked for', async () => {
    const each = await run('dirtree-hash', ['-each', '-pp', '1', folder.path('tree')]);
    const hashOf = (content: string) => hex(sipHash(new Uint8Array(Buffer.from(content))));
    expect(linesOf(each.out)).toEqual([
      `${hashOf('abca')} a`,
      `${hashOf('hellosub/b')} sub/b`,
      `${hashOf('sub')} sub`,
    ]);
    expect(each.err).toBe('...');
  });

  it('looks at attributes when asked to, and follows no link', async () => {
    const hash = async (...options: string[]) =>
      (await run('dirtree-hash', [...options, folder.path('tree')])).out;
    const [plain, time, permissions, all] = [
      await hash(),
      await hash('-time'),
      await hash('-perm'),
      await hash('-all'),
    ];
    expect(new Set([plain, time, permissions, all]).size).toBe(4);
    const entry = Buffer.alloc(12);
    Buffer.from('abca').copy(entry);
    entry.writeBigInt64LE(1_700_000_000n, 4);
    expect((await hash('-each', '-time')).slice(0, 32)).toBe(hex(sipHash(new Uint8Array(entry))));
    chmodSync(at('a'), 0o600);
    expect([
      (await hash()) === plain,
      (await hash('-time')) === time,
      (await hash('-perm')) === permissions,
    ]).toEqual([true, true, false]);
    utimesSync(at('a'), 1.7e9, 1.7e9 + 1);
    expect((await hash('-time')) === time).toBe(false);
    symlinkSync('/nonexistent', at('link'));
    expect((await hash()) === plain).toBe(false);
    expect((await run('dirtree-hash', [at('a')])).status).toBe(1);
  });
});
