import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyIos } from '../../../core/engine/apply.ts';
import { MemorySink, memorySource } from '../../../core/engine/memory-stream.ts';
import { convertToIndexed, convertToSorted } from '../../../core/engine/wlog-to-wdiff.ts';
import type { CodecPool } from '../../../core/world/codec.ts';
import { GoldenCounter, goldenDir } from '../../golden.ts';
import {
  baseImage,
  collect,
  golden,
  goldenLines,
  ioLines,
  MemoryDevice,
  openBytes,
  portablePool,
  STEPS,
  sha256,
} from './engine-kit.ts';
import { showLines } from './show-kit.ts';

const NAMES = ['a512', 'b4096', 'c512rand', 'd4096rand', 'e512nopad', 'f512bigpack'];
const KINDS: { kind: string; maxIoLb: number; indexed: boolean }[] = [
  { kind: 'sorted', maxIoLb: 2048, indexed: false },
  { kind: 'sorted-x16k', maxIoLb: 32, indexed: false },
  { kind: 'indexed', maxIoLb: 2048, indexed: true },
];
const CASES = NAMES.flatMap((name) => KINDS.map((kind) => ({ name, ...kind })));

let pool: CodecPool;
beforeAll(async () => {
  pool = await portablePool();
});

/** What of a record does not depend on the compressor: addresses, sizes, offsets inside images, kinds. */
function withoutCompression(lines: readonly string[]): string[] {
  return lines
    .filter((line) => line.includes('_rec:'))
    .map((line) => {
      const fields = line.split('\t');
      const kept = fields.length === 8 ? [1, 2, 7] : [1, 2, 6, 7, 10];
      return kept.map((i) => fields[i]).join(' ');
    });
}

const absent = goldenDir() === null;
const counter = new GoldenCounter('wdiff');
afterAll(() => console.log(counter.report()));

describe.skipIf(absent).each(CASES)('golden wdiff $name.$kind', ({ name, kind, maxIoLb, indexed }) => {
  const path = `wdiff/${name}.${kind}`;

  it('reads to its listing', async () => {
    expect(await showLines(golden(`${path}.wdiff`))).toEqual(goldenLines(`${path}.show.txt`));
    counter.check(`${path}.wdiff`);
    counter.check(`${path}.show.txt`);
  });

  it('comes out of the conversion of its wlog', async () => {
    const sink = new MemorySink();
    const ends: string[] = [];
    const convert = indexed ? convertToIndexed : convertToSorted;
    await convert(memorySource(golden(`wlog/${name}.wlog`), 5000), sink, {
      pool,
      maxIoLb,
      onWlogEnd: (lsid) => ends.push(`converted until lsid ${lsid}`),
    });
    const converted = await showLines(sink.bytes);
    const expected = goldenLines(`${path}.show.txt`);
    expect(converted.slice(0, 5)).toEqual(expected.slice(0, 5));
    expect(withoutCompression(converted)).toEqual(withoutCompression(expected));
    const ours = await collect(await openBytes(sink.bytes, pool));
    const theirs = await collect(await openBytes(golden(`${path}.wdiff`), pool));
    expect(ioLines(ours)).toEqual(ioLines(theirs));
    if (kind === 'sorted') {
      expect(ends).toEqual(goldenLines(`${path}.stderr`));
      counter.check(`${path}.stderr`);
    }
  });

  it('applies to the same images', async () => {
    for (const line of goldenLines(`${path}.redo.sha256`)) {
      const [digest, tool, base] = line.split(' ');
      const device = new MemoryDevice(baseImage(base));
      const input = await openBytes(golden(`${path}.wdiff`), pool);
      await applyIos(input, device, STEPS, { discard: tool === 'wdiff-redo-z' ? 'zero' : 'ignore' });
      expect(sha256(device.image), line).toBe(digest);
    }
    counter.check(`${path}.redo.sha256`);
  });
});

it('leaves no golden wdiff file out (or all of them, where there are none)', () => {
  expect(counter.missing()).toEqual([]);
});
