/** The header of a wlog file or stream. See docs/formats.md, "Wlog". */
import { FormatError } from '../errors.js';
import { LOGICAL_BLOCK_BYTES } from '../units.js';
import { checkU32, getU64, getU64Number, setU64, u64Text, viewOf } from './binary.js';
import { checksum } from './checksum.js';
import { checkPhysicalBlockBytes } from './physical-block.js';
import { WALB_LOG_VERSION } from './super-sector.js';
import { readUuid, writeUuid } from './uuid.js';
/** Size of the header that every wlog begins with. */
export const WLOG_HEADER_BYTES = 4096;
export const WLOG_HEADER_TYPE = 0x0004;
/** Byte offsets inside the header; everything else is zero. */
const AT = {
    sectorType: 0,
    version: 2,
    headerBytes: 4,
    checksum: 8,
    salt: 12,
    logicalBlockBytes: 16,
    physicalBlockBytes: 20,
    uuid: 24,
    beginLsid: 40,
    endLsid: 48,
};
/** The 4096 bytes of the header, checksum set. Throws FormatError unless valid. */
export function encodeWlogHeader(header) {
    checkWlogHeader(header);
    const block = new Uint8Array(WLOG_HEADER_BYTES);
    const view = viewOf(block);
    view.setUint16(AT.sectorType, WLOG_HEADER_TYPE, true);
    view.setUint16(AT.version, WALB_LOG_VERSION, true);
    view.setUint16(AT.headerBytes, WLOG_HEADER_BYTES, true);
    view.setUint32(AT.salt, header.salt, true);
    view.setUint32(AT.logicalBlockBytes, LOGICAL_BLOCK_BYTES, true);
    view.setUint32(AT.physicalBlockBytes, header.physicalBlockBytes, true);
    writeUuid(block, AT.uuid, header.uuid);
    setU64(view, AT.beginLsid, header.beginLsid, 'the begin lsid');
    setU64(view, AT.endLsid, header.endLsid, 'the end lsid');
    view.setUint32(AT.checksum, checksum(block, 0), true);
    return block;
}
/** Decodes the 4096 bytes of a header. Throws FormatError unless valid, checksum included. */
export function decodeWlogHeader(block) {
    if (block.length !== WLOG_HEADER_BYTES) {
        throw new FormatError(`a wlog header must have ${WLOG_HEADER_BYTES} bytes, got ${block.length}`);
    }
    const view = viewOf(block);
    const constants = [
        [AT.sectorType, WLOG_HEADER_TYPE, view.getUint16(AT.sectorType, true), 'sector type'],
        [AT.version, WALB_LOG_VERSION, view.getUint16(AT.version, true), 'version'],
        [AT.headerBytes, WLOG_HEADER_BYTES, view.getUint16(AT.headerBytes, true), 'header size'],
        [
            AT.logicalBlockBytes,
            LOGICAL_BLOCK_BYTES,
            view.getUint32(AT.logicalBlockBytes, true),
            'logical block size',
        ],
        [AT.checksum, 0, checksum(block, 0), 'sum of words'],
    ];
    for (const [at, expected, actual, what] of constants) {
        if (actual !== expected) {
            throw new FormatError(`WlogFileHeader:invalid: the ${what} must be ${expected}, got ${actual}`, at);
        }
    }
    const header = {
        physicalBlockBytes: view.getUint32(AT.physicalBlockBytes, true),
        salt: view.getUint32(AT.salt, true),
        uuid: readUuid(block, AT.uuid),
        beginLsid: getU64Number(view, AT.beginLsid, 'the begin lsid'),
        endLsid: getU64(view, AT.endLsid, 'the end lsid'),
    };
    checkWlogHeader(header);
    return header;
}
function checkWlogHeader(header) {
    checkPhysicalBlockBytes(header.physicalBlockBytes, AT.physicalBlockBytes);
    checkU32(header.salt, 'the salt', AT.salt);
    if (header.endLsid !== null && header.beginLsid >= header.endLsid) {
        throw new FormatError(`WlogFileHeader:invalid: begin lsid must be < end lsid, got ${header.beginLsid} and ${u64Text(header.endLsid)}`, AT.beginLsid);
    }
}
/** Where the physical block of `lsid` is in a wlog file, in bytes. */
export function wlogOffsetBytes(header, lsid) {
    return WLOG_HEADER_BYTES + (lsid - header.beginLsid) * header.physicalBlockBytes;
}
