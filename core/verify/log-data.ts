import { hex32 } from '../format/binary.ts';
import { checksumFinish, checksumPartial } from '../format/checksum.ts';
import { decodeLogpackHeader, type LogpackHeader, type LogRecord, recordSizePb } from '../format/logpack.ts';
import { LOGICAL_BLOCK_BYTES, type Lsid, MIB, type Pb } from '../units.ts';
import { blocksText, type FileCheck, formatProblem } from './finding.ts';

/** Data read at a time. */
const READ_BYTES = MIB;

/** Where the physical blocks of a log are in a file or device. */
export interface LogPlace {
  readonly physicalBlockBytes: number;
  readonly salt: number;
  /** Byte where the block of an lsid begins. */
  readonly offsetOf: (lsid: Lsid) => number;
  /** Blocks that stand one behind the other from there on; 0 behind the end. */
  readonly roomPb: (lsid: Lsid) => Pb;
  /** What is to be done about bad data. */
  readonly remedy: string;
}

/** What is counted of a log. */
export interface LogCounts extends Record<string, number> {
  packs: number;
  normal: number;
  discard: number;
  padding: number;
  blocks: number;
}

export function newLogCounts(): LogCounts {
  return { packs: 0, normal: 0, discard: 0, padding: 0, blocks: 0 };
}

/** The pack header at an lsid, or what is wrong with the block there. */
export async function packAt(
  { file, onBytes }: FileCheck,
  place: LogPlace,
  lsid: Lsid,
): Promise<LogpackHeader | string> {
  const block = await file.read(place.offsetOf(lsid), place.physicalBlockBytes);
  onBytes(block.length);
  try {
    return decodeLogpackHeader(block, place.salt);
  } catch (error) {
    return formatProblem(error).problem;
  }
}

/** The pack header in a block, or null when it is none. */
export function probePack(block: Uint8Array, salt: number): LogpackHeader | null {
  // Sector type 3: most blocks have another, and to throw for each is slow.
  if (block[4] !== 3 || block[5] !== 0) return null;
  try {
    return decodeLogpackHeader(block, salt);
  } catch (error) {
    formatProblem(error);
    return null;
  }
}

/**
 * Counts a pack and verifies the data of its records. False, after a finding, when the file ends within them. With
 * `onBad`, the first bad IO is handed to that instead of being a finding, and ends the check with false.
 */
export async function checkPack(
  check: FileCheck,
  place: LogPlace,
  pack: LogpackHeader,
  counts: LogCounts,
  onBad?: (record: LogRecord, problem: string) => void,
): Promise<boolean> {
  counts.packs++;
  for (const [index, record] of pack.records.entries()) {
    counts[record.kind] += 1;
    if (record.kind !== 'padding') counts.blocks += record.sizeLb;
    const found = await dataChecksum(check, place, record);
    if (found !== null && (record.kind !== 'normal' || found === record.checksum)) continue;
    const isCut = found === null;
    const problem = isCut
      ? 'the file ends within the data'
      : `the data must have the check sum ${hex32(record.checksum)}, got ${hex32(found)}`;
    if (onBad !== undefined) {
      onBad(record, problem);
      return false;
    }
    const lost =
      record.kind === 'normal'
        ? `what was written to ${blocksText(record.offsetLb, record.sizeLb)}`
        : 'nothing by itself';
    check.report({
      severity: 'damage',
      offset: place.offsetOf(record.lsid),
      part: `pack at lsid ${pack.logpackLsid}, record ${index}, lsid ${record.lsid}`,
      problem,
      cost: isCut ? `${lost}, and the log behind it` : lost,
      remedy: place.remedy,
    });
    if (isCut) return false;
  }
  return true;
}

/** The check sum of a record's data, read piece by piece; null when they are not all there. */
async function dataChecksum(
  { file, onBytes }: FileCheck,
  place: LogPlace,
  record: LogRecord,
): Promise<number | null> {
  const { physicalBlockBytes: pbs } = place;
  const sizePb = recordSizePb(record, pbs);
  let sum = place.salt;
  let leftBytes = record.sizeLb * LOGICAL_BLOCK_BYTES;
  for (let donePb = 0; donePb < sizePb; ) {
    const lsid = record.lsid + donePb;
    const piecePb = Math.min(sizePb - donePb, place.roomPb(lsid), Math.max(1, Math.floor(READ_BYTES / pbs)));
    if (piecePb <= 0) return null;
    donePb += piecePb;
    onBytes(piecePb * pbs);
    if (record.kind !== 'normal') continue;
    const bytes = await file.read(place.offsetOf(lsid), piecePb * pbs);
    const counted = Math.min(leftBytes, bytes.length);
    sum = checksumPartial(bytes.subarray(0, counted), sum);
    leftBytes -= counted;
  }
  return checksumFinish(sum);
}
