import { MAX_IMAGE_BYTES } from '../engine/plain-io.ts';
import { hex32 } from '../format/binary.ts';
import { checksum, checksumFinish, checksumPartial } from '../format/checksum.ts';
import {
  decodePackHeader,
  MAX_PACK_RECORDS,
  PACK_HEADER_BYTES,
  type PackHeader,
  probePackHeader,
} from '../format/sorted-wdiff.ts';
import { uuidToText } from '../format/uuid.ts';
import { WDIFF_HEADER_BYTES, type WdiffHeader } from '../format/wdiff-header.ts';
import { endLb, type WdiffRecord } from '../format/wdiff-record.ts';
import { type Lb, LOGICAL_BLOCK_BYTES, MIB } from '../units.ts';
import { blocksText, type FileCheck, type FileReport, formatProblem, type LocalFinding } from './finding.ts';
import { newWdiffCounts, WDIFF_REMEDY, type WdiffCounts } from './wdiff-counts.ts';

const SCAN_BYTES = MIB;

/**
 * Verifies the packs of a sorted wdiff: headers, order, the check sums of all data, that all data decompress, the end
 * pack. Behind a damaged pack header it goes on at the next bytes that are a pack header.
 */
export async function verifySortedWdiff(check: FileCheck, header: WdiffHeader): Promise<FileReport> {
  const counts = newWdiffCounts();
  const { file, report } = check;
  let packs = 0;
  let at = WDIFF_HEADER_BYTES;
  let reachedLb: Lb = 0;
  /** Where the last damaged pack header is, until the next good one says what may be missing. */
  let broken: Pick<LocalFinding, 'offset' | 'part' | 'problem'> | null = null;
  const reportBroken = (nextLb: Lb | null): void => {
    if (broken === null) return;
    const to = nextLb === null ? 'the end of the volume' : `block ${nextLb - 1}`;
    report({
      severity: 'damage',
      ...broken,
      cost: `what the diff has between block ${reachedLb} and ${to}, unless other packs have it`,
      remedy: WDIFF_REMEDY,
    });
    broken = null;
  };
  for (;;) {
    if (at + PACK_HEADER_BYTES > file.sizeBytes) {
      reportBroken(null);
      report({
        severity: 'damage',
        offset: Math.min(at, file.sizeBytes),
        part: `pack ${packs}`,
        problem: 'the file ends where a pack or the end pack must stand',
        cost: `what the diff has from block ${reachedLb} on, if there was more: nobody can tell`,
        remedy: WDIFF_REMEDY,
      });
      break;
    }
    const pack = await packAt(check, at);
    if (typeof pack === 'string') {
      broken = { offset: at, part: `pack ${packs}`, problem: pack };
      const next = await findPack(check, at);
      if (next === null) {
        reportBroken(null);
        break;
      }
      packs++;
      at = next;
      continue;
    }
    if (pack.end) {
      reportBroken(null);
      at += PACK_HEADER_BYTES;
      reportTail(check, at);
      break;
    }
    reportBroken(pack.records[0].addressLb);
    checkOrder(check, pack, packs, at, reachedLb);
    if (!(await checkData(check, pack, packs, at + PACK_HEADER_BYTES, counts))) break;
    reachedLb = Math.max(reachedLb, endLb(pack.records[pack.records.length - 1]));
    packs++;
    at += PACK_HEADER_BYTES + pack.totalSizeBytes;
  }
  return { kind: 'sorted wdiff', counts: { uuid: uuidToText(header.uuid), packs, ...counts } };
}

async function packAt({ file, onBytes }: FileCheck, at: number): Promise<PackHeader | string> {
  const block = await file.read(at, PACK_HEADER_BYTES);
  onBytes(block.length);
  try {
    return decodePackHeader(block);
  } catch (error) {
    return formatProblem(error).problem;
  }
}

function reportTail({ file, report }: FileCheck, at: number): void {
  if (at >= file.sizeBytes) return;
  report({
    severity: 'notice',
    offset: at,
    part: 'end pack',
    problem: `${file.sizeBytes - at} bytes stand behind the end pack, which nobody reads`,
    cost: '',
    remedy: 'cut them off, if they are nothing of yours',
  });
}

function checkOrder({ report }: FileCheck, pack: PackHeader, index: number, at: number, reachedLb: Lb): void {
  const [{ addressLb }] = pack.records;
  if (addressLb >= reachedLb) return;
  report({
    severity: 'damage',
    offset: at,
    part: `pack ${index}`,
    problem: `packs must not go back: block ${reachedLb} was reached, the pack begins at ${addressLb}`,
    cost: 'readers refuse the diff from here on',
    remedy: WDIFF_REMEDY,
  });
}

/** False when the file ends within the data. */
async function checkData(
  check: FileCheck,
  pack: PackHeader,
  index: number,
  dataAt: number,
  counts: WdiffCounts,
): Promise<boolean> {
  for (const [i, record] of pack.records.entries()) {
    counts[record.kind]++;
    counts.blocks += record.sizeLb;
    if (record.kind !== 'normal') continue;
    const at = dataAt + record.dataOffsetBytes;
    const isCut = at + record.dataSizeBytes > check.file.sizeBytes;
    const problem = isCut ? 'the file ends within the data' : await storedProblem(check, record, at);
    counts.storedBytes += record.dataSizeBytes;
    if (problem === null) continue;
    check.report({
      severity: 'damage',
      offset: at,
      part: `pack ${index}, record ${i}`,
      problem,
      cost: `what the diff has of ${blocksText(record.addressLb, record.sizeLb)}${isCut ? ', and everything behind' : ''}`,
      remedy: WDIFF_REMEDY,
    });
    if (isCut) return false;
  }
  return true;
}

/** What is wrong with stored data, or null. */
async function storedProblem(check: FileCheck, record: WdiffRecord, at: number): Promise<string | null> {
  const sizeBytes = record.sizeLb * LOGICAL_BLOCK_BYTES;
  if (sizeBytes > MAX_IMAGE_BYTES || record.dataSizeBytes > MAX_IMAGE_BYTES) {
    return `an IO must have at most ${MAX_IMAGE_BYTES} bytes, got ${record.sizeLb} blocks`;
  }
  const data = await check.file.read(at, record.dataSizeBytes);
  check.onBytes(data.length);
  const found = checksum(data, 0);
  if (found !== record.checksum) {
    return `the data must have the check sum ${hex32(record.checksum)}, got ${hex32(found)}`;
  }
  if (record.compression === 'none') return null;
  return await unpackProblem(check, record.compression, data, sizeBytes);
}

/** Why data do not decompress to `sizeBytes`, or null. */
export async function unpackProblem(
  { codecs }: Pick<FileCheck, 'codecs'>,
  type: WdiffRecord['compression'],
  data: Uint8Array,
  sizeBytes: number,
): Promise<string | null> {
  try {
    await codecs.run([{ kind: 'decompress', type, sizeBytes, data }]);
    return null;
  } catch (error) {
    return `the data have their check sum, but whoever wrote them was wrong: ${formatProblem(error).problem}`;
  }
}

/** Where the next pack header is behind a damaged one: where that says, or anywhere. */
async function findPack(check: FileCheck, brokenAt: number): Promise<number | null> {
  const { file } = check;
  const { totalSizeBytes } = probePackHeader(await file.read(brokenAt, PACK_HEADER_BYTES));
  const said = brokenAt + PACK_HEADER_BYTES + totalSizeBytes;
  if (said + PACK_HEADER_BYTES <= file.sizeBytes && (await isPack(check, said))) return said;
  for (let at = brokenAt + 1; at + PACK_HEADER_BYTES <= file.sizeBytes; at += SCAN_BYTES) {
    const bytes = await file.read(at, Math.min(SCAN_BYTES + PACK_HEADER_BYTES, file.sizeBytes - at));
    const found = findHeader(bytes);
    if (found !== null) return at + found;
  }
  return null;
}

async function isPack({ file }: FileCheck, at: number): Promise<boolean> {
  return findHeader(await file.read(at, PACK_HEADER_BYTES)) === 0;
}

/** Where in the bytes a whole pack header begins. */
function findHeader(bytes: Uint8Array): number | null {
  for (let at = 0; at + PACK_HEADER_BYTES <= bytes.length; at++) {
    // Few records, known flags, reserved bytes zero: this leaves next to nothing for the sum.
    const count = bytes[at + 4];
    if (bytes[at + 5] !== 0 || count > MAX_PACK_RECORDS || bytes[at + 6] > 1 || bytes[at + 7] !== 0) continue;
    if ((count === 0) !== (bytes[at + 6] === 1)) continue;
    const block = bytes.subarray(at, at + PACK_HEADER_BYTES);
    if (checksumFinish(checksumPartial(block, 0)) !== 0) continue;
    try {
      decodePackHeader(block);
      return at;
    } catch (error) {
      formatProblem(error);
    }
  }
  return null;
}
