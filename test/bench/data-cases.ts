import { rm, stat } from 'node:fs/promises';
import { BufferedReader } from '../../core/engine/byte-stream.ts';
import { IndexedWdiffWriter } from '../../core/engine/indexed-wdiff-writer.ts';
import { type CompressionOption, SNAPPY } from '../../core/engine/io-codec.ts';
import { WdiffMerger } from '../../core/engine/merge.ts';
import { openWdiffs } from '../../core/engine/open-wdiff.ts';
import type { PlainIo } from '../../core/engine/plain-io.ts';
import { SortedWdiffWriter, writeSortedWdiff } from '../../core/engine/sorted-wdiff-writer.ts';
import { VirtualImage } from '../../core/engine/virtual-image.ts';
import { openWlog } from '../../core/engine/wlog-reader.ts';
import { convertToIndexed, convertToSorted } from '../../core/engine/wlog-to-wdiff.ts';
import { checksum } from '../../core/format/checksum.ts';
import { KIB, LOGICAL_BLOCK_BYTES, MIB } from '../../core/units.ts';
import { nativeCodecPool } from '../../native/codecs.ts';
import { openFileDevice } from '../../native/file-device.ts';
import { MADE_UUID, makeWlog } from '../made-wlog.ts';
import { type BenchCase, intoFile, megabytesPerSecond, withReaders, withSource } from './bench-case.ts';

/** Bytes, logs and diffs: from file to fresh file where files are concerned, in one thread. */

const MEMORY_BYTES = 64 * MIB;
const LOG_BYTES = 48 * MIB;
const DEVICE_LB = (256 * MIB) / LOGICAL_BLOCK_BYTES;
const MAX_IO_BYTES = 64 * KIB;
const MAX_IO_LB = 2048;
export const MEMCPY = 'memcpy';
export const FILE_LOOP = 'file loop';

const PLAIN: CompressionOption = { type: 'none', level: 0 };

function makeLog(folder: string, seed: number, dataBytes: number): Promise<string> {
  return intoFile(folder, (sink) =>
    makeWlog(sink, { seed, dataBytes, maxIoBytes: MAX_IO_BYTES, deviceLb: DEVICE_LB }),
  );
}

const sizeOf = async (path: string) => (await stat(path)).size;

/** Writes a fresh file, removes it, and gives the rate for `sizeBytes`. */
async function rateOnto(
  folder: string,
  sizeBytes: number,
  write: Parameters<typeof intoFile>[1],
): Promise<readonly number[]> {
  let path = '';
  const rate = await megabytesPerSecond(sizeBytes, async () => {
    path = await intoFile(folder, write);
  });
  await rm(path);
  return rate;
}

/** Noise that compresses to about a half. */
function halfNoise(sizeBytes: number): Uint8Array {
  const words = new Uint32Array(sizeBytes / 4);
  let state = 1;
  for (let i = 0; i < words.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    words[i] = i % 4 < 2 ? state : i >> 4;
  }
  return new Uint8Array(words.buffer);
}

/** Four logs of one device, as wdiffs of both kinds by turns. */
async function makeDiffs(folder: string): Promise<{ paths: string[]; logBytes: number }> {
  const codecs = await nativeCodecPool();
  const paths: string[] = [];
  let logBytes = 0;
  for (let i = 0; i < 4; i++) {
    const log = await makeLog(folder, 10 + i, LOG_BYTES / 4);
    logBytes += await sizeOf(log);
    const convert = i % 2 === 0 ? convertToSorted : convertToIndexed;
    paths.push(
      await withSource(log, (source) =>
        intoFile(folder, (sink) => convert(source, sink, { pool: codecs, maxIoLb: MAX_IO_LB })),
      ),
    );
    await rm(log);
  }
  return { paths, logBytes };
}

/** IOs of 64 KiB one behind the other, from one buffer. */
function* iosOf(data: Uint8Array): Generator<PlainIo> {
  const sizeLb = MAX_IO_BYTES / LOGICAL_BLOCK_BYTES;
  for (let at = 0, addressLb = 0; at < data.length; at += MAX_IO_BYTES, addressLb += sizeLb) {
    yield { addressLb, sizeLb, kind: 'normal', data: data.subarray(at, at + MAX_IO_BYTES) };
  }
}

function writeCase(type: 'sorted' | 'indexed', compression: CompressionOption): BenchCase {
  return {
    name: `${type} write, ${compression.type}`,
    units: ['MB/s'],
    about: `IOs of 64 KiB from memory into a fresh ${type} wdiff; plain data`,
    yardstick: FILE_LOOP,
    prepare: async (folder) => {
      const codecs = await nativeCodecPool();
      const data = halfNoise(LOG_BYTES);
      return () =>
        rateOnto(folder, data.length, async (sink) => {
          const options = { compression, pool: codecs };
          const writer =
            type === 'sorted'
              ? await SortedWdiffWriter.open(sink, MADE_UUID, options)
              : await IndexedWdiffWriter.open(sink, MADE_UUID, options);
          for (const io of iosOf(data)) await writer.add(io);
          await writer.close();
        });
    },
  };
}

function convertCase(type: 'sorted' | 'indexed'): BenchCase {
  return {
    name: `conversion, ${type}`,
    units: ['MB/s'],
    about: `wlog to a fresh ${type} wdiff, snappy; bytes of the log`,
    yardstick: FILE_LOOP,
    prepare: async (folder) => {
      const codecs = await nativeCodecPool();
      const log = await makeLog(folder, 2, LOG_BYTES);
      const sizeBytes = await sizeOf(log);
      const convert = type === 'sorted' ? convertToSorted : convertToIndexed;
      return () =>
        rateOnto(folder, sizeBytes, (sink) =>
          withSource(log, (source) => convert(source, sink, { pool: codecs, maxIoLb: MAX_IO_LB })),
        );
    },
  };
}

export const DATA_CASES: readonly BenchCase[] = [
  {
    name: MEMCPY,
    units: ['MB/s'],
    about: 'yardstick: 64 MiB copied in memory',
    yardstick: null,
    prepare: async () => {
      const from = halfNoise(MEMORY_BYTES);
      const to = new Uint8Array(MEMORY_BYTES);
      return () => megabytesPerSecond(MEMORY_BYTES, () => to.set(from));
    },
  },
  {
    name: FILE_LOOP,
    units: ['MB/s'],
    about: 'yardstick: a file of 64 MiB read and written onto a fresh file, 1 MiB at a time',
    yardstick: null,
    prepare: async (folder) => {
      const from = await intoFile(folder, (sink) => sink.write(halfNoise(MEMORY_BYTES)));
      return () =>
        rateOnto(folder, MEMORY_BYTES, (sink) =>
          withSource(from, async (source) => {
            for (let bytes = await source.read(MIB); bytes !== null; bytes = await source.read(MIB)) {
              await sink.write(bytes);
            }
          }),
        );
    },
  },
  {
    name: 'checksum',
    units: ['MB/s'],
    about: '64 MiB in memory',
    yardstick: MEMCPY,
    prepare: async () => {
      const data = halfNoise(MEMORY_BYTES);
      return () => megabytesPerSecond(MEMORY_BYTES, () => void checksum(data, 1));
    },
  },
  {
    name: 'wlog parse',
    units: ['MB/s'],
    about: 'a wlog in a file, all packs and IOs, checksums verified; bytes of the log',
    yardstick: FILE_LOOP,
    prepare: async (folder) => {
      const log = await makeLog(folder, 1, LOG_BYTES);
      const sizeBytes = await sizeOf(log);
      return () =>
        megabytesPerSecond(sizeBytes, () =>
          withSource(log, async (source) => {
            const wlog = await openWlog(new BufferedReader(source), { checkLsid: true });
            if (wlog === null) throw new Error('no wlog');
            while ((await wlog.nextPack()) !== null) {
              for (let io = await wlog.nextIo(); io !== null; io = await wlog.nextIo()) {
                if (!io.isValid) throw new Error('an IO is not valid');
              }
            }
          }),
        );
    },
  },
  convertCase('sorted'),
  convertCase('indexed'),
  {
    name: 'merge',
    units: ['MB/s'],
    about: 'four wdiffs, two of each kind, into a fresh sorted one, snappy; bytes of their logs',
    yardstick: FILE_LOOP,
    prepare: async (folder) => {
      const codecs = await nativeCodecPool();
      const { paths, logBytes } = await makeDiffs(folder);
      return () =>
        rateOnto(folder, logBytes, (sink) =>
          withReaders(paths, async (readers) => {
            const merger = await WdiffMerger.open(await openWdiffs(readers, codecs));
            await writeSortedWdiff(merger, sink, MADE_UUID, { compression: SNAPPY, pool: codecs });
          }),
        );
    },
  },
  {
    name: 'virtual read',
    units: ['MB/s'],
    about: 'the image of a 256 MiB file with four wdiffs on top, read through; bytes of the image',
    yardstick: FILE_LOOP,
    prepare: async (folder) => {
      const codecs = await nativeCodecPool();
      const { paths } = await makeDiffs(folder);
      const imageBytes = DEVICE_LB * LOGICAL_BLOCK_BYTES;
      const base = await intoFile(folder, async (sink) => {
        const piece = halfNoise(MIB);
        for (let at = 0; at < imageBytes; at += MIB) await sink.write(piece);
      });
      return () =>
        megabytesPerSecond(imageBytes, () =>
          withReaders(paths, async (readers) => {
            const device = await openFileDevice(base, { writable: false });
            try {
              const merger = await WdiffMerger.open(await openWdiffs(readers, codecs));
              const image = new VirtualImage(device, merger, 'bench.read');
              while ((await image.read(MIB)) !== null);
            } finally {
              device.close();
            }
          }),
        );
    },
  },
  writeCase('sorted', PLAIN),
  writeCase('sorted', SNAPPY),
  writeCase('indexed', PLAIN),
  writeCase('indexed', SNAPPY),
];
