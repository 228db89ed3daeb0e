/**
 * The super sector of a log device, and where things are on the device: the map, and the arithmetic of the
 * ring buffer. See docs/formats.md, "Log device".
 */
import { FormatError } from '../errors.js';
import { LOGICAL_BLOCK_BYTES } from '../units.js';
import { checkU32, getU64Number, setU64, viewOf } from './binary.js';
import { checksum } from './checksum.js';
import { checkPhysicalBlockBytes, lbPerPb } from './physical-block.js';
import { readUuid, writeUuid } from './uuid.js';
export const SUPER_SECTOR_TYPE = 0x0001;
/** Version of super sectors and of wlog files. */
export const WALB_LOG_VERSION = 2;
/** Bytes at the start of a log device that nothing touches; super sector 0 follows. */
export const RESERVED_BYTES = 4096;
/** Bytes of the name field, with its terminator. */
export const NAME_FIELD_BYTES = 32;
/** Byte offsets inside the sector; the rest of the physical block is zero. */
const AT = {
    sectorType: 0,
    version: 2,
    checksum: 4,
    logicalBlockBytes: 8,
    physicalBlockBytes: 12,
    metadataSizePb: 16,
    salt: 20,
    uuid: 24,
    name: 40,
    ringBufferSizePb: 72,
    oldestLsid: 80,
    writtenLsid: 88,
    deviceSizeLb: 96,
};
/** Throws FormatError unless the size is one that a log device can have (its blocks must tile 4096 bytes). */
function checkDeviceBlockBytes(pbs) {
    checkPhysicalBlockBytes(pbs, AT.physicalBlockBytes);
    if (RESERVED_BYTES % pbs !== 0) {
        throw new FormatError(`the physical block size of a log device must divide ${RESERVED_BYTES}, got ${pbs}`, AT.physicalBlockBytes);
    }
}
/** One physical block with the super sector, its checksum set. Throws FormatError for values it cannot hold. */
export function encodeSuperSector(sector) {
    checkSuperSector(sector);
    const block = new Uint8Array(sector.physicalBlockBytes);
    const view = viewOf(block);
    view.setUint16(AT.sectorType, SUPER_SECTOR_TYPE, true);
    view.setUint16(AT.version, WALB_LOG_VERSION, true);
    view.setUint32(AT.logicalBlockBytes, LOGICAL_BLOCK_BYTES, true);
    view.setUint32(AT.physicalBlockBytes, sector.physicalBlockBytes, true);
    view.setUint32(AT.metadataSizePb, sector.metadataSizePb, true);
    view.setUint32(AT.salt, sector.salt, true);
    writeUuid(block, AT.uuid, sector.uuid);
    const name = new TextEncoder().encode(sector.name);
    if (name.length >= NAME_FIELD_BYTES || name.includes(0)) {
        throw new FormatError(`a device name must have at most 31 bytes and no NUL: ${sector.name}`, AT.name);
    }
    block.set(name, AT.name);
    setU64(view, AT.ringBufferSizePb, sector.ringBufferSizePb, 'the ring buffer size');
    setU64(view, AT.oldestLsid, sector.oldestLsid, 'the oldest lsid');
    setU64(view, AT.writtenLsid, sector.writtenLsid, 'the written lsid');
    setU64(view, AT.deviceSizeLb, sector.deviceSizeLb, 'the device size');
    view.setUint32(AT.checksum, checksum(block, 0), true);
    return block;
}
/**
 * Decodes a physical block that holds a super sector; its length must be the physical block size in it.
 * Throws FormatError unless valid. `verifyChecksum` is for reading damaged devices; leave it on.
 */
export function decodeSuperSector(block, options) {
    const physicalBlockBytes = probeSuperSectorBytes(block);
    if (physicalBlockBytes !== block.length) {
        throw new FormatError(`the super sector must say the physical block size ${block.length}, got ${physicalBlockBytes}`, AT.physicalBlockBytes);
    }
    if (options?.verifyChecksum !== false && checksum(block, 0) !== 0) {
        throw new FormatError('the super sector must have a valid checksum', AT.checksum);
    }
    const view = viewOf(block);
    const nameEnd = block.indexOf(0, AT.name);
    if (nameEnd < 0 || nameEnd >= AT.name + NAME_FIELD_BYTES) {
        throw new FormatError('the device name must end with NUL inside its 32 bytes', AT.name);
    }
    const sector = {
        physicalBlockBytes,
        metadataSizePb: view.getUint32(AT.metadataSizePb, true),
        salt: view.getUint32(AT.salt, true),
        uuid: readUuid(block, AT.uuid),
        name: new TextDecoder().decode(block.subarray(AT.name, nameEnd)),
        ringBufferSizePb: getU64Number(view, AT.ringBufferSizePb, 'the ring buffer size'),
        oldestLsid: getU64Number(view, AT.oldestLsid, 'the oldest lsid'),
        writtenLsid: getU64Number(view, AT.writtenLsid, 'the written lsid'),
        deviceSizeLb: getU64Number(view, AT.deviceSizeLb, 'the device size'),
    };
    checkSuperSector(sector);
    return sector;
}
/**
 * The physical block size that a super sector says, from at least its first 104 bytes: for images in files,
 * which have no physical block size of their own. Throws FormatError unless it looks like a super sector.
 */
export function probeSuperSectorBytes(bytes) {
    const usedBytes = AT.deviceSizeLb + 8;
    if (bytes.length < usedBytes) {
        throw new FormatError(`a super sector must have ${usedBytes} bytes, got ${bytes.length}`);
    }
    const view = viewOf(bytes);
    const type = view.getUint16(AT.sectorType, true);
    if (type !== SUPER_SECTOR_TYPE) {
        throw new FormatError(`a super sector must have sector type ${SUPER_SECTOR_TYPE}, got ${type}`, AT.sectorType);
    }
    const version = view.getUint16(AT.version, true);
    if (version !== WALB_LOG_VERSION) {
        throw new FormatError(`the super sector must have version ${WALB_LOG_VERSION}, got ${version}`, AT.version);
    }
    const logicalBlockBytes = view.getUint32(AT.logicalBlockBytes, true);
    if (logicalBlockBytes !== LOGICAL_BLOCK_BYTES) {
        throw new FormatError(`the logical block size must be 512, got ${logicalBlockBytes}`, AT.logicalBlockBytes);
    }
    const physicalBlockBytes = view.getUint32(AT.physicalBlockBytes, true);
    checkDeviceBlockBytes(physicalBlockBytes);
    return physicalBlockBytes;
}
/** The checksum field of an encoded super sector, as the tools print it. */
export function superSectorChecksum(block) {
    return viewOf(block).getUint32(AT.checksum, true);
}
function checkSuperSector(sector) {
    checkDeviceBlockBytes(sector.physicalBlockBytes);
    checkU32(sector.metadataSizePb, 'the metadata size', AT.metadataSizePb);
    checkU32(sector.salt, 'the salt', AT.salt);
    if (sector.oldestLsid > sector.writtenLsid) {
        throw new FormatError(`oldest lsid must be <= written lsid, got ${sector.oldestLsid} and ${sector.writtenLsid}`, AT.oldestLsid);
    }
}
/** Where super sector 0 is: always at byte 4096. */
export function superSectorOffsetPb(pbs) {
    checkDeviceBlockBytes(pbs);
    return RESERVED_BYTES / pbs;
}
/** Where the ring buffer starts, behind super sector 0, the metadata area and the place of super sector 1. */
export function ringBufferOffsetPb(pbs, metadataSizePb = 0) {
    return superSectorOffsetPb(pbs) + 1 + metadataSizePb + 1;
}
/** Ring buffer size of a log device of `deviceSizeLb`; 0 or less when the device is too small. */
export function ringBufferSizePb(deviceSizeLb, pbs) {
    return Math.floor(deviceSizeLb / lbPerPb(pbs)) - ringBufferOffsetPb(pbs);
}
/** The physical block of an lsid on its device. Lsids never wrap, places do. Throws FormatError for an empty ring. */
export function lsidToOffsetPb(lsid, ring) {
    if (ring.ringBufferSizePb <= 0)
        throw new FormatError('Ring buffer size must not be 0.', AT.ringBufferSizePb);
    if (!Number.isSafeInteger(lsid) || lsid < 0)
        throw new FormatError(`Invalid lsid. ${lsid}`);
    return ringBufferOffsetPb(ring.physicalBlockBytes, ring.metadataSizePb) + (lsid % ring.ringBufferSizePb);
}
/** Physical blocks from the place of `lsid` to the end of the ring, at least 1: as much can be read at once. */
export function ringRoomPb(lsid, ringSizePb) {
    return ringSizePb - (lsid % ringSizePb);
}
