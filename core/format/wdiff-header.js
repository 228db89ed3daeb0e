/** The file header of both wdiff formats. See docs/formats.md, "Wdiff file header". */
import { FormatError } from '../errors.js';
import { viewOf } from './binary.js';
import { checksum } from './checksum.js';
import { readUuid, writeUuid } from './uuid.js';
/** Size of the header that every wdiff begins with. */
export const WDIFF_HEADER_BYTES = 32;
export const WALB_DIFF_VERSION = 2;
/** In the order of their numbers. */
const WDIFF_TYPES = ['sorted', 'indexed'];
const AT = { checksum: 0, version: 4, type: 6, uuid: 16 };
/** The 32 bytes, checksum set. */
export function encodeWdiffHeader(header) {
    const bytes = new Uint8Array(WDIFF_HEADER_BYTES);
    const view = viewOf(bytes);
    view.setUint16(AT.version, WALB_DIFF_VERSION, true);
    bytes[AT.type] = WDIFF_TYPES.indexOf(header.type);
    writeUuid(bytes, AT.uuid, header.uuid);
    view.setUint32(AT.checksum, checksum(bytes, 0), true);
    return bytes;
}
/** Decodes exactly 32 bytes. Throws FormatError unless valid. */
export function decodeWdiffHeader(bytes) {
    if (bytes.length !== WDIFF_HEADER_BYTES) {
        throw new FormatError(`a wdiff header must have ${WDIFF_HEADER_BYTES} bytes, got ${bytes.length}`);
    }
    if (checksum(bytes, 0) !== 0)
        throw new FormatError('invalid checksum of a wdiff header', AT.checksum);
    const version = viewOf(bytes).getUint16(AT.version, true);
    if (version !== WALB_DIFF_VERSION) {
        throw new FormatError(`invalid walb diff version: it must be ${WALB_DIFF_VERSION}, got ${version}`, AT.version);
    }
    const type = WDIFF_TYPES[bytes[AT.type]];
    if (type === undefined) {
        throw new FormatError(`Invalid type of a wdiff: it must be 0 or 1, got ${bytes[AT.type]}`, AT.type);
    }
    return { type, uuid: readUuid(bytes, AT.uuid) };
}
/** The checksum field of an encoded header, as the tools print it. */
export function wdiffHeaderChecksum(bytes) {
    return viewOf(bytes).getUint32(AT.checksum, true);
}
