import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AbortedError, errorText, FormatError } from '../core/errors.ts';
import { checksum } from '../core/format/checksum.ts';
import { KIB, MIB } from '../core/units.ts';
import type { CodecJob, CodecPool, CompressionType } from '../core/world/index.ts';
import {
  alignedBytes,
  type CodecWorkerData,
  copiedBytes,
  type FromCodecWorker,
  INPUT_KEPT,
  LENT_BYTES,
  packJobs,
  SLOT_BYTES,
  type ToCodecWorker,
} from './codec-message.ts';
import { nativeCodecPool } from './codecs.ts';
import { countAllocated } from './collect.ts';

/** A codec pool that holds threads. */
export interface ThreadedCodecPool extends Required<CodecPool> {
  /** Threads that were begun. */
  readonly threadCount: number;
  /** Ends the threads. Batches that are not done fail with AbortedError. Never throws; twice is harmless. */
  close(): Promise<void>;
}

/** How many threads, and when they begin. */
export interface ThreadedCodecPoolOptions {
  /** Threads at most; the default is the number of cores. */
  readonly threadCount?: number;
  /** Work that is done in the caller's thread before threads are begun, in bytes of snappy. The default is 8 MiB. */
  readonly inlineBytes?: number;
}

/** Young heap of a thread, which allocates little but arrays outside of it. */
const YOUNG_MIB = 1;
/** Begun threads cost some 50 ms of work: below this much they do not pay. */
const INLINE_BYTES = 8 * MIB;
/** What a byte costs, in bytes of snappy, about. */
const COST: Readonly<Record<CompressionType, number>> = {
  none: 0,
  snappy: 1,
  lz4: 1,
  zstd: 3,
  gzip: 10,
  lzma: 100,
};
/** Bytes of one batch to a thread, about, for a codec as fast as snappy; fewer for slower ones, but not less than the least. */
const BATCH_BYTES = MIB;
const LEAST_BATCH_BYTES = 128 * KIB;
/** Batches that a thread has at a time, so that it need not wait for the next. */
const BATCHES_PER_THREAD = 2;

const NOT_LENT = { checksums: [], lent: null };

const NO_BYTES = new Uint8Array(0);

/** Some jobs of a call, and what waits for them. */
interface Batch {
  readonly jobs: readonly CodecJob[];
  /** Whether the results may lie in memory that is given back. */
  readonly isLent: boolean;
  readonly resolve: (results: BatchResults) => void;
  readonly reject: (error: Error) => void;
}

interface BatchResults {
  readonly results: readonly Uint8Array[];
  /** Of lent results. */
  readonly checksums: readonly number[];
  readonly lent: SharedArrayBuffer | null;
}

interface Thread {
  readonly worker: Worker;
  readonly slots: readonly SharedArrayBuffer[];
  readonly freeSlots: number[];
  /** By id. */
  readonly batches: Map<number, RunningBatch>;
}

interface RunningBatch {
  readonly batch: Batch;
  readonly slot: number;
  readonly lent: SharedArrayBuffer | null;
}

/**
 * A pool of worker threads. Small work is done in the caller's thread; threads begin when there was enough of it to
 * pay. Beyond a bounded number of batches, jobs wait as they are, without a copy: at most about a MiB or one larger job for
 * each batch are copied. Threads that have nothing to do keep no process alive.
 */
export async function threadedCodecPool(options: ThreadedCodecPoolOptions = {}): Promise<ThreadedCodecPool> {
  const { threadCount = availableParallelism(), inlineBytes = INLINE_BYTES } = options;
  const inline = await nativeCodecPool();
  const url = workerUrl();
  const threads: Thread[] = [];
  const queue: Batch[] = [];
  /** Memory for lent results that nobody uses. */
  const lendable: SharedArrayBuffer[] = [];
  let nextId = 0;
  let inlineCost = 0;
  let runningCount = 0;
  let failure: Error | null = null;

  function fail(error: Error): void {
    failure ??= error;
    for (const { batches } of threads) {
      for (const { batch } of batches.values()) batch.reject(error);
      batches.clear();
    }
    for (const batch of queue.splice(0)) batch.reject(error);
  }

  function begin(entry: URL): void {
    while (threads.length < threadCount) {
      const slots = Array.from({ length: BATCHES_PER_THREAD }, () => new SharedArrayBuffer(SLOT_BYTES));
      const workerData: CodecWorkerData = { slots };
      const worker = new Worker(entry, {
        workerData,
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MIB },
      });
      const thread: Thread = { worker, slots, freeSlots: [...slots.keys()], batches: new Map() };
      worker.on('message', (message: FromCodecWorker) => take(thread, message));
      worker.on('error', (error: unknown) => fail(new Error(`a codec thread failed: ${errorText(error)}`)));
      worker.on('exit', (status) => fail(new Error(`a codec thread ended with status ${status}`)));
      worker.unref();
      threads.push(thread);
    }
  }

  /** Sends what waits to threads that have room. */
  function pump(): void {
    while (queue.length > 0) {
      let least = threads[0];
      for (const thread of threads) if (thread.batches.size < least.batches.size) least = thread;
      const slot = least.freeSlots.at(-1);
      if (slot === undefined) return;
      const batch = queue.shift();
      if (batch === undefined) return;
      least.freeSlots.pop();
      const id = nextId++;
      const lent = batch.isLent ? lentFor(batch) : null;
      least.batches.set(id, { batch, slot, lent });
      if (runningCount++ === 0) for (const { worker } of threads) worker.ref();
      const message = pack(id, batch.jobs, lent, least.slots, slot);
      least.worker.postMessage(message, typeof message.input === 'number' ? [] : [message.input]);
    }
  }

  /** Memory for the results, which are at most as large as the inputs; null for what is larger than it ever is. */
  function lentFor({ jobs }: Batch): SharedArrayBuffer | null {
    let sizeBytes = 0;
    for (const { data } of jobs) sizeBytes += alignedBytes(data.length);
    if (sizeBytes > LENT_BYTES) return null;
    return lendable.pop() ?? new SharedArrayBuffer(LENT_BYTES);
  }

  function take(thread: Thread, message: FromCodecWorker): void {
    const running = thread.batches.get(message.id);
    if (running === undefined) return;
    const { batch, slot, lent } = running;
    thread.batches.delete(message.id);
    thread.freeSlots.push(slot);
    if (--runningCount === 0) for (const { worker } of threads) worker.unref();
    countAllocated(message.output?.byteLength ?? 0);
    if (message.failure === null) {
      const results = resultsOf(batch.jobs, message, message.output ?? lent);
      batch.resolve({ results, checksums: message.checksums, lent });
    } else {
      if (lent !== null) lendable.push(lent);
      const { isFormatError, message: text, offset } = message.failure;
      batch.reject(isFormatError ? new FormatError(text, offset) : new Error(text));
    }
    pump();
  }

  /** Runs jobs in threads; null where they are done sooner in this one. */
  function submit(jobs: readonly CodecJob[], isLent: boolean): Promise<BatchResults>[] | null {
    if (failure !== null) throw failure;
    const cost = jobs.reduce((sum, job) => sum + costOf(job), 0);
    if (threads.length === 0) {
      inlineCost += cost;
      if (url === null || inlineCost <= inlineBytes) return null;
      begin(url);
    }
    if (cost === 0) return null;
    const parts = batchesOf(jobs).map((batchJobs) => {
      const done = new Promise<BatchResults>((resolve, reject) =>
        queue.push({ jobs: batchJobs, isLent, resolve, reject }),
      );
      // Another batch of the call may fail first; nobody waits for this one then.
      done.catch(() => undefined);
      return done;
    });
    pump();
    return parts;
  }

  return {
    get threadCount() {
      return threads.length;
    },
    async run(jobs) {
      const parts = submit(jobs, false);
      if (parts === null) return await inline.run(jobs);
      const results: Uint8Array[] = [];
      // In order, so that of several failing jobs it is always the same one that is told.
      for (const part of parts) results.push(...(await part).results);
      return results;
    },
    async lend(jobs) {
      const parts = submit(jobs, true) ?? [inline.run(jobs).then((results) => ({ ...NOT_LENT, results }))];
      const results: Uint8Array[] = [];
      const checksums: number[] = [];
      const lent: SharedArrayBuffer[] = [];
      for (const part of parts) {
        const batch = await part;
        for (const [i, result] of batch.results.entries()) {
          const { data } = jobs[results.length];
          const isSmaller = result.length < data.length;
          results.push(isSmaller ? result : data);
          checksums.push(isSmaller ? (batch.checksums[i] ?? checksum(result, 0)) : 0);
        }
        if (batch.lent !== null) lent.push(batch.lent);
      }
      return {
        results,
        checksums,
        giveBack() {
          lendable.push(...lent.splice(0));
        },
      };
    },
    async close() {
      fail(new AbortedError('the codec pool was closed'));
      await Promise.all(threads.map(({ worker }) => worker.terminate()));
    },
  };
}

/** The built file of the threads, which cannot run from TypeScript; null when nothing is built. */
function workerUrl(): URL | null {
  const url = import.meta.url.endsWith('.ts')
    ? new URL('../dist/native/codec-worker.js', import.meta.url)
    : new URL('./codec-worker.js', import.meta.url);
  return existsSync(url) ? url : null;
}

/** What a job costs, in bytes of snappy; 0 for what is done sooner than handed to a thread and back. */
function costOf(job: CodecJob): number {
  const isFast = COST[job.type] <= 1 && job.kind === 'decompress';
  return isFast ? 0 : COST[job.type] * plainBytesOf(job);
}

function plainBytesOf(job: CodecJob): number {
  return job.kind === 'compress' ? job.data.length : job.sizeBytes;
}

/** The jobs in runs of about the size that a thread gets at once. */
function batchesOf(jobs: readonly CodecJob[]): CodecJob[][] {
  const batches: CodecJob[][] = [];
  let filling: CodecJob[] = [];
  let share = 0;
  for (const job of jobs) {
    filling.push(job);
    share += plainBytesOf(job) / Math.max(LEAST_BATCH_BYTES, BATCH_BYTES / Math.max(1, COST[job.type]));
    if (share < 1) continue;
    batches.push(filling);
    filling = [];
    share = 0;
  }
  if (filling.length > 0) batches.push(filling);
  return batches;
}

/** The message for a batch, of which data that no thread sees yet are copied into a slot, or an array where they are larger. */
function pack(
  id: number,
  jobs: readonly CodecJob[],
  lent: SharedArrayBuffer | null,
  slots: readonly SharedArrayBuffer[],
  slot: number,
): ToCodecWorker {
  const sizeBytes = copiedBytes(jobs);
  const own = sizeBytes <= SLOT_BYTES ? null : Buffer.allocUnsafeSlow(sizeBytes).buffer;
  return { id, input: own ?? slot, lent, ...packJobs(jobs, new Uint8Array(own ?? slots[slot])) };
}

function resultsOf(
  jobs: readonly CodecJob[],
  { lengths }: FromCodecWorker,
  output: ArrayBufferLike | null,
): Uint8Array[] {
  let at = 0;
  return lengths.map((lengthBytes, i) => {
    if (lengthBytes === INPUT_KEPT) return jobs[i].data;
    const begin = at;
    at += alignedBytes(lengthBytes);
    return output === null ? NO_BYTES : new Uint8Array(output, begin, lengthBytes);
  });
}
