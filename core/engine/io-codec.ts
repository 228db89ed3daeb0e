import { checksum } from '../format/checksum.ts';
import type { RecordKind, WdiffIo } from '../format/wdiff-record.ts';
import { type Lb, LOGICAL_BLOCK_BYTES, MIB } from '../units.ts';
import type { CodecJob, CodecPool, CompressionType, CompressJob } from '../world/codec.ts';
import { checkImageSize, type PlainIo } from './plain-io.ts';

/** How the data of normal IOs are stored. Level 0 is the codec's own default. */
export interface CompressionOption {
  readonly type: CompressionType;
  readonly level: number;
}

/** What converters and the archive's merge use. */
export const SNAPPY: CompressionOption = { type: 'snappy', level: 0 };

/** An IO that is stored again as it was. */
export interface PassedIo {
  readonly addressLb: Lb;
  readonly sizeLb: Lb;
  readonly kind: RecordKind;
  /** The stored form, its check sum included. */
  readonly passed: WdiffIo;
}

export function isPassed(io: PlainIo | PassedIo): io is PassedIo {
  return 'passed' in io;
}

/** Plain bytes that are compressed as one batch of jobs, an IO more or less. */
export const BATCH_BYTES = 2 * MIB;
/** Plain bytes that are decompressed as one batch; less, since a merge reads many diffs at once. */
export const READ_BATCH_BYTES = MIB;

/**
 * Compresses the data of normal IOs and sets the check sums. Each result is stored compressed only where that is
 * strictly smaller, else as it is. What is stored already stays so. See docs/formats.md, "Compression".
 */
export async function compressIos(
  ios: readonly (PlainIo | PassedIo)[],
  option: CompressionOption,
  pool: CodecPool,
): Promise<WdiffIo[]> {
  const jobs = compressJobs(ios, option);
  return storedIos(ios, option.type, jobs.length > 0 ? await pool.run(jobs) : [], []);
}

/** Stored IOs whose data are in use until they are given back. */
export interface LentIos {
  readonly ios: readonly WdiffIo[];
  /** Says that the data are not used any more: the pool may use their memory again. */
  giveBack(): void;
}

/** What `compressIos` gives, for a caller that writes it and gives it back. */
export async function lendCompressedIos(
  ios: readonly (PlainIo | PassedIo)[],
  option: CompressionOption,
  pool: CodecPool,
): Promise<LentIos> {
  const jobs = compressJobs(ios, option);
  if (jobs.length === 0 || pool.lend === undefined) {
    return { ios: await compressIos(ios, option, pool), giveBack: () => undefined };
  }
  const { results, checksums, giveBack } = await pool.lend(jobs);
  return { ios: storedIos(ios, option.type, results, checksums), giveBack };
}

function compressJobs(ios: readonly (PlainIo | PassedIo)[], option: CompressionOption): CompressJob[] {
  const jobs: CompressJob[] = [];
  if (option.type === 'none') return jobs;
  const { type, level } = option;
  for (const io of ios) {
    if (io.kind === 'normal' && !isPassed(io))
      jobs.push({ kind: 'compress', type, level, data: io.data, shrinkOnly: true });
  }
  return jobs;
}

/** The IOs with the results of their jobs, and the check sums of those where they are known. */
function storedIos(
  ios: readonly (PlainIo | PassedIo)[],
  type: CompressionType,
  results: readonly Uint8Array[],
  checksums: readonly number[],
): WdiffIo[] {
  let next = 0;
  return ios.map((io) => {
    if (isPassed(io)) return io.passed;
    const { addressLb, sizeLb, kind } = io;
    if (kind !== 'normal')
      return { addressLb, sizeLb, kind, compression: 'none', data: io.data, checksum: 0 };
    const known: number | undefined = checksums[next];
    const smaller: Uint8Array | undefined = results[next++];
    const shrunk = smaller !== undefined && smaller.length < io.data.length;
    const data = shrunk ? smaller : io.data;
    const compression = shrunk ? type : 'none';
    const sum = shrunk ? (known ?? checksum(data, 0)) : (io.plainChecksum ?? checksum(data, 0));
    return { addressLb, sizeLb, kind, compression, data, checksum: sum };
  });
}

/**
 * The IOs with their data decompressed. Check sums are not looked at: whoever read the bytes has done so. Throws
 * FormatError for data that are not of the size that the IO says, before anything of that size is allocated.
 */
export async function decompressIos(ios: readonly WdiffIo[], pool: CodecPool): Promise<PlainIo[]> {
  const jobs: CodecJob[] = [];
  for (const io of ios) {
    checkImageSize(io.kind, io.sizeLb);
    if (io.compression !== 'none') {
      jobs.push({
        kind: 'decompress',
        type: io.compression,
        sizeBytes: io.sizeLb * LOGICAL_BLOCK_BYTES,
        data: io.data,
      });
    }
  }
  const plain = jobs.length > 0 ? await pool.run(jobs) : [];
  let next = 0;
  return ios.map((io) => {
    const { addressLb, sizeLb, kind } = io;
    return { addressLb, sizeLb, kind, data: io.compression === 'none' ? io.data : plain[next++] };
  });
}
