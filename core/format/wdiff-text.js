import { hex32 } from './binary.js';
import { probePackHeader } from './sorted-wdiff.js';
import { uuidToText } from './uuid.js';
import { WALB_DIFF_VERSION, wdiffHeaderChecksum } from './wdiff-header.js';
/** The five lines of a file header, given also as its bytes. */
export function wdiffHeaderLines(header, bytes) {
    return [
        'wdiff_h:',
        `  checksum: ${hex32(wdiffHeaderChecksum(bytes))}`,
        `  version: ${WALB_DIFF_VERSION}`,
        `  type: ${header.type}`,
        `  uuid: ${uuidToText(header.uuid)}`,
    ];
}
/** Two characters: `Z` for zero, `D` for discard. */
export function flagsText(kind) {
    return `${kind === 'zero' ? 'Z' : '-'}${kind === 'discard' ? 'D' : '-'}`;
}
/** The tab-separated fields of a record of a pack. */
function sortedRecordFields(record) {
    const { addressLb, sizeLb, compression, dataOffsetBytes, dataSizeBytes, kind } = record;
    return [
        addressLb,
        sizeLb,
        compression,
        dataOffsetBytes,
        dataSizeBytes,
        hex32(record.checksum),
        flagsText(kind),
    ].join('\t');
}
/** The `wdiff_sorted_rec:` line. */
export function sortedRecordLine(record) {
    return `wdiff_sorted_rec:\t${sortedRecordFields(record)}`;
}
/** The `wdiff_indexed_rec:` line; `recordChecksum` is the record's own (`indexRecordChecksum`). */
export function indexedRecordLine(record, recordChecksum) {
    const fields = [
        record.addressLb,
        record.sizeLb,
        record.compression,
        record.dataOffsetBytes,
        record.dataSizeBytes,
        record.imageSizeLb,
        record.imageOffsetLb,
        hex32(record.dataChecksum),
        hex32(recordChecksum),
        flagsText(record.kind),
    ];
    return `wdiff_indexed_rec:\t${fields.join('\t')}`;
}
/** The plain fields of a pack header block, valid or not, and the lines of `records` if they could be read. */
export function packDumpLines(block, records) {
    const probe = probePackHeader(block);
    return [
        `checksum: ${hex32(probe.checksum)}`,
        `n_records: ${probe.recordCount}`,
        `total_size: ${probe.totalSizeBytes}`,
        `isEnd: ${probe.end ? 1 : 0}`,
        ...records.map((record, i) => `record ${i}: wdiff_rec:\t${sortedRecordFields(record)}`),
    ];
}
/** All zero. */
export function newWdiffStatistics() {
    return {
        wdiffCount: 0,
        normalCount: 0,
        zeroCount: 0,
        discardCount: 0,
        normalLb: 0,
        zeroLb: 0,
        discardLb: 0,
        dataSizeBytes: 0,
    };
}
/** Counts an IO, its stored size apart. */
export function countWdiffIo(statistics, kind, sizeLb) {
    if (kind === 'normal') {
        statistics.normalCount++;
        statistics.normalLb += sizeLb;
    }
    else if (kind === 'zero') {
        statistics.zeroCount++;
        statistics.zeroLb += sizeLb;
    }
    else {
        statistics.discardCount++;
        statistics.discardLb += sizeLb;
    }
}
/** Adds the counts of `other`; what is not known in either is not known in the sum. */
export function addWdiffStatistics(statistics, other) {
    const sum = (a, b) => (a === null || b === null ? null : a + b);
    statistics.wdiffCount = sum(statistics.wdiffCount, other.wdiffCount);
    statistics.normalCount += other.normalCount;
    statistics.zeroCount += other.zeroCount;
    statistics.discardCount += other.discardCount;
    statistics.normalLb += other.normalLb;
    statistics.zeroLb += other.zeroLb;
    statistics.discardLb += other.discardLb;
    statistics.dataSizeBytes = sum(statistics.dataSizeBytes, other.dataSizeBytes);
}
function countText(value) {
    return value === null ? '---' : String(value);
}
/** All in one line. */
export function wdiffStatisticsLine(statistics) {
    const s = statistics;
    return `wdiffNr ${countText(s.wdiffCount)}  nrN ${s.normalCount} nrZ ${s.zeroCount} nrD ${s.discardCount}  lbN ${s.normalLb} lbZ ${s.zeroLb} lbD ${s.discardLb}  dataSize ${countText(s.dataSizeBytes)}`;
}
/** Eight lines, each after `prefix`. */
export function wdiffStatisticsLines(statistics, prefix) {
    const s = statistics;
    return [
        `${prefix}wdiffNr ${countText(s.wdiffCount)}`,
        `${prefix}normalNr ${s.normalCount}`,
        `${prefix}allZeroNr ${s.zeroCount}`,
        `${prefix}discardNr ${s.discardCount}`,
        `${prefix}normalLb ${s.normalLb}`,
        `${prefix}allZeroLb ${s.zeroLb}`,
        `${prefix}discardLb ${s.discardLb}`,
        `${prefix}dataSize ${countText(s.dataSizeBytes)}`,
    ];
}
