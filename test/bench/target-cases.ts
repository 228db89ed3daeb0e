import { open, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { applyIos } from '../../core/engine/apply.ts';
import type { ByteSink } from '../../core/engine/byte-stream.ts';
import { gatheringSink } from '../../core/engine/gathering-sink.ts';
import { WdiffMerger } from '../../core/engine/merge.ts';
import { openWdiffs } from '../../core/engine/open-wdiff.ts';
import { SortedWdiffWriter } from '../../core/engine/sorted-wdiff-writer.ts';
import { VirtualImage } from '../../core/engine/virtual-image.ts';
import { convertToIndexed, convertToSorted } from '../../core/engine/wlog-to-wdiff.ts';
import { writeMerged } from '../../core/engine/write-merged.ts';
import { checksum } from '../../core/format/checksum.ts';
import { ZERO_UUID } from '../../core/format/uuid.ts';
import { MIB } from '../../core/units.ts';
import type { CompressionType } from '../../core/world/index.ts';
import { threadedCodecPool } from '../../native/codec-pool.ts';
import { loadNativeCodecs, nativeCodecPool } from '../../native/codecs.ts';
import { openFileDevice } from '../../native/file-device.ts';
import { fileSource, handleSink } from '../../native/file-stream.ts';
import { keptSource } from '../../native/kept-source.ts';
import { withReaders, withSource } from './bench-case.ts';
import { type Content, copyFiles, madeBytes, millisecondsOf, type TargetCase } from './target-case.ts';
import { makeDiffFile, makeImageFile, makeLogFile, spreadWrites } from './target-data.ts';

/** What the engine must reach: the cases with targets, on the data that the targets name. */

const GIB = 1024 * MIB;
const MAX_IO_LB = 2048;

/** Gives `use` a fresh file, which is removed; milliseconds of `use`, without the removal. */
async function ontoFresh(folder: string, use: (sink: ByteSink) => Promise<void>): Promise<number> {
  const path = join(folder, 'fresh');
  const milliseconds = await millisecondsOf(async () => {
    const handle = await open(path, 'wx');
    await use(handleSink(handle, path));
    await handle.close();
  });
  await rm(path);
  return milliseconds;
}

function conversion(type: 'indexed' | 'sorted', sizeBytes: number): TargetCase {
  const convert = type === 'indexed' ? convertToIndexed : convertToSorted;
  return {
    name: `${type} conversion`,
    about: `a wlog with ${sizeBytes / MIB} MiB of writes of 4 to 32 KiB that no codec shrinks, into a fresh ${type} wdiff, snappy`,
    yardstick: 'copy of the wlog',
    limit: 3,
    wanted: 'at most',
    sizeBytes,
    isStream: type === 'indexed',
    prepare: (folder) => makeLogFile(folder, 'wlog', sizeBytes, 4 * sizeBytes),
    async open(folder) {
      const pool = await threadedCodecPool();
      return {
        yardstick: () => copyFiles(folder, ['wlog']),
        work: () =>
          ontoFresh(folder, (sink) =>
            withSource(
              join(folder, 'wlog'),
              (source) => convert(source, sink, { pool, maxIoLb: MAX_IO_LB }),
              type === 'indexed' ? fileSource : keptSource,
            ),
          ),
        close: () => pool.close(),
      };
    },
    program: (folder) => {
      const words = ['wlog-to-wdiff', '-i', join(folder, 'wlog'), '-o', join(folder, 'made')];
      return type === 'indexed' ? [...words, '-indexed'] : words;
    },
  };
}

const DIFF_NAMES = ['1.wdiff', '2.wdiff', '3.wdiff', '4.wdiff'];

/** Four wdiffs whose data cover a quarter of a device each. */
async function makeDiffs(
  folder: string,
  diffBytes: number,
  stored: CompressionType,
  content: Content,
): Promise<void> {
  const pool = await threadedCodecPool();
  for (const [i, name] of DIFF_NAMES.entries()) {
    const recipe = { seed: i + 1, sizeBytes: diffBytes, deviceBytes: 4 * diffBytes, content };
    await makeDiffFile(folder, name, recipe, { type: stored, level: 0 }, pool);
  }
  await pool.close();
}

async function mergeInto(folder: string, sink: ByteSink, type: CompressionType, pool: Pool): Promise<void> {
  const paths = DIFF_NAMES.map((name) => join(folder, name));
  await withReaders(paths, async (readers) => {
    const merger = await WdiffMerger.open(await openWdiffs(readers, pool, { forgets: true }), { maxIoLb: 0 });
    const compression = { type, level: 0 };
    const writer = await SortedWdiffWriter.open(sink, ZERO_UUID, { compression, pool });
    await writeMerged(merger, writer, type);
    await writer.close();
  });
}

type Pool = Awaited<ReturnType<typeof threadedCodecPool>>;

function mergeProgram(type: CompressionType): TargetCase['program'] {
  return (folder) => [
    'wdiff-merge',
    '-i',
    ...DIFF_NAMES.map((name) => join(folder, name)),
    '-o',
    join(folder, 'made'),
    '-cmpr',
    `${type}:0:1`,
  ];
}

function plainMerge(diffBytes: number): TargetCase {
  return {
    name: 'merge, none',
    about: `four sorted wdiffs of ${diffBytes / MIB} MiB that no codec shrinks, into a fresh one, all without codec`,
    yardstick: 'copy of all inputs',
    limit: 3,
    wanted: 'at most',
    sizeBytes: 4 * diffBytes,
    isStream: true,
    prepare: (folder) => makeDiffs(folder, diffBytes, 'none', 'noise'),
    async open(folder) {
      const pool = await threadedCodecPool();
      return {
        yardstick: () => copyFiles(folder, DIFF_NAMES),
        work: () => ontoFresh(folder, (sink) => mergeInto(folder, sink, 'none', pool)),
        close: () => pool.close(),
      };
    },
    program: mergeProgram('none'),
  };
}

/** Share of the time of codec and copy that a merge may take beyond both. */
const CODEC_SHARE = 1.2;

/** A merge of wdiffs that are stored with one codec into one with another (or the same) codec. */
function codecMerge(from: CompressionType, to: CompressionType, diffBytes: number): TargetCase {
  const cores = availableParallelism();
  return {
    name: from === to ? `merge, ${to}` : `merge, ${from} to ${to}`,
    about: `four sorted wdiffs with ${diffBytes / MIB} MiB of data that compress to about a half, stored with ${from}, into a fresh one with ${to}`,
    yardstick: `${CODEC_SHARE} x codec / ${cores} cores + copy`,
    limit: 1,
    wanted: 'at most',
    sizeBytes: 4 * diffBytes,
    isStream: true,
    prepare: (folder) => makeDiffs(folder, diffBytes, from, 'half'),
    async open(folder) {
      const pool = await threadedCodecPool();
      const inThread = await nativeCodecPool();
      const jobs = codecJobs(from, to, diffBytes);
      return {
        async yardstick() {
          let codecMs = 0;
          for (const batch of jobs()) codecMs += await millisecondsOf(() => inThread.run(batch));
          return (CODEC_SHARE * codecMs) / cores + (await copyFiles(folder, DIFF_NAMES));
        },
        work: () => ontoFresh(folder, (sink) => mergeInto(folder, sink, to, pool)),
        close: () => pool.close(),
      };
    },
    program: mergeProgram(to),
  };
}

/** The codec's share of a merge: every IO of the inputs decompressed, and as many bytes as come out compressed. */
function codecJobs(from: CompressionType, to: CompressionType, diffBytes: number) {
  const codecs = loadNativeCodecs();
  // Of four diffs that each cover a quarter of the device, so much is left of the last, the one before ...
  const kept = [27 / 64, 9 / 16, 3 / 4, 1];
  return function* () {
    for (const [i, share] of kept.entries()) {
      const recipe = {
        seed: i + 1,
        sizeBytes: diffBytes,
        deviceBytes: 4 * diffBytes,
        content: 'half',
      } as const;
      let leftBytes = diffBytes * share;
      for (const { data } of spreadWrites(recipe)) {
        if (from !== 'none') {
          const stored = codecs.get(from)?.compress(data, 0) ?? data;
          yield [{ kind: 'decompress', type: from, sizeBytes: data.length, data: stored } as const];
        }
        if (leftBytes > 0) yield [{ kind: 'compress', type: to, level: 0, data } as const];
        leftBytes -= data.length;
      }
    }
  };
}

const IMAGE_BYTES = GIB;

const VIRTUAL_READ: TargetCase = {
  name: 'virtual read',
  about:
    'an image of 1 GiB with four wdiffs of 64 MiB on top (snappy, data that compress to about a half), onto a fresh file',
  yardstick: 'copy of the image',
  limit: 3,
  wanted: 'at most',
  sizeBytes: IMAGE_BYTES,
  isStream: true,
  async prepare(folder) {
    await makeDiffs(folder, IMAGE_BYTES / 16, 'snappy', 'half');
    await makeImageFile(folder, 'image', IMAGE_BYTES);
  },
  async open(folder) {
    const pool = await threadedCodecPool();
    const paths = DIFF_NAMES.map((name) => join(folder, name));
    return {
      yardstick: () => copyFiles(folder, ['image']),
      work: () =>
        ontoFresh(folder, (sink) =>
          withReaders(paths, async (readers) => {
            const device = await openFileDevice(join(folder, 'image'), { writable: false });
            const merger = await WdiffMerger.open(await openWdiffs(readers, pool));
            const image = new VirtualImage(device, merger, 'bench.read');
            const gathering = gatheringSink(sink);
            for (let bytes = await image.read(MIB); bytes !== null; bytes = await image.read(MIB)) {
              await gathering.write(bytes);
            }
            await gathering.finish();
            device.close();
          }),
        ),
      close: () => pool.close(),
    };
  },
  program: (folder) => [
    'virt-full-cat',
    '-i',
    join(folder, 'image'),
    '-d',
    ...DIFF_NAMES.map((name) => join(folder, name)),
    '-o',
    join(folder, 'made'),
  ],
};

const APPLY_BYTES = 256 * MIB;
const STEPS = { write: 'bench.write', discard: 'bench.discard', flush: 'bench.flush' };

const APPLY: TargetCase = {
  name: 'apply',
  about: 'a wdiff with 256 MiB of data (snappy, compressed to about a half), written to an image of 1 GiB',
  yardstick: 'copy of a file of 256 MiB, and sync',
  limit: 3,
  wanted: 'at most',
  sizeBytes: APPLY_BYTES,
  isStream: true,
  async prepare(folder) {
    const pool = await threadedCodecPool();
    const recipe = {
      seed: 1,
      sizeBytes: APPLY_BYTES,
      deviceBytes: 4 * APPLY_BYTES,
      content: 'half',
    } as const;
    await makeDiffFile(folder, '1.wdiff', recipe, { type: 'snappy', level: 0 }, pool);
    await makeImageFile(folder, 'image', 4 * APPLY_BYTES);
    await makeImageFile(folder, 'plain', APPLY_BYTES);
    await pool.close();
  },
  async open(folder) {
    const pool = await threadedCodecPool();
    const image = join(folder, 'image');
    return {
      yardstick: () => copyFiles(folder, ['plain'], { sync: true }),
      work: () =>
        millisecondsOf(() =>
          withReaders([join(folder, '1.wdiff')], async (readers) => {
            const device = await openFileDevice(image, { writable: true });
            const [wdiff] = await openWdiffs(readers, pool);
            await applyIos(wdiff, device, STEPS, { discard: 'ignore' });
            device.close();
          }),
        ),
      close: () => pool.close(),
    };
  },
  program: (folder) => ['wdiff-redo', '-i', join(folder, '1.wdiff'), join(folder, 'image')],
};

const MEMORY_BYTES = 64 * MIB;

const CHECKSUM: TargetCase = {
  name: 'checksum',
  about: '64 MiB in memory',
  yardstick: 'memcpy',
  limit: 0.25,
  wanted: 'at least',
  sizeBytes: MEMORY_BYTES,
  isStream: false,
  prepare: async () => undefined,
  async open() {
    const from = madeBytes(1, MEMORY_BYTES, 'noise');
    const to = new Uint8Array(MEMORY_BYTES);
    return {
      yardstick: () => millisecondsOf(() => to.set(from)),
      work: () => millisecondsOf(() => void checksum(from, 1)),
    };
  },
  program: null,
};

export const TARGET_CASES: readonly TargetCase[] = [
  CHECKSUM,
  conversion('indexed', GIB),
  conversion('sorted', 256 * MIB),
  plainMerge(256 * MIB),
  codecMerge('snappy', 'snappy', 256 * MIB),
  codecMerge('none', 'snappy', 256 * MIB),
  codecMerge('none', 'lz4', 256 * MIB),
  codecMerge('none', 'zstd', 128 * MIB),
  codecMerge('none', 'gzip', 32 * MIB),
  codecMerge('none', 'lzma', 4 * MIB),
  VIRTUAL_READ,
  APPLY,
];
