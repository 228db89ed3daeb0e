import { rm, stat } from 'node:fs/promises';
import { BufferedReader } from '../../core/engine/byte-stream.ts';
import { IndexedWdiffWriter } from '../../core/engine/indexed-wdiff-writer.ts';
import { type CompressionOption, SNAPPY } from '../../core/engine/io-codec.ts';
import type { PlainIo } from '../../core/engine/plain-io.ts';
import { SortedWdiffWriter } from '../../core/engine/sorted-wdiff-writer.ts';
import { openWlog } from '../../core/engine/wlog-reader.ts';
import { KIB, LOGICAL_BLOCK_BYTES, MIB } from '../../core/units.ts';
import { nativeCodecPool } from '../../native/codecs.ts';
import { MADE_UUID, makeWlog } from '../made-wlog.ts';
import { type BenchCase, intoFile, megabytesPerSecond, withSource } from './bench-case.ts';

/** Parts of what target-cases.ts measures as a whole: from file to fresh file where files are concerned, in one thread. */

const MEMORY_BYTES = 64 * MIB;
const LOG_BYTES = 48 * MIB;
const DEVICE_LB = (256 * MIB) / LOGICAL_BLOCK_BYTES;
const MAX_IO_BYTES = 64 * KIB;
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

export const DATA_CASES: readonly BenchCase[] = [
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
  writeCase('sorted', PLAIN),
  writeCase('sorted', SNAPPY),
  writeCase('indexed', PLAIN),
  writeCase('indexed', SNAPPY),
];
