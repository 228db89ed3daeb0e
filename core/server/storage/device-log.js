import { IoError, OverflowError } from '../../errors.js';
import { decodeSuperSector } from '../../format/super-sector.js';
import { uuidEquals } from '../../format/uuid.js';
import { LOGICAL_BLOCK_BYTES } from '../../units.js';
import { STORAGE_STEPS as STEPS } from './steps.js';
import { requireDevice, volumeWorld } from './volume.js';
/** Byte position of the only copy that is written, see docs/formats.md. */
const SUPER_SECTOR_OFFSET_BYTES = 4096;
/** Reads and verifies the super sector of a log device. */
export async function readSuperSector(log) {
    const addressLb = SUPER_SECTOR_OFFSET_BYTES / LOGICAL_BLOCK_BYTES;
    const bytes = await log.read(addressLb, log.physicalBlockBytes / LOGICAL_BLOCK_BYTES, STEPS.readSuperSector);
    return decodeSuperSector(bytes, { verifyChecksum: true });
}
/** Reads the super sector of a volume's device. */
export async function readVolumeSuperSector(server, volume) {
    const path = requireDevice(volume, 'readSuperSector');
    const log = await volumeWorld(server, volume, 'super-sector').devices.openLog(path, STEPS.wlogOpenLog);
    try {
        return await readSuperSector(log);
    }
    finally {
        log.close();
    }
}
/** True when the log is the one that the volume's files speak of: same uuid, and not shorter than what was sent. */
export async function logMatchesFiles(server, volume) {
    const superSector = await readVolumeSuperSector(server, volume);
    if (!uuidEquals(superSector.uuid, await volume.files.loadUuid()))
        return false;
    const { latest } = await volumeWorld(server, volume, 'super-sector').devices.lsids(requireDevice(volume, 'logMatchesFiles'), STEPS.readDevice);
    return (await volume.files.loadDonePosition()).lsid <= latest;
}
/**
 * Lets the device forget its log below `lsid`. Nothing when that was done; throws OverflowError
 * `eraseWal:overflow:PATH`, and IoError EINVAL beyond what the data device is known to hold.
 */
export async function eraseWal(server, volume, lsid, step) {
    const path = requireDevice(volume, 'eraseWal');
    const { devices } = volumeWorld(server, volume, 'erase-wal');
    if (await devices.isOverflow(path, step))
        throw new OverflowError(`eraseWal:overflow:${path}`);
    const { oldest, prevWritten } = await devices.lsids(path, step);
    if (lsid <= oldest)
        return;
    if (lsid > prevWritten)
        throw new IoError('EINVAL', `eraseWal:invalid lsid:${path}:${lsid}:${prevWritten}`);
    await devices.setOldestLsid(path, lsid, step);
}
