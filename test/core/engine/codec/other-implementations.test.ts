import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import zlib from 'node:zlib';
import { decompress as fzstdDecompress } from 'fzstd';
import { describe, expect, it } from 'vitest';
import { codec, isLarge, samples } from './codec-kit.ts';

/** Our codecs against those of others: what one writes the other one reads, in both directions. */

/** It has no types of its own. */
const snappyjs = createRequire(import.meta.url)('snappyjs') as {
  compress(data: Uint8Array): Uint8Array;
  uncompress(data: Uint8Array): Uint8Array;
};

const all = samples.map(([, data]) => data);
const small = all.filter((data) => !isLarge(data));

const has = (tool: string) => spawnSync(tool, ['--version']).status === 0;

/** Runs a tool once over many files: starting it costs more than most samples. What it made of each input, in order. */
function runTool(
  command: string,
  args: readonly string[],
  inputs: readonly Uint8Array[],
  [before, after]: readonly [string, string],
): Buffer[] {
  const folder = mkdtempSync(join(tmpdir(), 'walbox-codecs-'));
  try {
    const names = inputs.map((_, i) => `sample${i}`);
    for (const [i, name] of names.entries()) {
      writeFileSync(join(folder, `${name}${before}`), inputs[i] as Uint8Array);
    }
    const files = names.map((name) => `${name}${before}`);
    execFileSync(command, [...args, ...files], { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    return names.map((name) => readFileSync(join(folder, `${name}${after}`)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Tools with files of one stream, and what they end their names with. */
const TOOLS = { lzma: ['xz', '.xz'], zstd: ['zstd', '.zst'] } as const;
type ToolType = keyof typeof TOOLS;

/** The tool reads what we wrote. */
function expectRead(type: ToolType, level: number, data: readonly Uint8Array[], args: string[]): void {
  const [command, suffix] = TOOLS[type];
  const packed = data.map((sample) => codec(type).compress(sample, level).slice());
  const plain = runTool(command, args, packed, [suffix, '']);
  for (const [i, sample] of data.entries()) expectSame(plain[i] as Buffer, sample);
}

/** We read what the tool wrote. */
function expectWritten(type: ToolType, data: readonly Uint8Array[], args: string[]): void {
  const [command, suffix] = TOOLS[type];
  const packed = runTool(command, args, data, ['', suffix]);
  for (const [i, sample] of data.entries()) {
    expectSame(codec(type).decompress(packed[i] as Buffer, sample.length), sample);
  }
}

const expectSame = (found: Uint8Array, sample: Uint8Array) =>
  expect(Buffer.compare(found, sample), `sample of ${sample.length} bytes`).toBe(0);

describe.each(samples)('libraries, on %s:', (_, data) => {
  it('zlib agrees', () => {
    expectSame(zlib.inflateSync(codec('gzip').compress(data, 0)), data);
    for (const level of [0, 1, 6, 9]) {
      expectSame(codec('gzip').decompress(zlib.deflateSync(data, { level }), data.length), data);
    }
    const fixed = zlib.deflateSync(data, { strategy: zlib.constants.Z_FIXED });
    expectSame(codec('gzip').decompress(fixed, data.length), data);
  });

  it('snappyjs and fzstd agree', () => {
    expectSame(snappyjs.uncompress(codec('snappy').compress(data, 0)), data);
    expectSame(codec('snappy').decompress(snappyjs.compress(data), data.length), data);
    expectSame(fzstdDecompress(codec('zstd').compress(data, 0)), data);
  });
});

// Larger samples are not tried with everything, see isLarge.
describe.skipIf(!has('xz'))('the xz tool', () => {
  it.each([
    [6, all],
    [1, small],
    [9, small],
  ])('reads what we write at level %i', (level, data) => expectRead('lzma', level, data, ['-d']));

  it.each([
    ['-0', all],
    ['-6', all],
    ['--block-size=300000', all],
    ['-9', small],
    ['-Ccrc32', small],
    ['-Cnone', small],
    ['--lzma2=preset=4,lc=1,lp=3,pb=4', all],
    ['--lzma2=preset=4,lc=0,lp=0,pb=0', small],
    ['--lzma2=preset=4,lc=4,lp=0,pb=1', small],
  ])('writes what we read with %s', (option, data) => expectWritten('lzma', data, ['-z', option]));
});

describe.skipIf(!has('zstd'))('the zstd tool', () => {
  it.each([
    [9, all],
    [0, small],
    [19, small],
  ])('reads what we write at level %i', (level, data) => expectRead('zstd', level, data, ['-dq']));

  it.each([
    ['-1', all],
    ['-19', all],
    ['--no-check', small],
    ['--check', small],
  ])('writes what we read with %s', (option, data) => expectWritten('zstd', data, ['-q', option]));
});

describe.skipIf(!has('lz4'))('the lz4 tool', () => {
  /** A frame has 7 bytes before its blocks; each block has its size, with the highest bit where it is stored. */
  const HEAD_BYTES = 7;
  const BLOCK_BYTES = 4 << 20;
  const frames = () => runTool('lz4', ['-mq', '-B7', '--no-frame-crc', '-z'], all, ['', '.lz4']);

  it('writes what we read', () => {
    for (const [i, frame] of frames().entries()) {
      const data = all[i] as Uint8Array;
      const plain: Uint8Array[] = [];
      let leftBytes = data.length;
      for (let at = HEAD_BYTES; ; ) {
        const size = frame.readUInt32LE(at);
        at += 4;
        if (size === 0) break;
        const block = frame.subarray(at, at + (size & 0x7fffffff));
        const sizeBytes = Math.min(leftBytes, BLOCK_BYTES);
        plain.push(size >>> 31 === 1 ? block : codec('lz4').decompress(block, sizeBytes));
        at += block.length;
        leftBytes -= sizeBytes;
      }
      expectSame(Buffer.concat(plain), data);
    }
  });

  it('reads what we write, as the block of a frame of its own', () => {
    const single = frames()
      .map((frame, i) => ({ frame, data: all[i] as Uint8Array }))
      .filter(({ data }) => data.length > 0 && data.length <= BLOCK_BYTES)
      .map(({ frame, data }) => ({ frame, data, raw: codec('lz4').compress(data, 0) }))
      .filter(({ raw }) => raw.length <= BLOCK_BYTES);
    expect(single.length).toBeGreaterThan(3);
    const rebuilt = single.map(({ frame, raw }) =>
      Buffer.concat([frame.subarray(0, HEAD_BYTES), word(raw.length), raw, word(0)]),
    );
    const plain = runTool('lz4', ['-mdq'], rebuilt, ['.lz4', '']);
    for (const [i, { data }] of single.entries()) expectSame(plain[i] as Buffer, data);
  });
});

function word(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
