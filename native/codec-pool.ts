import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { AbortedError, errorText, FormatError } from '../core/errors.ts';
import { KIB, MIB } from '../core/units.ts';
import type { CodecJob, CodecPool, CompressionType } from '../core/world/index.ts';
import {
  alignedBytes,
  type CodecWorkerData,
  copiedBytes,
  type FromCodecWorker,
  INPUT_KEPT,
  packJobs,
  SLOT_BYTES,
  type ToCodecWorker,
} from './codec-message.ts';
import { nativeCodecPool } from './codecs.ts';
import { countAllocated } from './collect.ts';

/** A codec pool that holds threads. */
export interface ThreadedCodecPool extends CodecPool {
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

const NO_BYTES = new Uint8Array(0);

/** Some jobs of a call, and what waits for them. */
interface Batch {
  readonly jobs: readonly CodecJob[];
  readonly resolve: (results: Uint8Array[]) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  readonly slots: readonly SharedArrayBuffer[];
  readonly freeSlots: number[];
  /** By id. */
  readonly batches: Map<number, { readonly batch: Batch; readonly slot: number }>;
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
      least.batches.set(id, { batch, slot });
      if (runningCount++ === 0) for (const { worker } of threads) worker.ref();
      const message = pack(id, batch.jobs, least.slots, slot);
      least.worker.postMessage(message, typeof message.input === 'number' ? [] : [message.input]);
    }
  }

  function take(thread: Thread, message: FromCodecWorker): void {
    const running = thread.batches.get(message.id);
    if (running === undefined) return;
    const { batch, slot } = running;
    thread.batches.delete(message.id);
    thread.freeSlots.push(slot);
    if (--runningCount === 0) for (const { worker } of threads) worker.unref();
    countAllocated(message.output?.byteLength ?? 0);
    if (message.failure === null) {
      batch.resolve(resultsOf(batch.jobs, message));
    } else {
      const { isFormatError, message: text, offset } = message.failure;
      batch.reject(isFormatError ? new FormatError(text, offset) : new Error(text));
    }
    pump();
  }

  function submit(jobs: readonly CodecJob[]): Promise<Uint8Array[]> {
    const done = new Promise<Uint8Array[]>((resolve, reject) => queue.push({ jobs, resolve, reject }));
    // Another batch of the call may fail first; nobody waits for this one then.
    done.catch(() => undefined);
    return done;
  }

  return {
    get threadCount() {
      return threads.length;
    },
    async run(jobs) {
      if (failure !== null) throw failure;
      const cost = jobs.reduce((sum, job) => sum + costOf(job), 0);
      if (threads.length === 0) {
        inlineCost += cost;
        if (url === null || inlineCost <= inlineBytes) return await inline.run(jobs);
        begin(url);
      }
      if (cost === 0) return await inline.run(jobs);
      const parts = batchesOf(jobs).map(submit);
      pump();
      const results: Uint8Array[] = [];
      // In order, so that of several failing jobs it is always the same one that is told.
      for (const part of parts) for (const result of await part) results.push(result);
      return results;
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
  slots: readonly SharedArrayBuffer[],
  slot: number,
): ToCodecWorker {
  const sizeBytes = copiedBytes(jobs);
  const own = sizeBytes <= SLOT_BYTES ? null : Buffer.allocUnsafeSlow(sizeBytes).buffer;
  return { id, input: own ?? slot, ...packJobs(jobs, new Uint8Array(own ?? slots[slot])) };
}

function resultsOf(jobs: readonly CodecJob[], { output, lengths }: FromCodecWorker): Uint8Array[] {
  let at = 0;
  return lengths.map((lengthBytes, i) => {
    if (lengthBytes === INPUT_KEPT) return jobs[i].data;
    const begin = at;
    at += alignedBytes(lengthBytes);
    return output === null ? NO_BYTES : new Uint8Array(output, begin, lengthBytes);
  });
}
