import { isAllZero } from '../engine/plain-io.ts';
import { AbortedError } from '../errors.ts';
import type { CompressOpt } from '../snapshot/host-info.ts';
import { type Lb, LOGICAL_BLOCK_BYTES, MIB } from '../units.ts';
import type { CodecJob, CodecPool } from '../world/index.ts';
import { effectiveLevel } from './settings.ts';

/**
 * Whole images travel in chunks of `bulkLb`, the last one shorter. Here is what the conversations that carry
 * images share: the division, zero chunks, and compression a few chunks at a time.
 */

/** The part of an image that is told in one conversation. */
export interface ChunkPlan {
  /** Where to begin: a multiple of bulkLb away from 0 or not, the division starts here. */
  readonly startLb: Lb;
  /** End of the image. */
  readonly sizeLb: Lb;
  readonly bulkLb: Lb;
}

/** Reads own data. The view may be kept by the callee and must not change afterwards. */
export type ReadChunk = (addressLb: Lb, sizeLb: Lb) => Promise<Uint8Array>;

/** Stores received data; null is all zero. */
export type WriteChunk = (addressLb: Lb, sizeLb: Lb, data: Uint8Array | null) => Promise<void>;

/** Hooks of long streams; each is called between chunks. */
export interface StreamHooks {
  /** True gives the stream up with AbortedError. */
  readonly shouldStop?: () => boolean;
  /** All below `doneLb` is done. */
  readonly onProgress?: (doneLb: Lb) => void;
  /** Holds the sender back; `sizeLb` is what was just sent. */
  readonly throttle?: (sizeLb: Lb) => Promise<void>;
}

export interface ChunkRange {
  readonly addressLb: Lb;
  readonly sizeLb: Lb;
}

/** A chunk as it travels: compressed as one unit, or null when all zero. */
export interface EncodedChunk extends ChunkRange {
  readonly encoded: Uint8Array | null;
}

/** Chunks in memory at a time: bounds memory, feeds a pool of workers. */
const MAX_BATCH_BYTES = 16 * MIB;

/** How many chunks are compressed together. */
function batchLength(plan: ChunkPlan, opt: CompressOpt): number {
  const byMemory = Math.floor(MAX_BATCH_BYTES / (plan.bulkLb * LOGICAL_BLOCK_BYTES));
  return Math.max(1, Math.min(2 * opt.cpuCount + 1, byMemory));
}

/** The chunks of an image, in batches. */
export function* chunkBatches(plan: ChunkPlan, opt: CompressOpt): Generator<ChunkRange[]> {
  const length = batchLength(plan, opt);
  let batch: ChunkRange[] = [];
  for (let addressLb = plan.startLb; addressLb < plan.sizeLb; addressLb += plan.bulkLb) {
    batch.push({ addressLb, sizeLb: Math.min(plan.bulkLb, plan.sizeLb - addressLb) });
    if (batch.length === length) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) yield batch;
}

/** One chunk. Throws RangeError when the reader returned another size. */
export async function readWhole(readChunk: ReadChunk, addressLb: Lb, sizeLb: Lb): Promise<Uint8Array> {
  const data = await readChunk(addressLb, sizeLb);
  if (data.length === sizeLb * LOGICAL_BLOCK_BYTES) return data;
  throw new RangeError(`a chunk of ${sizeLb} blocks was asked for, ${data.length} bytes were read`);
}

/** Reads a batch and compresses what is not zero. */
export async function encodeBatch(
  batch: readonly ChunkRange[],
  opt: CompressOpt,
  codecs: CodecPool,
  readChunk: ReadChunk,
): Promise<EncodedChunk[]> {
  const jobs: CodecJob[] = [];
  const chunks: Uint8Array[] = [];
  for (const { addressLb, sizeLb } of batch) {
    const data = await readWhole(readChunk, addressLb, sizeLb);
    chunks.push(data);
    if (!isAllZero(data)) jobs.push({ kind: 'compress', type: opt.type, level: effectiveLevel(opt), data });
  }
  const results = await codecs.run(jobs);
  let job = 0;
  return batch.map((range, i) => {
    const compressed = jobs[job]?.data === chunks[i];
    return { ...range, encoded: compressed ? results[job++] : null };
  });
}

/** Decompresses a batch; null stays null. Throws FormatError unless each has exactly its chunk's size. */
export async function decodeBatch(
  batch: readonly EncodedChunk[],
  opt: CompressOpt,
  codecs: CodecPool,
): Promise<(Uint8Array | null)[]> {
  const jobs: CodecJob[] = [];
  for (const { sizeLb, encoded } of batch) {
    if (encoded === null) continue;
    jobs.push({
      kind: 'decompress',
      type: opt.type,
      sizeBytes: sizeLb * LOGICAL_BLOCK_BYTES,
      data: encoded,
    });
  }
  const results = await codecs.run(jobs);
  let job = 0;
  return batch.map(({ encoded }) => (encoded === null ? null : results[job++]));
}

/** Throws AbortedError when the stream is to be given up. */
export function checkStop(hooks: StreamHooks): void {
  if (hooks.shouldStop?.() === true) throw new AbortedError('force stopped');
}
