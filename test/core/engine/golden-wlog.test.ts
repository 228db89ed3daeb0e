import { afterAll, describe, expect, it } from 'vitest';
import { BufferedReader } from '../../../core/engine/byte-stream.ts';
import { MemorySink, memorySource } from '../../../core/engine/memory-stream.ts';
import { openWlog, type WlogReader } from '../../../core/engine/wlog-reader.ts';
import { redoWlog } from '../../../core/engine/wlog-redo.ts';
import { WlogWriter } from '../../../core/engine/wlog-writer.ts';
import {
  addPack,
  logpackLines,
  newWlogStatistics,
  wlogHeaderLine,
  wlogStatisticsLines,
} from '../../../core/format/wlog-text.ts';
import { GoldenCounter, goldenDir } from '../../golden.ts';
import { baseImage, golden, goldenLines, MemoryDevice, STEPS, sha256 } from './engine-kit.ts';

const NAMES = ['a512', 'b4096', 'c512rand', 'd4096rand', 'e512nopad', 'f512bigpack'];

async function open(path: string, chunkBytes?: number): Promise<WlogReader> {
  const source = memorySource(golden(path), chunkBytes);
  const wlog = await openWlog(new BufferedReader(source), { checkLsid: true });
  if (wlog === null) throw new Error('no header');
  return wlog;
}

const absent = goldenDir() === null;
const counter = new GoldenCounter('wlog');
afterAll(() => console.log(counter.report()));

describe.skipIf(absent).each(NAMES)('golden wlog %s', (name) => {
  it('parses to its listing', async () => {
    const wlog = await open(`wlog/${name}.wlog`, 1000);
    const lines = [wlogHeaderLine(wlog.header)];
    const { beginLsid, endLsid, physicalBlockBytes } = wlog.header;
    const statistics = newWlogStatistics(beginLsid, endLsid);
    let invalid = 0;
    for (let pack = await wlog.nextPack(); pack !== null; pack = await wlog.nextPack()) {
      lines.push(...logpackLines(pack));
      addPack(statistics, pack, wlog.endLsid, physicalBlockBytes);
      for (let io = await wlog.nextIo(); io !== null; io = await wlog.nextIo()) if (!io.isValid) invalid++;
    }
    lines.push(...wlogStatisticsLines(statistics));
    expect(lines).toEqual(goldenLines(`wlog/${name}.show.txt`));
    expect(invalid).toBe(0);
    expect(wlog.end).toBe('end-block');
    counter.check(`wlog/${name}.wlog`);
    counter.check(`wlog/${name}.show.txt`);
  });

  it('gives the same packs when data are passed over', async () => {
    const wlog = await open(`wlog/${name}.wlog`, 777);
    let packs = 0;
    for (let pack = await wlog.nextPack(); pack !== null; pack = await wlog.nextPack()) {
      if (packs++ % 2 === 0) await wlog.nextIo();
    }
    expect(packs).toBe(
      goldenLines(`wlog/${name}.show.txt`).filter((line) => line.startsWith('wlog_p')).length,
    );
  });

  it('is written back byte for byte', async () => {
    const wlog = await open(`wlog/${name}.wlog`);
    const sink = new MemorySink();
    const writer = await WlogWriter.open(sink, wlog.header);
    for (let pack = await wlog.nextPack(); pack !== null; pack = await wlog.nextPack()) {
      const data: Uint8Array[] = [];
      for (let io = await wlog.nextIo(); io !== null; io = await wlog.nextIo()) {
        if (io.record.kind !== 'discard') data.push(io.data);
      }
      await writer.writePack(pack, data);
    }
    await writer.close();
    expect(writer.lsid).toBe(wlog.endLsid);
    expect(Buffer.compare(sink.bytes, golden(`wlog/${name}.wlog`))).toBe(0);
  });

  it('replays to the same images', async () => {
    for (const line of goldenLines(`wlog/${name}.redo.sha256`)) {
      const [digest, tool, base] = line.split(' ');
      const device = new MemoryDevice(baseImage(base));
      const discard = tool === 'wlog-redo-z' ? 'zero' : 'ignore';
      const result = await redoWlog(await open(`wlog/${name}.wlog`), device, STEPS, { discard });
      expect(sha256(device.image), line).toBe(digest);
      expect(device.calls.at(-1)).toBe('flush');
      expect(result.writes.clipped.count).toBe(0);
    }
    counter.check(`wlog/${name}.redo.sha256`);
  });
});

it('leaves no golden wlog file out (or all of them, where there are none)', () => {
  expect(counter.missing()).toEqual([]);
});
