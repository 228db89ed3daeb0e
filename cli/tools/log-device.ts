/** Log devices and their images as inputs of tools: super sector, and the ring as a stream of packs. */
import { BufferedReader, type ByteSource } from '../../core/engine/byte-stream.ts';
import { placedError } from '../../core/engine/placed-error.ts';
import { WlogReader } from '../../core/engine/wlog-reader.ts';
import { FormatError } from '../../core/errors.ts';
import {
  decodeSuperSector,
  encodeSuperSector,
  lsidToOffsetPb,
  probeSuperSectorBytes,
  RESERVED_BYTES,
  ringBufferOffsetPb,
  ringRoomPb,
  type SuperSector,
} from '../../core/format/super-sector.ts';
import type { WlogHeader } from '../../core/format/wlog.ts';
import { type Lb, LOGICAL_BLOCK_BYTES, type Lsid, MIB, type Pb } from '../../core/units.ts';
import type { BlockDevice } from '../../core/world/index.ts';
import { openFileDevice } from '../../native/file-device.ts';
import type { Progress } from '../progress.ts';

const READ_BYTES = MIB;
/** The largest super sector. */
const MAX_SUPER_BYTES = 4096;

const STEPS = { super: 'log-device.super', ring: 'log-device.ring', flush: 'log-device.flush' };

export interface LogDevice {
  readonly device: BlockDevice;
  readonly sector: SuperSector;
  /** The physical block that the super sector is in. */
  readonly superBlock: Uint8Array;
  /** Is told what is read of the ring. */
  readonly progress: Progress | null;
}

/** How a log device is opened. */
export interface LogDeviceOptions {
  readonly writable: boolean;
  /** Is told what is read of the ring; who knows how much will be read, says so. */
  readonly progress?: Progress;
}

/** Opens a log device or an image of one, calls `use`, closes. Throws FormatError unless it has a super sector. */
export async function withLogDevice<T>(
  path: string,
  { writable, progress }: LogDeviceOptions,
  use: (log: LogDevice) => Promise<T>,
): Promise<T> {
  // Past the page cache: a running walb driver writes its log device past it too.
  const device = await openFileDevice(path, { writable, direct: true });
  try {
    return await use({ ...(await readSuper(device, path)), progress: progress ?? null });
  } finally {
    device.close();
  }
}

async function readSuper(device: BlockDevice, path: string): Promise<Omit<LogDevice, 'progress'>> {
  const addressLb = RESERVED_BYTES / LOGICAL_BLOCK_BYTES;
  const sizeLb = MAX_SUPER_BYTES / LOGICAL_BLOCK_BYTES;
  if (device.sizeLb() < addressLb + sizeLb) {
    const sizeBytes = device.sizeLb() * LOGICAL_BLOCK_BYTES;
    throw new FormatError(
      `eof error: a log device must have a super sector (at byte ${RESERVED_BYTES} of ${path}, which has ${sizeBytes})`,
      sizeBytes,
    );
  }
  const bytes = await device.read(addressLb, sizeLb, STEPS.super);
  try {
    // A file has no physical blocks of its own: the super sector says how large those of the log are.
    const superBlock = bytes.slice(0, probeSuperSectorBytes(bytes));
    const sector = decodeSuperSector(superBlock);
    const { physicalBlockBytes: pbs, metadataSizePb, ringBufferSizePb } = sector;
    const endPb = ringBufferOffsetPb(pbs, metadataSizePb) + ringBufferSizePb;
    if (ringBufferSizePb === 0 || (endPb * pbs) / LOGICAL_BLOCK_BYTES > device.sizeLb()) {
      throw new FormatError(`the ring buffer of ${ringBufferSizePb} blocks must be inside the device`);
    }
    return { device, sector, superBlock };
  } catch (error) {
    const placed = placedError(error, RESERVED_BYTES);
    if (!(placed instanceof FormatError)) throw placed;
    throw new FormatError(`${placed.message} (at byte ${placed.offset} of ${path})`, placed.offset);
  }
}

/** Writes the super sector, behind everything that was written before, and makes it durable. */
export async function writeSuper({ device }: LogDevice, sector: SuperSector): Promise<void> {
  await device.flush(STEPS.flush);
  const addressLb = RESERVED_BYTES / LOGICAL_BLOCK_BYTES;
  await device.write(addressLb, encodeSuperSector(sector), STEPS.super);
  await device.flush(STEPS.flush);
}

/** Where the physical block of an lsid is, in logical blocks. */
function ringAddressLb(sector: SuperSector, lsid: Lsid): Lb {
  return (lsidToOffsetPb(lsid, sector) * sector.physicalBlockBytes) / LOGICAL_BLOCK_BYTES;
}

/** Reads physical blocks from `lsid` on; they must not go over the end of the ring. */
export async function readRing(
  { device, sector, progress }: LogDevice,
  lsid: Lsid,
  sizePb: Pb,
): Promise<Uint8Array> {
  const sizeLb = (sizePb * sector.physicalBlockBytes) / LOGICAL_BLOCK_BYTES;
  const bytes = await device.read(ringAddressLb(sector, lsid), sizeLb, STEPS.ring);
  progress?.add(bytes.length);
  return bytes;
}

/** Writes physical blocks from `lsid` on; they must not go over the end of the ring. */
export async function writeRing({ device, sector }: LogDevice, lsid: Lsid, bytes: Uint8Array): Promise<void> {
  await device.write(ringAddressLb(sector, lsid), bytes, STEPS.ring);
}

/** The physical blocks of the ring from `beginLsid` up to `endLsid`, but never more than one lap. */
export function ringSource(log: LogDevice, beginLsid: Lsid, endLsid: Lsid | null): ByteSource {
  const { physicalBlockBytes: pbs, ringBufferSizePb } = log.sector;
  const lapEndLsid = beginLsid + ringBufferSizePb;
  const limitLsid = endLsid === null ? lapEndLsid : Math.min(endLsid, lapEndLsid);
  let lsid = beginLsid;
  return {
    async read(maxBytes) {
      if (lsid >= limitLsid) return null;
      const wantedPb = Math.max(1, Math.floor(Math.min(maxBytes, READ_BYTES) / pbs));
      const sizePb = Math.min(wantedPb, ringRoomPb(lsid, ringBufferSizePb), limitLsid - lsid);
      lsid += sizePb;
      return await readRing(log, lsid - sizePb, sizePb);
    },
  };
}

/** Says how much of the ring is going to be read: up to `endLsid`, one lap at most; null where only the log knows its end. */
export function expectRing({ sector, progress }: LogDevice, beginLsid: Lsid, endLsid: Lsid | null): void {
  const { physicalBlockBytes: pbs, ringBufferSizePb } = sector;
  progress?.expect(endLsid === null ? null : Math.min(endLsid - beginLsid, ringBufferSizePb) * pbs);
}

/** The packs of the ring from `beginLsid` on. `endLsid` is only what the header says. */
export function ringWlog(log: LogDevice, beginLsid: Lsid, endLsid: Lsid | null): WlogReader {
  const { physicalBlockBytes, salt, uuid } = log.sector;
  const header: WlogHeader = { physicalBlockBytes, salt, uuid, beginLsid, endLsid };
  expectRing(log, beginLsid, endLsid);
  const reader = new BufferedReader(ringSource(log, beginLsid, null));
  return new WlogReader(header, reader, { checkLsid: true });
}

/** Throws unless the range has a block at least. */
export function checkLsidRange(beginLsid: Lsid, endLsid: Lsid | null): void {
  if (endLsid !== null && beginLsid >= endLsid) {
    throw new Error(`bad lsid range: the begin must be below the end, got ${beginLsid} and ${endLsid}`);
  }
}
