import type { CompressionType } from '../core/world/index.ts';

/** What a pool and its worker threads send each other. Arrays of bytes change hands, they are not copied. */

/** One job of a batch, its data at `at` of the batch's bytes. */
export interface PackedJob {
  readonly kind: 'compress' | 'decompress';
  readonly type: CompressionType;
  /** Of compress. */
  readonly level: number;
  /** Of decompress: bytes that must come out. */
  readonly sizeBytes: number;
  readonly shrinkOnly: boolean;
  readonly at: number;
  readonly lengthBytes: number;
}

export interface ToCodecWorker {
  readonly id: number;
  readonly jobs: readonly PackedJob[];
  readonly input: ArrayBuffer;
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
  /** The buffer of the batch, for another one. */
  readonly input: ArrayBuffer;
  /** The results, each at a multiple of RESULT_ALIGNMENT_BYTES, in the order of the jobs. */
  readonly output: ArrayBuffer;
  readonly lengths: readonly number[];
  readonly failure: CodecFailure | null;
}

/** So that check sums are computed by whole words. */
export const RESULT_ALIGNMENT_BYTES = 8;

/** Where a result of `lengthBytes` makes the next one begin. */
export function alignedBytes(lengthBytes: number): number {
  return Math.ceil(lengthBytes / RESULT_ALIGNMENT_BYTES) * RESULT_ALIGNMENT_BYTES;
}
