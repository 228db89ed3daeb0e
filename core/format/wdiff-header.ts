/** The file header of both wdiff formats. See docs/formats.md, "Wdiff file header". */
import { FormatError } from '../errors.ts';
import { viewOf } from './binary.ts';
import { checksum } from './checksum.ts';
import { readUuid, type Uuid, writeUuid } from './uuid.ts';

/** Size of the header that every wdiff begins with. */
export const WDIFF_HEADER_BYTES = 32;
export const WALB_DIFF_VERSION = 2;
/** In the order of their numbers. */
const WDIFF_TYPES = ['sorted', 'indexed'] as const;
/** How the IOs of a wdiff stand: sorted by address in packs, or in any order with an index at the end. */
export type WdiffType = (typeof WDIFF_TYPES)[number];

const AT = { checksum: 0, version: 4, type: 6, uuid: 16 } as const;

/** What a wdiff file says about itself. */
export interface WdiffHeader {
  readonly type: WdiffType;
  /** Of the log that the diff was made from; may be all zero. */
  readonly uuid: Uuid;
}

/** The 32 bytes, checksum set. */
export function encodeWdiffHeader(header: WdiffHeader): Uint8Array {
  const bytes = new Uint8Array(WDIFF_HEADER_BYTES);
  const view = viewOf(bytes);
  view.setUint16(AT.version, WALB_DIFF_VERSION, true);
  bytes[AT.type] = WDIFF_TYPES.indexOf(header.type);
  writeUuid(bytes, AT.uuid, header.uuid);
  view.setUint32(AT.checksum, checksum(bytes, 0), true);
  return bytes;
}

/** Decodes exactly 32 bytes. Throws FormatError unless valid. */
export function decodeWdiffHeader(bytes: Uint8Array): WdiffHeader {
  if (bytes.length !== WDIFF_HEADER_BYTES) {
    throw new FormatError(`a wdiff header must have ${WDIFF_HEADER_BYTES} bytes, got ${bytes.length}`);
  }
  if (checksum(bytes, 0) !== 0) throw new FormatError('invalid checksum of a wdiff header', AT.checksum);
  const version = viewOf(bytes).getUint16(AT.version, true);
  if (version !== WALB_DIFF_VERSION) {
    throw new FormatError(
      `invalid walb diff version: it must be ${WALB_DIFF_VERSION}, got ${version}`,
      AT.version,
    );
  }
  const type: WdiffType | undefined = WDIFF_TYPES[bytes[AT.type]];
  if (type === undefined) {
    throw new FormatError(`Invalid type of a wdiff: it must be 0 or 1, got ${bytes[AT.type]}`, AT.type);
  }
  return { type, uuid: readUuid(bytes, AT.uuid) };
}

/** The checksum field of an encoded header, as the tools print it. */
export function wdiffHeaderChecksum(bytes: Uint8Array): number {
  return viewOf(bytes).getUint32(AT.checksum, true);
}
