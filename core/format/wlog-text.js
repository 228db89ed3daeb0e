/**
 * Text lines of the log tools: wlog headers, packs, records, statistics, super sectors. The tools' output
 * is compared line by line with the original's, blanks included. See docs/formats.md, "Text of logs".
 */
import { LOGICAL_BLOCK_BYTES } from '../units.js';
import { hex32, u64Text } from './binary.js';
import { recordSizePb } from './logpack.js';
import { ringBufferOffsetPb, SUPER_SECTOR_TYPE, superSectorChecksum, WALB_LOG_VERSION, } from './super-sector.js';
import { uuidToText } from './uuid.js';
/** A number (null: all ones) right-aligned in `width` columns. */
function column(value, width) {
    return u64Text(value).padStart(width);
}
/** The `wlog_h:` line. */
export function wlogHeaderLine(header) {
    const { physicalBlockBytes, salt, uuid, beginLsid, endLsid } = header;
    return `wlog_h: ver ${column(WALB_LOG_VERSION, 3)} pbs ${column(physicalBlockBytes, 4)} salt ${hex32(salt)} uuid ${uuidToText(uuid)} lsid ${beginLsid} ${u64Text(endLsid)}`;
}
/** The `wlog_p:` line of a pack header. */
export function logpackLine(header) {
    const { logpackLsid, totalIoSizePb, records, paddingCount } = header;
    return `wlog_p: lsid ${column(logpackLsid, 10)} total ${column(totalIoSizePb, 4)} n_rec ${column(records.length, 2)} n_pad ${column(paddingCount, 2)} csum ${hex32(header.checksum)}`;
}
/** The `wlog_r:` line of a record. */
export function logRecordLine(record) {
    const { kind, lsid, lsidLocal, offsetLb, sizeLb } = record;
    const flags = `E${kind === 'padding' ? 'P' : '-'}${kind === 'discard' ? 'D' : '-'}`;
    return `wlog_r: lsid ${column(lsid, 10)} ${column(lsidLocal, 4)} io ${column(offsetLb, 10)} ${column(sizeLb, 4)} flags ${flags} csum ${hex32(record.checksum)}`;
}
/** A pack: its `wlog_p:` line and the `wlog_r:` lines of its records. */
export function logpackLines(header) {
    return [logpackLine(header), ...header.records.map(logRecordLine)];
}
/** Statistics before the first pack. */
export function newWlogStatistics(beginLsid, endLsid) {
    return {
        beginLsid,
        endLsid,
        reallyEndLsid: beginLsid,
        packCount: 0,
        normalLb: 0,
        discardLb: 0,
        paddingPb: 0,
    };
}
/** Counts a pack that ends at `nextLsid`. */
export function addPack(statistics, header, nextLsid, pbs) {
    statistics.packCount++;
    statistics.reallyEndLsid = nextLsid;
    for (const record of header.records) {
        if (record.kind === 'normal')
            statistics.normalLb += record.sizeLb;
        else if (record.kind === 'discard')
            statistics.discardLb += record.sizeLb;
        else
            statistics.paddingPb += recordSizePb(record, pbs);
    }
}
/** The seven lines of statistics. */
export function wlogStatisticsLines(statistics) {
    return [
        `bgnLsid ${statistics.beginLsid}`,
        `endLsid ${u64Text(statistics.endLsid)}`,
        `reallyEndLsid ${statistics.reallyEndLsid}`,
        `nrPacks ${statistics.packCount}`,
        `normalLb ${statistics.normalLb}`,
        `discardLb ${statistics.discardLb}`,
        `paddingPb ${statistics.paddingPb}`,
    ];
}
/** The 14 lines about a super sector, given also as its block. */
export function superSectorLines(sector, block) {
    return [
        `sectorType: ${SUPER_SECTOR_TYPE}`,
        `version: ${WALB_LOG_VERSION}`,
        `checksum: ${superSectorChecksum(block)}`,
        `lbs: ${LOGICAL_BLOCK_BYTES}`,
        `pbs: ${sector.physicalBlockBytes}`,
        `metadataSize: ${sector.metadataSizePb}`,
        `salt: ${sector.salt}`,
        `name: ${sector.name}`,
        `ringBufferSize: ${sector.ringBufferSizePb}`,
        `oldestLsid: ${sector.oldestLsid}`,
        `writtenLsid: ${sector.writtenLsid}`,
        `deviceSize: ${sector.deviceSizeLb}`,
        `ringBufferOffset: ${ringBufferOffsetPb(sector.physicalBlockBytes, sector.metadataSizePb)}`,
        `uuid: ${uuidToText(sector.uuid)}`,
    ];
}
