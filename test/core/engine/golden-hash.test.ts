import { afterAll, describe, expect, it } from 'vitest';
import { blockHashes } from '../../../core/engine/block-hash.ts';
import { memorySource } from '../../../core/engine/memory-stream.ts';
import { checksum } from '../../../core/format/checksum.ts';
import { GoldenCounter, goldenDir } from '../../golden.ts';
import { baseImage, goldenLines, hex } from './engine-kit.ts';

const absent = goldenDir() === null;
// The tool refused chunks that are smaller than its reads; the file holds its complaint about an option.
const counter = new GoldenCounter('hash', (path) => path === 'hash/bhash.chunk4096.txt');
afterAll(() => console.log(counter.report()));

const image = baseImage('base.rand').subarray(0, 1 << 20);

async function hashLines(chunkBytes: number): Promise<string[]> {
  const lines: string[] = [];
  for await (const { addressLb, digest } of blockHashes(memorySource(image, 10_000), chunkBytes)) {
    const label = chunkBytes === 0 ? '' : `${addressLb.toString(16).padStart(16, '0')}\t`;
    lines.push(label + hex(digest));
  }
  return lines;
}

describe.skipIf(absent)('golden hashes', () => {
  it.each([0, 65536])('block hashes of chunks of %i bytes', async (chunkBytes) => {
    const path = `hash/bhash.chunk${chunkBytes}.txt`;
    expect(await hashLines(chunkBytes)).toEqual(goldenLines(path));
    counter.check(path);
  });

  it.each(['0', '1', '0x12345678'])('check sum with salt %s', (salt) => {
    const path = `hash/checksum.salt-${salt}.txt`;
    expect([checksum(image, Number(salt)).toString(16).padStart(8, '0')]).toEqual(goldenLines(path));
    counter.check(path);
  });

  it('check sums by block', () => {
    const path = 'hash/checksum.bulk512.txt';
    const lines = goldenLines(path);
    for (const line of lines) {
      const [index, digits] = line.split('\t');
      const at = Number(index) * 512;
      expect(
        checksum(image.subarray(at, at + 512), 0)
          .toString(16)
          .padStart(8, '0'),
        line,
      ).toBe(digits);
    }
    expect(lines.length).toBeGreaterThan(10);
    counter.check(path);
  });
});

it('leaves no golden hash file out (or all of them, where there are none)', () => {
  expect(counter.missing()).toEqual([]);
});
