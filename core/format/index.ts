/**
 * `walbox/format`: the bytes of WalB, one file a format (docs/formats.md). Each decoder throws FormatError with the
 * offset for what is damaged, and takes nothing on trust. Pure: no input or output.
 */
export { checksum, checksumFinish, checksumPartial } from './checksum.ts';
export {
  decodeIndexRecord,
  decodeIndexSuper,
  encodeIndexRecord,
  encodeIndexSuper,
  INDEX_RECORD_BYTES,
  INDEX_SUPER_BYTES,
  type IndexRecord,
  type IndexSuper,
} from './indexed-wdiff.ts';
export {
  decodeLogpackHeader,
  encodeEndBlock,
  encodeLogpackHeader,
  hasData,
  isEndBlock,
  isRecordDataValid,
  LOG_RECORD_BYTES,
  type LogpackHeader,
  type LogRecord,
  type LogRecordKind,
  maxRecords,
  nextLsid,
  recordSizePb,
} from './logpack.ts';
export { LogpackBuilder } from './logpack-builder.ts';
export {
  clearQueue,
  createQueueFile,
  openQueueFile,
  popBack,
  pushFront,
  type QueueChange,
  type QueueFile,
  type QueueStep,
} from './queue-file.ts';
export {
  decodePackHeader,
  END_PACK,
  encodePackHeader,
  fitsPack,
  MAX_PACK_DATA_BYTES,
  MAX_PACK_RECORDS,
  PACK_HEADER_BYTES,
  type PackHeader,
} from './sorted-wdiff.ts';
export {
  decodeSuperSector,
  encodeSuperSector,
  lsidToOffsetPb,
  type RingGeometry,
  ringBufferOffsetPb,
  ringBufferSizePb,
  type SuperSector,
  superSectorOffsetPb,
} from './super-sector.ts';
export { readUuid, UUID_BYTES, type Uuid, uuidEquals, uuidFromText, uuidToText, ZERO_UUID } from './uuid.ts';
export {
  decodeWdiffHeader,
  encodeWdiffHeader,
  WDIFF_HEADER_BYTES,
  type WdiffHeader,
  type WdiffType,
} from './wdiff-header.ts';
export { endLb, type RecordKind, type WdiffIo, type WdiffRecord } from './wdiff-record.ts';
export type { WdiffStatistics } from './wdiff-text.ts';
export {
  decodeWlogHeader,
  encodeWlogHeader,
  WLOG_HEADER_BYTES,
  type WlogHeader,
  wlogOffsetBytes,
} from './wlog.ts';
