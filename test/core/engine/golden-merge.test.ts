import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { applyIos } from '../../../core/engine/apply.ts';
import { BufferedReader } from '../../../core/engine/byte-stream.ts';
import { MemorySink, memorySource } from '../../../core/engine/memory-stream.ts';
import { WdiffMerger } from '../../../core/engine/merge.ts';
import { writeSortedWdiff } from '../../../core/engine/sorted-wdiff-writer.ts';
import { VirtualImage } from '../../../core/engine/virtual-image.ts';
import { openWlog } from '../../../core/engine/wlog-reader.ts';
import { redoWlog } from '../../../core/engine/wlog-redo.ts';
import { ZERO_UUID } from '../../../core/format/uuid.ts';
import { newWdiffStatistics, wdiffStatisticsLine } from '../../../core/format/wdiff-text.ts';
import { COMPRESSION_TYPES, type CodecPool, type CompressionType } from '../../../core/world/codec.ts';
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

const INPUTS = ['m1', 'm2', 'm3', 'm4'];
const MERGES: { name: string; type: CompressionType; maxIoLb: number }[] = [
  ...COMPRESSION_TYPES.map((type) => ({ name: `all.${type}`, type, maxIoLb: 64 })),
  { name: 'all.x0', type: 'snappy', maxIoLb: 0 },
];

let pool: CodecPool;
beforeAll(async () => {
  pool = await portablePool();
});

async function merger(maxIoLb: number): Promise<WdiffMerger> {
  const inputs = INPUTS.map((name) => openBytes(golden(`merge/${name}.wdiff`), pool));
  return await WdiffMerger.open(await Promise.all(inputs), { maxIoLb });
}

const absent = goldenDir() === null;
const counter = new GoldenCounter('merge');
afterAll(() => console.log(counter.report()));

describe.skipIf(absent).each(MERGES)('golden merge $name', ({ name, type, maxIoLb }) => {
  it('reads to its listing', async () => {
    expect(await showLines(golden(`merge/${name}.wdiff`))).toEqual(goldenLines(`merge/${name}.show.txt`));
    counter.check(`merge/${name}.show.txt`);
  });

  it('equals our merge record by record', async () => {
    const sink = new MemorySink();
    const merged = await merger(maxIoLb);
    await writeSortedWdiff(merged, sink, ZERO_UUID, { compression: { type, level: 0 }, pool });
    const ours = await collect(await openBytes(sink.bytes, pool));
    const theirs = await collect(await openBytes(golden(`merge/${name}.wdiff`), pool));
    expect(ioLines(ours)).toEqual(ioLines(theirs));
    // What is stored without compression does not depend on the compressor at all.
    if (type === 'none') expect(Buffer.compare(sink.bytes, golden(`merge/${name}.wdiff`))).toBe(0);
    counter.check(`merge/${name}.wdiff`);
    if (name === 'all.x0') return;
    // The original never counts what goes out.
    expect([
      `mergeIn  ${wdiffStatisticsLine(merged.inputStatistics)}`,
      `mergeOut ${wdiffStatisticsLine(newWdiffStatistics())}`,
      `mergeMemUsage ${merged.memoryUseBytes / 1024}KiB`,
    ]).toEqual(goldenLines(`merge/${name}.stat.txt`));
    counter.check(`merge/${name}.stat.txt`);
  });
});

describe.skipIf(absent)('golden contents', () => {
  const redo = absent ? [] : goldenLines('merge/redo.sha256');

  it.each(redo)('%s', async (line) => {
    const [digest, tool, what, base] = line.split(' ');
    const device = new MemoryDevice(baseImage(base));
    if (tool === 'wdiff-redo-z') {
      const input = await openBytes(golden(`merge/${what}`), pool);
      await applyIos(input, device, STEPS, { discard: 'zero' });
    } else if (tool === 'wlog-redo-z') {
      for (const name of INPUTS) {
        const source = memorySource(golden(`merge/${name}.wlog`));
        const wlog = await openWlog(new BufferedReader(source), { checkLsid: true });
        if (wlog === null) throw new Error('no header');
        await redoWlog(wlog, device, STEPS, { discard: 'zero' });
        counter.check(`merge/${name}.wlog`);
      }
    } else if (tool === 'virt-full-cat') {
      const image = new VirtualImage(device, await merger(2048), 'test.read');
      const sink = new MemorySink();
      for (let bytes = await image.read(4096); bytes !== null; bytes = await image.read(4096)) {
        await sink.write(bytes);
      }
      device.image.set(sink.bytes);
      expect(sink.bytes.length).toBe(device.image.length);
    } else {
      throw new Error(`unknown tool ${tool}`);
    }
    expect(sha256(device.image)).toBe(digest);
    counter.check('merge/redo.sha256');
  });

  it.each(['base.zero', 'base.rand'])('merging then applying = applying each, on %s', async (base) => {
    const digest = redo.find((line) => line.endsWith(`m1..m4 ${base}`))?.split(' ')[0];
    const once = new MemoryDevice(baseImage(base));
    await applyIos(await merger(64), once, STEPS, { discard: 'zero' });
    const each = new MemoryDevice(baseImage(base));
    for (const name of INPUTS) {
      const input = await openBytes(golden(`merge/${name}.wdiff`), pool);
      await applyIos(input, each, STEPS, { discard: 'zero' });
    }
    expect([sha256(once.image), sha256(each.image)]).toEqual([digest, digest]);
  });

  it.each(INPUTS)('%s.wdiff reads to its listing', async (name) => {
    expect(await showLines(golden(`merge/${name}.wdiff`))).toEqual(goldenLines(`merge/${name}.show.txt`));
    counter.check(`merge/${name}.wdiff`);
    counter.check(`merge/${name}.show.txt`);
  });
});

it('leaves no golden merge file out (or all of them, where there are none)', () => {
  expect(counter.missing()).toEqual([]);
});
