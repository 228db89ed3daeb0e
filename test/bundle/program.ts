import { BufferedReader } from '../../core/engine/byte-stream.ts';
import { inlineCodecPool, loadPortableCodecs } from '../../core/engine/codec-registry.ts';
import { MemorySink, memoryReader, memorySource } from '../../core/engine/memory-stream.ts';
import { WdiffMerger } from '../../core/engine/merge.ts';
import { openWdiffs } from '../../core/engine/open-wdiff.ts';
import { writeSortedWdiff } from '../../core/engine/sorted-wdiff-writer.ts';
import { openWlog } from '../../core/engine/wlog-reader.ts';
import { convertToIndexed, convertToSorted } from '../../core/engine/wlog-to-wdiff.ts';
import { checksum } from '../../core/format/checksum.ts';
import type { Turn } from '../../sim/event-loop.ts';
import { Simulation } from '../../sim/simulation.ts';
import { type TraceLine, traceLineToText } from '../../sim/trace.ts';
import { MADE_UUID, makeWlog } from '../made-wlog.ts';

/**
 * What test/bundle.test.ts runs in a bare script context and in Node, to compare: log, diffs, merge, and two
 * processes that talk. Imports core and sim alone.
 */
const DEVICE_LB = 4096;

async function madeWlog(seed: number): Promise<Uint8Array> {
  const sink = new MemorySink();
  await makeWlog(sink, { seed, dataBytes: 1 << 20, maxIoBytes: 16384, deviceLb: DEVICE_LB });
  return sink.bytes;
}

const sumOf = (bytes: Uint8Array) => checksum(bytes, 0).toString(16).padStart(8, '0');

/** Packs, IOs, invalid IOs, lsid of the end and why it ended. */
export async function parseLog(): Promise<string> {
  const wlog = await openWlog(new BufferedReader(memorySource(await madeWlog(1), 1000)), { checkLsid: true });
  if (wlog === null) throw new Error('no header');
  let packs = 0;
  let ios = 0;
  let invalid = 0;
  while ((await wlog.nextPack()) !== null) {
    packs++;
    for (let io = await wlog.nextIo(); io !== null; io = await wlog.nextIo()) {
      ios++;
      if (!io.isValid) invalid++;
    }
  }
  return `${packs} packs, ${ios} IOs, ${invalid} invalid, until ${wlog.endLsid}, ${wlog.end}`;
}

/** Converts two logs, one to each form, and merges: sizes and checksums. */
export async function mergeDiffs(): Promise<string> {
  const pool = inlineCodecPool(await loadPortableCodecs());
  const [older, newer, merged] = [new MemorySink(), new MemorySink(), new MemorySink()];
  await convertToSorted(memorySource(await madeWlog(1)), older, { pool, maxIoLb: 2048 });
  await convertToIndexed(memorySource(await madeWlog(2)), newer, { pool, maxIoLb: 2048 });
  const merger = await WdiffMerger.open(
    await openWdiffs([memoryReader(older.bytes), memoryReader(newer.bytes)], pool),
  );
  await writeSortedWdiff(merger, merged, MADE_UUID, { compression: { type: 'zstd', level: 0 }, pool });
  return [older, newer, merged].map(({ bytes }) => `${bytes.length} ${sumOf(bytes)}`).join(', ');
}

const PORT = 10_000;
const ROUNDS = 20;

/** A client asks a server, which logs and answers: the answers, the time and the sum of the trace. */
export async function simulate(turn: Turn): Promise<string> {
  const pool = inlineCodecPool(await loadPortableCodecs());
  let trace = 0;
  let lines = 0;
  const note = (line: TraceLine) => {
    const bytes = new TextEncoder().encode(traceLineToText(line).padEnd(256));
    trace = checksum(bytes.subarray(0, bytes.length - (bytes.length % 4)), trace);
    lines++;
  };
  const simulation = new Simulation({ seed: 7, turn, codecs: pool, trace: note });
  const answers = await simulation.run(async () => {
    simulation.addHost('b').spawn('server', async ({ network, files, random }) => {
      const listener = await network.listen(PORT, 'bundle.listen');
      const file = await files.open('/log', 'create', 'bundle.open');
      let written = 0;
      for (;;) {
        const connection = await listener.accept('bundle.accept');
        if (connection === null) return 0;
        for (let asked = await connection.read(64, 'bundle.read'); asked !== null; ) {
          await file.write(written, asked, 'bundle.log');
          written += asked.length;
          await file.sync('bundle.sync');
          await connection.write(random.bytes('answer', asked[0]), 'bundle.answer');
          asked = await connection.read(64, 'bundle.read');
        }
        connection.close();
      }
    });
    await simulation.sleep(1);
    const client = simulation.addHost('a');
    return new Promise<number[]>((resolve) => {
      client.spawn('client', async ({ network }) => {
        const sums: number[] = [];
        const connection = await network.connect({ host: 'b', port: PORT }, 0, 'bundle.connect');
        for (let i = 1; i <= ROUNDS; i++) {
          await connection.write(new Uint8Array([i]), 'bundle.ask');
          let sum = 0;
          for (let got = 0; got < i; ) {
            const bytes = await connection.read(64, 'bundle.read');
            if (bytes === null) throw new Error('early end');
            for (const byte of bytes) sum += byte;
            got += bytes.length;
          }
          sums.push(sum);
        }
        await connection.end('bundle.end');
        resolve(sums);
        return 0;
      });
    });
  });
  return `${answers.join(' ')}; ${simulation.nowUs} us, ${lines} lines, ${(trace >>> 0).toString(16)}`;
}
