/** Compression types of the wdiff format, in the order of their numbers. See docs/formats.md. */
export const COMPRESSION_TYPES = ['none', 'gzip', 'snappy', 'lzma', 'lz4', 'zstd'] as const;
/** A compression method by its name. */
export type CompressionType = (typeof COMPRESSION_TYPES)[number];

/**
 * One compression method: synchronous and pure. Compressed bytes need not equal another library's,
 * decompressing must give the same data and the framing is exact.
 */
export interface Codec {
  readonly type: CompressionType;
  /** Level 0 means the codec's own default. The result may be larger than the input. */
  compress(data: Uint8Array, level: number): Uint8Array;
  /**
   * False for data in which nothing repeats that a quick search finds, so that compressing them is not worth while: it would save
   * two hundredths at most. Not there for codecs that have no such search.
   */
  mayShrink?(data: Uint8Array): boolean;
  /** Throws FormatError unless the result has exactly `sizeBytes` bytes. Memory is bounded by `sizeBytes`. */
  decompress(data: Uint8Array, sizeBytes: number): Uint8Array;
}

/** Data to be compressed. */
export interface CompressJob {
  readonly kind: 'compress';
  readonly type: CompressionType;
  readonly level: number;
  readonly data: Uint8Array;
  /** Where compressing would not make it smaller, the input itself may be given back. */
  readonly shrinkOnly?: boolean;
}

/** One piece of work for a pool of codecs. */
export type CodecJob =
  | CompressJob
  | {
      readonly kind: 'decompress';
      readonly type: CompressionType;
      readonly sizeBytes: number;
      readonly data: Uint8Array;
    };

/**
 * Runs codec jobs, inline or on other cores. Results come in the order of the jobs. A failing job rejects the
 * whole batch. Yields to the event loop at least every few MiB.
 */
export interface CodecPool {
  run(jobs: readonly CodecJob[]): Promise<Uint8Array[]>;
  /** The same for jobs that shrink only, where the pool has memory that it uses again for what is soon written. */
  lend?(jobs: readonly CompressJob[]): Promise<LentResults>;
}

/** Results in memory that a pool uses again. */
export interface LentResults {
  /** In the order of the jobs; where compressing did not make it smaller, the input itself. */
  readonly results: readonly Uint8Array[];
  /** Check sums (docs/formats.md, "Check sum"; salt 0) of those that are smaller than their input, else 0. */
  readonly checksums: readonly number[];
  /** Says that the results are not used any more. */
  giveBack(): void;
}
