import { MAX_IMAGE_BYTES } from '../engine/plain-io.ts';
import { hex32 } from '../format/binary.ts';
import { checksum } from '../format/checksum.ts';
import {
  checkIndexRecordPlace,
  decodeIndexRecord,
  decodeIndexSuper,
  INDEX_RECORD_BYTES,
  INDEX_SUPER_BYTES,
  type IndexRecord,
} from '../format/indexed-wdiff.ts';
import { uuidToText } from '../format/uuid.ts';
import { WDIFF_HEADER_BYTES, type WdiffHeader } from '../format/wdiff-header.ts';
import { endLb } from '../format/wdiff-record.ts';
import { type Lb, LOGICAL_BLOCK_BYTES } from '../units.ts';
import { blocksText, type FileCheck, type FileReport, formatProblem } from './finding.ts';
import { unpackProblem } from './sorted-wdiff.ts';
import { newWdiffCounts, WDIFF_REMEDY, type WdiffCounts } from './wdiff-counts.ts';

/** Index records read at a time: 48 KiB. */
const PIECE_BYTES = 1024 * INDEX_RECORD_BYTES;
/** Images whose verdict is remembered, since their pieces need not stand together. */
const MAX_KNOWN_IMAGES = 65536;

/** Verdicts of images that were read already, by place, size and what was expected. */
type KnownImages = Map<string, string | null>;

/**
 * Verifies an indexed wdiff: super, every index record, order, the check sums of all data that the index refers to, and
 * that they decompress. Goes on behind a damaged index record.
 */
export async function verifyIndexedWdiff(check: FileCheck, header: WdiffHeader): Promise<FileReport> {
  const counts = newWdiffCounts();
  const report: FileReport = { kind: 'indexed wdiff', counts: { uuid: uuidToText(header.uuid), records: 0 } };
  const indexAt = await indexOffset(check);
  if (indexAt === null) return report;
  const indexEnd = check.file.sizeBytes - INDEX_SUPER_BYTES;
  const images: KnownImages = new Map();
  const records = (indexEnd - indexAt) / INDEX_RECORD_BYTES;
  let reachedLb: Lb = 0;
  for (let at = indexAt; at < indexEnd; at += PIECE_BYTES) {
    const bytes = await check.file.read(at, Math.min(PIECE_BYTES, indexEnd - at));
    check.onBytes(bytes.length);
    for (let from = 0; from < bytes.length; from += INDEX_RECORD_BYTES) {
      const number = (at + from - indexAt) / INDEX_RECORD_BYTES;
      const place = { offset: at + from, part: `index record ${number}` };
      const record = decodeRecord(check, bytes, from, place, reachedLb, indexAt);
      if (record === null) continue;
      reachedLb = Math.max(reachedLb, endLb(record));
      await checkRecord(check, record, place, counts, images);
    }
  }
  return { kind: 'indexed wdiff', counts: { uuid: uuidToText(header.uuid), records, ...counts } };
}

async function indexOffset({ file, onBytes, report }: FileCheck): Promise<number | null> {
  const superAt = Math.max(WDIFF_HEADER_BYTES, file.sizeBytes - INDEX_SUPER_BYTES);
  const bytes = await file.read(superAt, Math.max(0, file.sizeBytes - superAt));
  onBytes(bytes.length);
  try {
    return decodeIndexSuper(bytes, file.sizeBytes).indexOffsetBytes;
  } catch (error) {
    const { problem, offset } = formatProblem(error);
    report({
      severity: 'damage',
      offset: superAt + offset,
      part: 'index super',
      problem,
      cost: 'the whole diff: without the super nobody finds the index (a file that was never finished has none)',
      remedy: WDIFF_REMEDY,
    });
    return null;
  }
}

interface Place {
  readonly offset: number;
  readonly part: string;
}

function decodeRecord(
  { report }: FileCheck,
  bytes: Uint8Array,
  from: number,
  place: Place,
  reachedLb: Lb,
  indexAt: number,
): IndexRecord | null {
  let record: IndexRecord | null = null;
  try {
    record = decodeIndexRecord(bytes, from);
    checkIndexRecordPlace(record, reachedLb, indexAt);
    return record;
  } catch (error) {
    report({
      severity: 'damage',
      ...place,
      problem: formatProblem(error).problem,
      cost:
        record === null
          ? `a piece of the diff somewhere behind block ${reachedLb}; which blocks is not known`
          : `what the diff has of ${blocksText(record.addressLb, record.sizeLb)}`,
      remedy: WDIFF_REMEDY,
    });
    return null;
  }
}

async function checkRecord(
  check: FileCheck,
  record: IndexRecord,
  place: Place,
  counts: WdiffCounts,
  images: KnownImages,
): Promise<void> {
  counts[record.kind]++;
  counts.blocks += record.sizeLb;
  if (record.kind !== 'normal') return;
  const key = `${record.dataOffsetBytes}+${record.dataSizeBytes}=${record.imageSizeLb}:${record.compression}:${record.dataChecksum}`;
  let problem = images.get(key);
  if (problem === undefined) {
    problem = await imageProblem(check, record);
    counts.storedBytes += record.dataSizeBytes;
    if (images.size >= MAX_KNOWN_IMAGES) images.clear();
    images.set(key, problem);
  }
  if (problem === null) return;
  check.report({
    severity: 'damage',
    offset: record.dataOffsetBytes,
    part: place.part,
    problem,
    cost: `what the diff has of ${blocksText(record.addressLb, record.sizeLb)}`,
    remedy: WDIFF_REMEDY,
  });
}

async function imageProblem(check: FileCheck, record: IndexRecord): Promise<string | null> {
  const sizeBytes = record.imageSizeLb * LOGICAL_BLOCK_BYTES;
  if (sizeBytes > MAX_IMAGE_BYTES || record.dataSizeBytes > MAX_IMAGE_BYTES) {
    return `an image must have at most ${MAX_IMAGE_BYTES} bytes, got ${record.imageSizeLb} blocks`;
  }
  const data = await check.file.read(record.dataOffsetBytes, record.dataSizeBytes);
  check.onBytes(data.length);
  const found = checksum(data, 0);
  if (found !== record.dataChecksum) {
    return `the data must have the check sum ${hex32(record.dataChecksum)}, got ${hex32(found)}`;
  }
  return record.compression === 'none'
    ? null
    : await unpackProblem(check, record.compression, data, sizeBytes);
}
