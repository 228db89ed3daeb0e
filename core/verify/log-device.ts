import { FormatError } from '../errors.ts';
import { isEndBlock, nextLsid } from '../format/logpack.ts';
import {
  decodeSuperSector,
  lsidToOffsetPb,
  probeSuperSectorBytes,
  RESERVED_BYTES,
  ringBufferOffsetPb,
  ringRoomPb,
  type SuperSector,
} from '../format/super-sector.ts';
import { uuidToText } from '../format/uuid.ts';
import { type Lsid, MIB } from '../units.ts';
import { blocksText, type FileCheck, type FileReport, formatProblem } from './finding.ts';
import { checkPack, type LogCounts, type LogPlace, newLogCounts, packAt, probePack } from './log-data.ts';

/** Read for the super sector, whatever the block size. */
const SUPER_BYTES = 4096;
/** Bytes that are looked through at a time for the next pack. */
const SCAN_BYTES = MIB;
const HASH_BACKUP = 'reset the log (wdevc reset-wal) and take a hash backup of the volume (walbc hash-bkp)';

/**
 * Verifies a log device: super sector, and packs from the oldest lsid on. Up to the written lsid everything must be
 * whole, since it waits to be shipped; behind it the log ends where no whole pack follows, as after every crash.
 */
export async function verifyLogDevice(check: FileCheck): Promise<FileReport> {
  const sector = await readSuper(check);
  if (sector === null) return { kind: 'log device', counts: {} };
  const { oldestLsid, writtenLsid, ringBufferSizePb, name, uuid } = sector;
  const counts = newLogCounts();
  const hasOverflowed = writtenLsid - oldestLsid > ringBufferSizePb;
  if (hasOverflowed) {
    check.report({
      severity: 'damage',
      offset: RESERVED_BYTES,
      part: 'super sector',
      problem: `the log has overflowed: lsids ${oldestLsid} to ${writtenLsid} do not fit the ring of ${ringBufferSizePb} blocks`,
      cost: `log from lsid ${oldestLsid} on that was not shipped`,
      remedy: HASH_BACKUP,
    });
  }
  const end = await verifyRing(check, sector, hasOverflowed ? writtenLsid : oldestLsid, counts);
  return {
    kind: 'log device',
    counts: {
      name: name === '' ? '(none)' : name,
      uuid: uuidToText(uuid),
      ringPb: ringBufferSizePb,
      lsids: `oldest ${oldestLsid}, written ${writtenLsid}, end ${end}`,
      ...counts,
    },
  };
}

async function readSuper({ file, report, onBytes }: FileCheck): Promise<SuperSector | null> {
  const sizeBytes = Math.max(0, Math.min(SUPER_BYTES, file.sizeBytes - RESERVED_BYTES));
  const bytes = await file.read(RESERVED_BYTES, sizeBytes);
  onBytes(sizeBytes);
  try {
    const sector = decodeSuperSector(bytes.slice(0, probeSuperSectorBytes(bytes)));
    const { physicalBlockBytes: pbs, metadataSizePb, ringBufferSizePb } = sector;
    const endBytes = (ringBufferOffsetPb(pbs, metadataSizePb) + ringBufferSizePb) * pbs;
    if (ringBufferSizePb === 0 || endBytes > file.sizeBytes) {
      throw new FormatError(`the ring of ${ringBufferSizePb} blocks must lie inside the device`);
    }
    return sector;
  } catch (error) {
    const { problem, offset } = formatProblem(error);
    report({
      severity: 'damage',
      offset: RESERVED_BYTES + offset,
      part: 'super sector',
      problem,
      cost: 'the whole log: the super sector says the salt and where it begins, and the device does not start without',
      remedy: `format the log device anew (wdevc format-ldev; the data device may lack the last writes), then ${HASH_BACKUP}`,
    });
    return null;
  }
}

function placeOf(sector: SuperSector): LogPlace {
  const { physicalBlockBytes, salt, ringBufferSizePb } = sector;
  return {
    physicalBlockBytes,
    salt,
    offsetOf: (lsid) => lsidToOffsetPb(lsid, sector) * physicalBlockBytes,
    roomPb: (lsid) => ringRoomPb(lsid, ringBufferSizePb),
    remedy: HASH_BACKUP,
  };
}

/** Goes through the packs from an lsid on, at most one lap; gives the lsid where the log ends. */
async function verifyRing(
  check: FileCheck,
  sector: SuperSector,
  begin: Lsid,
  counts: LogCounts,
): Promise<Lsid> {
  const { writtenLsid, ringBufferSizePb } = sector;
  const place = placeOf(sector);
  const limit = begin + ringBufferSizePb;
  let lsid = begin;
  while (lsid < limit) {
    const isNeeded = lsid < writtenLsid;
    const pack = await packAt(check, place, lsid);
    const isHere = typeof pack !== 'string' && !isEndBlock(pack) && pack.logpackLsid === lsid;
    if (isHere && nextLsid(pack) <= limit) {
      const isWhole = await checkPack(
        check,
        place,
        pack,
        counts,
        isNeeded ? undefined : tornNotice(check, place),
      );
      if (!isWhole && !isNeeded) return lsid;
      lsid = nextLsid(pack);
      continue;
    }
    if (!isNeeded) return lsid;
    const next = (await findPack(check, place, lsid + 1, writtenLsid)) ?? writtenLsid;
    check.report({
      severity: 'damage',
      offset: place.offsetOf(lsid),
      part: `pack at lsid ${lsid}`,
      problem:
        typeof pack === 'string'
          ? pack
          : `a pack of lsid ${lsid} must stand here, got one of ${pack.logpackLsid}`,
      cost: `the writes at lsids ${lsid} to ${next - 1} for backups (the data device has them); to which blocks is not known`,
      remedy: HASH_BACKUP,
    });
    lsid = next;
  }
  return lsid;
}

/** Says where a log ends within a pack: redo cuts it there, which loses nothing that was acknowledged as durable. */
function tornNotice({ report }: FileCheck, place: LogPlace): Parameters<typeof checkPack>[4] {
  return (record, problem) =>
    report({
      severity: 'notice',
      offset: place.offsetOf(record.lsid),
      part: `lsid ${record.lsid}, behind the written lsid`,
      problem: `the log ends within a pack, at ${blocksText(record.offsetLb, record.sizeLb)}: ${problem}`,
      cost: '',
      remedy: 'none: starting the device cuts the pack there, as after every crash',
    });
}

/** The lsid of the next block that holds the pack of its place, before `to`. */
async function findPack(check: FileCheck, place: LogPlace, from: Lsid, to: Lsid): Promise<Lsid | null> {
  const { physicalBlockBytes: pbs, salt } = place;
  for (let lsid = from; lsid < to; ) {
    const sizePb = Math.min(place.roomPb(lsid), to - lsid, Math.max(1, Math.floor(SCAN_BYTES / pbs)));
    const bytes = await check.file.read(place.offsetOf(lsid), sizePb * pbs);
    for (let at = 0; at < bytes.length; at += pbs, lsid++) {
      if (probePack(bytes.subarray(at, at + pbs), salt)?.logpackLsid === lsid) return lsid;
    }
  }
  return null;
}
