import { FormatError, IoError, OverflowError } from '../../errors.ts';
import { decodeSuperSector, type SuperSector } from '../../format/super-sector.ts';
import { uuidEquals } from '../../format/uuid.ts';
import type { Lsid } from '../../units.ts';
import { LOGICAL_BLOCK_BYTES } from '../../units.ts';
import type { BlockDevice } from '../../world/index.ts';
import { STORAGE_STEPS as STEPS } from './steps.ts';
import { requireDevice, type StorageServer, type StorageVolume, volumeWorld } from './volume.ts';

/** Byte position of the only copy that is written, see docs/formats.md. */
const SUPER_SECTOR_OFFSET_BYTES = 4096;

/** Reads and verifies the super sector of a log device. */
export async function readSuperSector(log: BlockDevice): Promise<SuperSector> {
  const addressLb = SUPER_SECTOR_OFFSET_BYTES / LOGICAL_BLOCK_BYTES;
  const bytes = await log.read(
    addressLb,
    log.physicalBlockBytes / LOGICAL_BLOCK_BYTES,
    STEPS.readSuperSector,
  );
  return decodeSuperSector(bytes, { verifyChecksum: true });
}

/** Reads the super sector of a volume's device. */
export async function readVolumeSuperSector(
  server: StorageServer,
  volume: StorageVolume,
): Promise<SuperSector> {
  const path = requireDevice(volume, 'readSuperSector');
  const log = await volumeWorld(server, volume, 'super-sector').devices.openLog(path, STEPS.wlogOpenLog);
  try {
    return await readSuperSector(log);
  } finally {
    log.close();
  }
}

/**
 * True when the log is the one that the volume's files speak of: same uuid, and not shorter than what was sent. Not where
 * one of them is damaged: a reset writes them anew.
 */
export async function logMatchesFiles(server: StorageServer, volume: StorageVolume): Promise<boolean> {
  const superSector = await readVolumeSuperSector(server, volume);
  const damage = await damageOfFiles(volume);
  if (damage !== null) {
    volumeWorld(server, volume, 'super-sector').log.error(`damaged file:${volume.volId}:${damage}`);
    return false;
  }
  if (!uuidEquals(superSector.uuid, await volume.files.loadUuid())) return false;
  const { latest } = await volumeWorld(server, volume, 'super-sector').devices.lsids(
    requireDevice(volume, 'logMatchesFiles'),
    STEPS.readDevice,
  );
  return (await volume.files.loadDonePosition()).lsid <= latest;
}

/** What is wrong with the files that tell what was sent, or null. */
async function damageOfFiles({ files }: StorageVolume): Promise<string | null> {
  for (const [name, load] of [
    ['uuid', () => files.loadUuid()],
    ['done', () => files.loadDone()],
    ['queue', () => files.loadQueue()],
  ] as const) {
    try {
      await load();
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
      return `${name}:${error.message}`;
    }
  }
  return null;
}

/**
 * Lets the device forget its log below `lsid`. Nothing when that was done; throws OverflowError
 * `eraseWal:overflow:PATH`, and IoError EINVAL beyond what the data device is known to hold.
 */
export async function eraseWal(
  server: StorageServer,
  volume: StorageVolume,
  lsid: Lsid,
  step: string,
): Promise<void> {
  const path = requireDevice(volume, 'eraseWal');
  const { devices } = volumeWorld(server, volume, 'erase-wal');
  if (await devices.isOverflow(path, step)) throw new OverflowError(`eraseWal:overflow:${path}`);
  const { oldest, prevWritten } = await devices.lsids(path, step);
  if (lsid <= oldest) return;
  if (lsid > prevWritten) throw new IoError('EINVAL', `eraseWal:invalid lsid:${path}:${lsid}:${prevWritten}`);
  await devices.setOldestLsid(path, lsid, step);
}
