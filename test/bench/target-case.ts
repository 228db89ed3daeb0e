import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { LOGICAL_BLOCK_BYTES, MIB } from '../../core/units.ts';
import { KeyedRandom } from '../../sim/random.ts';

/** A measurement with a target: how long work may take, in units of a yardstick that is measured right before it. */
export interface TargetCase {
  readonly name: string;
  /** What is done, on what, and what it is compared with. */
  readonly about: string;
  /** What the yardstick is, in a word or two. */
  readonly yardstick: string;
  /** The ratio of work to yardstick that is wanted. */
  readonly limit: number;
  /** Whether the ratio must be at most the limit (of times), or at least (of rates). */
  readonly wanted: 'at most' | 'at least';
  /** Bytes that the work goes through, for its rate. */
  readonly sizeBytes: number;
  /** Whether the work must fit into MAX_STREAM_MIB of memory. */
  readonly isStream: boolean;
  /** Makes the data in an empty folder, in a process of its own. */
  readonly prepare: (folder: string) => Promise<void>;
  /** Opens them for some turns. */
  readonly open: (folder: string) => Promise<TargetTurns>;
  /** Words of the program that does the same work, for its peak of memory; null for none. */
  readonly program: ((folder: string) => readonly string[]) | null;
}

export interface TargetTurns {
  /** Milliseconds of the yardstick. */
  yardstick(): Promise<number>;
  /** Milliseconds of the work. */
  work(): Promise<number>;
  close?(): Promise<void>;
}

/** Largest resident memory of a program that streams. */
export const MAX_STREAM_MIB = 256;

/** Milliseconds that `work` takes. */
export async function millisecondsOf(work: () => Promise<unknown> | unknown): Promise<number> {
  const began = performance.now();
  await work();
  return performance.now() - began;
}

/** Copies files onto fresh ones, one after the other, through one buffer of 1 MiB; removes them; gives milliseconds. */
export async function copyFiles(
  folder: string,
  names: readonly string[],
  { sync = false } = {},
): Promise<number> {
  const buffer = new Uint8Array(MIB);
  const milliseconds = await millisecondsOf(async () => {
    for (const name of names) {
      const from = await open(join(folder, name), 'r');
      const to = await open(join(folder, `${name}.copy`), 'wx');
      for (;;) {
        const { bytesRead } = await from.read(buffer, 0, MIB, null);
        if (bytesRead === 0) break;
        await to.write(buffer, 0, bytesRead, null);
      }
      if (sync) await to.datasync();
      await from.close();
      await to.close();
    }
  });
  for (const name of names) await rm(join(folder, `${name}.copy`));
  return milliseconds;
}

/** What data of a write are: noise that no codec shrinks, or half noise and half counters. */
export type Content = 'noise' | 'half';

/** A write of a made load: where, and its data. */
export interface MadeWrite {
  readonly addressLb: number;
  readonly data: Uint8Array;
}

/** Writes of 4 to 32 KiB in steps of 4 KiB, `sizeBytes` together, at random places of a device; from a seed. */
export function* madeWrites(
  seed: number,
  sizeBytes: number,
  deviceBytes: number,
  content: Content,
): Generator<MadeWrite> {
  const random = new KeyedRandom(seed).at('bench');
  const unit = 4096;
  let left = sizeBytes;
  while (left > 0) {
    const bytes = Math.min(left, (1 + random.below(8)) * unit);
    const addressLb = (random.below((deviceBytes - bytes) / unit) * unit) / LOGICAL_BLOCK_BYTES;
    left -= bytes;
    yield { addressLb, data: madeBytes(random.u32(), bytes, content) };
  }
}

/** Bytes from a seed. */
export function madeBytes(seed: number, sizeBytes: number, content: Content): Uint8Array {
  const words = new Uint32Array(sizeBytes / 4);
  let state = seed | 1;
  for (let i = 0; i < words.length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    words[i] = content === 'noise' || i % 4 < 2 ? state : i >> 2;
  }
  return new Uint8Array(words.buffer);
}
