import { BufferedReader } from '../../../core/engine/byte-stream.ts';
import { inlineCodecPool, loadPortableCodecs } from '../../../core/engine/codec-registry.ts';
import { MemorySink, memoryReader, memorySource } from '../../../core/engine/memory-stream.ts';
import { WdiffMerger } from '../../../core/engine/merge.ts';
import { openWdiff } from '../../../core/engine/open-wdiff.ts';
import { MAX_IMAGE_BYTES } from '../../../core/engine/plain-io.ts';
import { SortedWdiffWriter } from '../../../core/engine/sorted-wdiff-writer.ts';
import { StatCollector } from '../../../core/engine/stat/collect.ts';
import { openWlog } from '../../../core/engine/wlog-reader.ts';
import { FormatError } from '../../../core/errors.ts';
import { ZERO_UUID } from '../../../core/format/uuid.ts';
import { guessKind, verifyFile } from '../../../core/verify/file.ts';
import type { LocalFinding } from '../../../core/verify/finding.ts';
import type { CodecPool } from '../../../core/world/codec.ts';
import { FuzzFault, type FuzzTarget, placed } from '../target.ts';
import { fixIndexedWdiff, fixQueueFile, fixSortedWdiff, fixWlog } from './repair.ts';
import { indexedWdiffs, logDevices, queueFiles, sortedWdiffs, superSectors, wlogs } from './seeds.ts';

let loaded: Promise<CodecPool> | null = null;
const pool = () => (loaded ??= loadPortableCodecs().then((codecs) => inlineCodecPool(codecs)));

const MIB = 1024 * 1024;
/** Reads come in pieces of this size, so that many cuts are seen. */
const CHUNK_BYTES = 1000;

async function readWlog(bytes: Uint8Array): Promise<void> {
  const reader = new BufferedReader(memorySource(bytes, CHUNK_BYTES));
  const wlog = await openWlog(reader, { checkLsid: true });
  if (wlog === null) return;
  let lsid = wlog.header.beginLsid;
  while ((await wlog.nextPack()) !== null) {
    if (wlog.endLsid <= lsid) throw new FuzzFault(`lsid ${wlog.endLsid} behind ${lsid}`);
    lsid = wlog.endLsid;
    while ((await wlog.nextIo()) !== null);
  }
}

/** What can be read can be merged, and the result read again. */
async function readWdiff(bytes: Uint8Array): Promise<void> {
  const codecs = await pool();
  const merger = await WdiffMerger.open([await openWdiff(memoryReader(bytes), codecs)]);
  const sink = new MemorySink();
  const writer = await SortedWdiffWriter.open(sink, ZERO_UUID, {
    compression: { type: 'lz4', level: 0 },
    pool: codecs,
  });
  let reachedLb = 0;
  for (let io = await merger.next(); io !== null; io = await merger.next()) {
    if (io.addressLb < reachedLb) throw new FuzzFault(`block ${io.addressLb} behind ${reachedLb}`);
    if (io.kind === 'normal' && io.data.length !== io.sizeLb * 512)
      throw new FuzzFault('data of another size');
    reachedLb = io.addressLb + io.sizeLb;
    await writer.add(io);
  }
  await writer.close();
  const again = await openWdiff(memoryReader(sink.bytes), codecs);
  while ((await again.next()) !== null);
}

/** Verifying throws for nothing; what is sound can be read, what is damaged says places in the file. */
async function verify(bytes: Uint8Array): Promise<void> {
  const findings: LocalFinding[] = [];
  const file = memoryReader(bytes);
  const check = {
    file,
    codecs: await pool(),
    report: (found: LocalFinding) => findings.push(found),
    onBytes: () => undefined,
  };
  const guess = await guessKind(check, 'file');
  await verifyFile(check, guess);
  for (const { offset, problem } of findings) {
    if (offset !== null && !(offset >= 0 && offset <= bytes.length))
      throw new FuzzFault(`offset ${offset}: ${problem}`);
  }
  if (findings.some(({ severity }) => severity === 'damage')) return;
  try {
    if (guess.kind === 'wlog') await readWlog(bytes);
    else if (guess.kind.endsWith('wdiff')) await readWdiff(bytes);
  } catch (error) {
    throw new FuzzFault(`sound, but not readable: ${String(error)}`);
  }
}

async function stat(bytes: Uint8Array): Promise<void> {
  const collector = new StatCollector(await pool(), { compressibility: 'none' });
  await collector.add({ source: memorySource(bytes, CHUNK_BYTES), reader: memoryReader(bytes) });
  const { overlap, hottest } = await collector.result(4);
  for (const value of [overlap.distinctUnits, ...hottest.map((region) => region.writtenLb)]) {
    if (!Number.isFinite(value) || value < 0) throw new FuzzFault(`${value} blocks`);
  }
}

/** Repairs whatever it is. */
function fixAny(bytes: Uint8Array): void {
  if (bytes[0] === 4 && bytes[1] === 0) fixWlog(bytes);
  else if (bytes[0] === 0xa7 && bytes[1] === 0x83) fixQueueFile(bytes);
  else if (bytes[6] === 1) fixIndexedWdiff(bytes);
  else fixSortedWdiff(bytes);
}

async function anyFiles(): Promise<Uint8Array[]> {
  return [
    ...(await wlogs()),
    ...(await sortedWdiffs()),
    ...(await indexedWdiffs()),
    ...(await logDevices()),
    ...queueFiles(),
    ...superSectors(),
  ];
}

/** Targets of whole files. */
export const STREAM_TARGETS: readonly FuzzTarget[] = [
  {
    name: 'wlog',
    seeds: wlogs,
    repair: fixWlog,
    run: placed(readWlog),
    refusals: [FormatError],
    maxArrayBytes: 33 * MIB,
  },
  {
    name: 'sorted-wdiff',
    seeds: sortedWdiffs,
    repair: fixSortedWdiff,
    run: placed(readWdiff),
    refusals: [FormatError],
    maxArrayBytes: MAX_IMAGE_BYTES,
  },
  {
    name: 'indexed-wdiff',
    seeds: indexedWdiffs,
    repair: fixIndexedWdiff,
    run: placed(readWdiff),
    refusals: [FormatError],
    maxArrayBytes: MAX_IMAGE_BYTES,
  },
  {
    name: 'verify',
    seeds: anyFiles,
    repair: fixAny,
    run: verify,
    refusals: [],
    maxArrayBytes: MAX_IMAGE_BYTES,
  },
  {
    name: 'stat',
    seeds: async () => [...(await wlogs()), ...(await sortedWdiffs()), ...(await indexedWdiffs())],
    repair: fixAny,
    run: placed(stat),
    refusals: [FormatError],
    maxArrayBytes: MAX_IMAGE_BYTES,
  },
];
