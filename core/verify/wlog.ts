import { isEndBlock, nextLsid } from '../format/logpack.ts';
import { decodeWlogHeader, WLOG_HEADER_BYTES, type WlogHeader } from '../format/wlog.ts';
import { type Lsid, MIB } from '../units.ts';
import { type FileCheck, type FileReport, formatProblem } from './finding.ts';
import { checkPack, type LogCounts, type LogPlace, newLogCounts, packAt, probePack } from './log-data.ts';

/** Bytes that are looked through at a time for the next pack. */
const SCAN_BYTES = MIB;
const REMEDY =
  'take the log again from the device (wlog-cat) while it is there, else take a hash backup of the volume';

/**
 * Verifies a wlog file, or several in one file: headers, packs, the check sums of all data, the end block. Behind
 * a damaged pack it goes on at the next block that holds the pack that belongs there.
 */
export async function verifyWlog(check: FileCheck): Promise<FileReport> {
  const counts = newLogCounts();
  const lsids: string[] = [];
  for (let at: number | null = 0; at !== null && (at === 0 || at < check.file.sizeBytes); ) {
    const header = await readHeader(check, at);
    if (header === null) break;
    const end = await verifyPacks(check, header, at + WLOG_HEADER_BYTES, counts);
    lsids.push(`${header.beginLsid} to ${end.lsid}`);
    at = end.offset;
  }
  return {
    kind: 'wlog',
    counts: { ...(lsids.length > 1 && { wlogs: lsids.length }), lsids: lsids.join(', '), ...counts },
  };
}

async function readHeader(check: FileCheck, at: number): Promise<WlogHeader | null> {
  const { file, report } = check;
  const sizeBytes = Math.min(WLOG_HEADER_BYTES, file.sizeBytes - at);
  const bytes = await file.read(at, sizeBytes);
  check.onBytes(sizeBytes);
  try {
    return decodeWlogHeader(bytes);
  } catch (error) {
    const { problem, offset } = formatProblem(error);
    const isFirst = at === 0;
    report({
      severity: 'damage',
      offset: at + offset,
      part: 'wlog header',
      problem,
      cost: isFirst
        ? 'the whole log: the header says block size, salt and where it begins'
        : `the ${file.sizeBytes - at} bytes behind the end block, if they were another log`,
      remedy: isFirst ? REMEDY : 'cut off what stands behind the end block, if it is no log',
    });
    return null;
  }
}

interface PacksEnd {
  readonly lsid: Lsid;
  /** Behind the end block; null when there was none. */
  readonly offset: number | null;
}

function placeOf(check: FileCheck, header: WlogHeader, begin: number): LogPlace {
  const { physicalBlockBytes, salt, beginLsid } = header;
  const offsetOf = (lsid: Lsid) => begin + (lsid - beginLsid) * physicalBlockBytes;
  const roomPb = (lsid: Lsid) =>
    Math.max(0, Math.floor((check.file.sizeBytes - offsetOf(lsid)) / physicalBlockBytes));
  return { physicalBlockBytes, salt, offsetOf, roomPb, remedy: REMEDY };
}

async function verifyPacks(
  check: FileCheck,
  header: WlogHeader,
  begin: number,
  counts: LogCounts,
): Promise<PacksEnd> {
  const place = placeOf(check, header, begin);
  let lsid = header.beginLsid;
  while (place.roomPb(lsid) > 0) {
    const pack = await packAt(check, place, lsid);
    if (typeof pack !== 'string' && isEndBlock(pack)) return { lsid, offset: place.offsetOf(lsid + 1) };
    if (typeof pack !== 'string' && pack.logpackLsid === lsid) {
      const isWhole = await checkPack(check, place, pack, counts);
      lsid = nextLsid(pack);
      if (!isWhole) return { lsid, offset: null };
      continue;
    }
    const next = await findPack(check, place, lsid + 1);
    check.report({
      severity: 'damage',
      offset: place.offsetOf(lsid),
      part: `pack at lsid ${lsid}`,
      problem: typeof pack === 'string' ? pack : `the pack must have lsid ${lsid}, got ${pack.logpackLsid}`,
      cost:
        next === null
          ? `the log from lsid ${lsid} on: there is no pack in the ${place.roomPb(lsid)} blocks from here`
          : `the writes at lsids ${lsid} to ${next.lsid - 1}; to which blocks is not known`,
      remedy: REMEDY,
    });
    if (next === null) return { lsid, offset: null };
    lsid = next.lsid;
  }
  check.report({
    severity: 'damage',
    offset: place.offsetOf(lsid),
    part: `lsid ${lsid}`,
    problem: 'the file ends where a pack or the end block must stand',
    cost: `the log from lsid ${lsid} on, if there was more: nobody can tell`,
    remedy: `${REMEDY}; -noend makes the tools take it as it is`,
  });
  return { lsid, offset: null };
}

/** The next block that holds the pack of its place, or the end block, which fits every place. */
async function findPack(check: FileCheck, place: LogPlace, from: Lsid): Promise<{ lsid: Lsid } | null> {
  const { physicalBlockBytes: pbs, salt } = place;
  for (let lsid = from; place.roomPb(lsid) > 0; ) {
    const sizePb = Math.min(place.roomPb(lsid), Math.max(1, Math.floor(SCAN_BYTES / pbs)));
    const bytes = await check.file.read(place.offsetOf(lsid), sizePb * pbs);
    for (let at = 0; at < bytes.length; at += pbs, lsid++) {
      const pack = probePack(bytes.subarray(at, at + pbs), salt);
      if (pack !== null && (isEndBlock(pack) || pack.logpackLsid === lsid)) return { lsid };
    }
  }
  return null;
}
