import { MIB } from '../core/units.ts';
import { COMPRESSION_TYPES, type CodecJob } from '../core/world/index.ts';

/**
 * What a pool and its worker threads send each other. The data of a batch lie in memory that both see: where they were
 * already, else in slots that each thread has. Its jobs are a list of numbers, which costs a tenth of a list of objects to send.
 */

/** Bytes of a slot, in which the data of a batch lie one behind the other. */
export const SLOT_BYTES = 2 * MIB;

/** What a thread is given when it begins. */
export interface CodecWorkerData {
  readonly slots: readonly SharedArrayBuffer[];
}

/** Memory of a pool for results that are lent: as large as a slot, since they are smaller than their inputs. */
export const LENT_BYTES = SLOT_BYTES;

export interface ToCodecWorker {
  readonly id: number;
  /** Where data were copied to: the number of a slot, or an array that changes hands because they are larger. */
  readonly input: number | ArrayBuffer;
  /** Memory in which data lie that were not copied. */
  readonly shared: readonly SharedArrayBuffer[];
  /** As `packJobs` makes it. */
  readonly jobs: readonly number[];
  /** Where results are put, with their check sums; null: into an array that changes hands. */
  readonly lent: SharedArrayBuffer | null;
}

/** Length of a result that is the input of its job. */
export const INPUT_KEPT = -1;

export interface CodecFailure {
  readonly isFormatError: boolean;
  readonly message: string;
  /** Of a FormatError. */
  readonly offset: number;
}

export interface FromCodecWorker {
  readonly id: number;
  /** The results, each at a multiple of RESULT_ALIGNMENT_BYTES, in the order of the jobs; null when there are no bytes, or they are lent. */
  readonly output: ArrayBuffer | null;
  readonly lengths: readonly number[];
  /** Of lent results, 0 for inputs that are kept; else none. */
  readonly checksums: readonly number[];
  readonly failure: CodecFailure | null;
}

/** So that check sums are computed by whole words. */
export const RESULT_ALIGNMENT_BYTES = 8;

/** Where a result of `lengthBytes` makes the next one begin. */
export function alignedBytes(lengthBytes: number): number {
  return Math.ceil(lengthBytes / RESULT_ALIGNMENT_BYTES) * RESULT_ALIGNMENT_BYTES;
}

/** Of a job in a message. */
const KIND = { decompress: 0, compress: 1, compressShrinking: 2 } as const;

/** Numbers of one job in a message: kind, type, argument, memory, place and size of its data. */
const JOB_NUMBERS = 6;
/** Memory 0 is the input, others are shared. */
const INPUT_MEMORY = 0;

/** Bytes of the jobs' data that must be copied, each to a multiple of RESULT_ALIGNMENT_BYTES. */
export function copiedBytes(jobs: readonly CodecJob[]): number {
  let bytes = 0;
  for (const { data } of jobs) if (!isShared(data)) bytes += alignedBytes(data.length);
  return bytes;
}

/** Describes jobs, and copies their data into `input` unless they lie in shared memory. */
export function packJobs(
  jobs: readonly CodecJob[],
  input: Uint8Array,
): Pick<ToCodecWorker, 'jobs' | 'shared'> {
  const shared: SharedArrayBuffer[] = [];
  const numbers: number[] = [];
  let at = 0;
  for (const job of jobs) {
    const { data } = job;
    const type = COMPRESSION_TYPES.indexOf(job.type);
    if (job.kind === 'decompress') numbers.push(KIND.decompress, type, job.sizeBytes);
    else numbers.push(job.shrinkOnly === true ? KIND.compressShrinking : KIND.compress, type, job.level);
    const { buffer } = data;
    if (buffer instanceof SharedArrayBuffer) {
      let memory = shared.indexOf(buffer);
      if (memory < 0) memory = shared.push(buffer) - 1;
      numbers.push(memory + 1, data.byteOffset, data.length);
    } else {
      input.set(data, at);
      numbers.push(INPUT_MEMORY, at, data.length);
      at += alignedBytes(data.length);
    }
  }
  return { jobs: numbers, shared };
}

/** The jobs of a message, their data as views. */
export function* unpackJobs(
  { jobs, shared }: Pick<ToCodecWorker, 'jobs' | 'shared'>,
  input: ArrayBufferLike,
): Generator<CodecJob> {
  for (let i = 0; i < jobs.length; i += JOB_NUMBERS) {
    const [kind, typeNumber, argument, memory, at, lengthBytes] = jobs.slice(i, i + JOB_NUMBERS);
    const data = new Uint8Array(memory === INPUT_MEMORY ? input : shared[memory - 1], at, lengthBytes);
    const type = COMPRESSION_TYPES[typeNumber];
    yield kind === KIND.decompress
      ? { kind: 'decompress', type, sizeBytes: argument, data }
      : { kind: 'compress', type, level: argument, data, shrinkOnly: kind === KIND.compressShrinking };
  }
}

function isShared(data: Uint8Array): boolean {
  return data.buffer instanceof SharedArrayBuffer;
}
