import { MemorySink, memoryReader } from '../../../core/engine/memory-stream.ts';
import { openWdiff } from '../../../core/engine/open-wdiff.ts';
import { SortedWdiffWriter } from '../../../core/engine/sorted-wdiff-writer.ts';
import { createQueueFile, popBack, pushFront } from '../../../core/format/queue-file.ts';
import { encodeSuperSector, type SuperSector } from '../../../core/format/super-sector.ts';
import { uuidFromText } from '../../../core/format/uuid.ts';
import { encodeWith, writeMetaLsidGid } from '../../../core/snapshot/meta-codec.ts';
import { COMPRESSION_TYPES } from '../../../core/world/codec.ts';
import { nativeCodecPool } from '../../../native/codecs.ts';
import { run } from '../../cli/tools/kit.ts';
import { makeWlog, SMALL_LOG } from '../../cli/tools/log-kit.ts';
import { runSteps } from '../../core/format/queue-disk.ts';

/** Valid inputs, the same in every run. */

async function generated(seed: number, options: readonly string[] = []): Promise<Uint8Array> {
  const base = [
    '-s',
    '1M',
    '-z',
    '24K',
    '--maxIoSize',
    '4K',
    '--maxDiscardSize',
    '16K',
    '--seed',
    String(seed),
  ];
  return (await run('wlog-gen', [...base, ...options])).stdout;
}

export async function wlogs(): Promise<Uint8Array[]> {
  return [
    await makeWlog(SMALL_LOG),
    await makeWlog(SMALL_LOG, { pbs: 4096, endLsid: 400 }),
    await generated(1),
    await generated(2, ['--rand', '--nopadding']),
  ];
}

/** Of both logs, the small one stored with every codec. */
export async function sortedWdiffs(): Promise<Uint8Array[]> {
  const [small, , generatedLog] = await wlogs();
  const found = [(await run('wlog-to-wdiff', ['-x', '8K'], { stdin: generatedLog })).stdout];
  const packs = (await run('wlog-to-wdiff', [], { stdin: small })).stdout;
  const codecs = await nativeCodecPool();
  for (const type of COMPRESSION_TYPES) {
    const sink = new MemorySink();
    const input = await openWdiff(memoryReader(packs), codecs);
    const writer = await SortedWdiffWriter.open(sink, input.uuid, {
      compression: { type, level: 0 },
      pool: codecs,
    });
    for (let io = await input.next(); io !== null; io = await input.next()) await writer.add(io);
    await writer.close();
    found.push(sink.bytes.slice());
  }
  return found;
}

export async function indexedWdiffs(): Promise<Uint8Array[]> {
  const [small, , generatedLog] = await wlogs();
  const found: Uint8Array[] = [];
  for (const stdin of [small, generatedLog]) {
    found.push((await run('wlog-to-wdiff', ['-indexed', '-x', '2K'], { stdin })).stdout);
  }
  return found;
}

export const SECTOR: SuperSector = {
  physicalBlockBytes: 512,
  metadataSizePb: 0,
  salt: 0x12345678,
  uuid: uuidFromText('000102030405060708090a0b0c0d0e0f'),
  name: 'vol0',
  ringBufferSizePb: 118,
  oldestLsid: 7,
  writtenLsid: 100,
  deviceSizeLb: 2048,
};

export function superSectors(): Uint8Array[] {
  return [512, 4096].map((physicalBlockBytes) => encodeSuperSector({ ...SECTOR, physicalBlockBytes }));
}

/** The image of a log device that begins with a log. */
export async function logDevices(): Promise<Uint8Array[]> {
  const log = (await wlogs())[0];
  const image = new Uint8Array(4096 + 1024 + 118 * 512);
  image.set(encodeSuperSector({ ...SECTOR, salt: 0xcafe, oldestLsid: 310, writtenLsid: 320 }), 4096);
  // SMALL_LOG begins at lsid 310.
  for (let at = 4096, lsid = 310; at + 512 < log.length; at += 512, lsid++) {
    image.set(log.subarray(at, at + 512), 5120 + (lsid % 118) * 512);
  }
  return [image];
}

export function queueFiles(): Uint8Array[] {
  let change = createQueueFile(0x9abcdef0);
  let bytes = runSteps(new Uint8Array(0), change.steps);
  const found = [bytes];
  for (let gid = 1; gid < 6; gid++) {
    const position = { isMergeable: gid % 2 === 0, timestamp: 1_700_000_000 + gid, lsid: gid * 1000, gid };
    change = pushFront(change.queue, encodeWith(writeMetaLsidGid, position));
    bytes = runSteps(bytes, change.steps);
  }
  found.push(bytes);
  change = popBack(change.queue, 2);
  found.push(runSteps(bytes, change.steps));
  return found;
}
