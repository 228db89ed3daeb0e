/** The header of a wlog file or stream. See docs/formats.md, "Wlog". */
import { FormatError } from '../errors.ts';
import { LOGICAL_BLOCK_BYTES, type Lsid } from '../units.ts';
import { checkU32, getU64, getU64Number, setU64, u64Text, viewOf } from './binary.ts';
import { checksum } from './checksum.ts';
import { checkPhysicalBlockBytes } from './physical-block.ts';
import { WALB_LOG_VERSION } from './super-sector.ts';
import { readUuid, type Uuid, writeUuid } from './uuid.ts';

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
} as const;

/** What a wlog says about itself. */
export interface WlogHeader {
  readonly physicalBlockBytes: number;
  /** Salt of the checksums of packs and IO data. */
  readonly salt: number;
  readonly uuid: Uuid;
  /** Lsid of the first pack. */
  readonly beginLsid: Lsid;
  /** Advisory upper bound, may exceed the real end; null = unknown. */
  readonly endLsid: Lsid | null;
}

/** The 4096 bytes of the header, checksum set. Throws FormatError unless valid. */
export function encodeWlogHeader(header: WlogHeader): Uint8Array {
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
export function decodeWlogHeader(block: Uint8Array): WlogHeader {
  if (block.length !== WLOG_HEADER_BYTES) {
    throw new FormatError(`a wlog header must have ${WLOG_HEADER_BYTES} bytes, got ${block.length}`);
  }
  const view = viewOf(block);
  const constants: [at: number, expected: number, actual: number, what: string][] = [
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
  const header: WlogHeader = {
    physicalBlockBytes: view.getUint32(AT.physicalBlockBytes, true),
    salt: view.getUint32(AT.salt, true),
    uuid: readUuid(block, AT.uuid),
    beginLsid: getU64Number(view, AT.beginLsid, 'the begin lsid'),
    endLsid: getU64(view, AT.endLsid, 'the end lsid'),
  };
  checkWlogHeader(header);
  return header;
}

function checkWlogHeader(header: WlogHeader): void {
  checkPhysicalBlockBytes(header.physicalBlockBytes, AT.physicalBlockBytes);
  checkU32(header.salt, 'the salt', AT.salt);
  if (header.endLsid !== null && header.beginLsid >= header.endLsid) {
    throw new FormatError(
      `WlogFileHeader:invalid: begin lsid must be < end lsid, got ${header.beginLsid} and ${u64Text(header.endLsid)}`,
      AT.beginLsid,
    );
  }
}

/** Where the physical block of `lsid` is in a wlog file, in bytes. */
export function wlogOffsetBytes(
  header: Pick<WlogHeader, 'beginLsid' | 'physicalBlockBytes'>,
  lsid: Lsid,
): number {
  return WLOG_HEADER_BYTES + (lsid - header.beginLsid) * header.physicalBlockBytes;
}
