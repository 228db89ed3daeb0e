import { describe, expect, it } from 'vitest';
import {
  countWriteIo,
  newWriteIoStatistics,
  writeIoStatisticsLine,
  writeIoStatisticsLines,
} from '../../../core/format/io-statistics-text.ts';
import { decodeLogpackHeader, encodeLogpackHeader } from '../../../core/format/logpack.ts';
import { LogpackBuilder } from '../../../core/format/logpack-builder.ts';
import { END_PACK, encodePackHeader } from '../../../core/format/sorted-wdiff.ts';
import {
  addWdiffStatistics,
  countWdiffIo,
  indexedRecordLine,
  newWdiffStatistics,
  packDumpLines,
  sortedRecordLine,
  wdiffStatisticsLine,
  wdiffStatisticsLines,
} from '../../../core/format/wdiff-text.ts';
import {
  addPack,
  logpackLines,
  newWlogStatistics,
  wlogHeaderLine,
  wlogStatisticsLines,
} from '../../../core/format/wlog-text.ts';
import { EXAMPLE_UUID } from './format-kit.ts';

describe('lines about logs', () => {
  const builder = new LogpackBuilder(512, 0);
  builder.addNormal(8, 3, 0x88e84808);
  builder.addDiscard(100, 2000);
  builder.addPadding(1);
  const pack = decodeLogpackHeader(encodeLogpackHeader(builder.header(), 512, 0x12345678), 0x12345678);

  it('show a pack', () => {
    expect(logpackLines(pack)).toEqual([
      'wlog_p: lsid          0 total    4 n_rec  3 n_pad  1 csum 64de591f',
      'wlog_r: lsid          1    1 io          8    3 flags E-- csum 88e84808',
      'wlog_r: lsid          4    4 io        100 2000 flags E-D csum 00000000',
      'wlog_r: lsid          4    4 io          0    1 flags EP- csum 00000000',
    ]);
  });

  it('show a header', () => {
    const header = { physicalBlockBytes: 512, salt: 0xab, uuid: EXAMPLE_UUID, beginLsid: 7, endLsid: null };
    expect(wlogHeaderLine(header)).toBe(
      'wlog_h: ver   2 pbs  512 salt 000000ab uuid 000102030405060708090a0b0c0d0e0f lsid 7 18446744073709551615',
    );
    expect(wlogHeaderLine({ ...header, endLsid: 9 })).toMatch(/ lsid 7 9$/);
  });

  it('show statistics', () => {
    const statistics = newWlogStatistics(0, null);
    expect(statistics.reallyEndLsid).toBe(0);
    addPack(statistics, pack, 5, 512);
    expect(wlogStatisticsLines(statistics)).toEqual([
      'bgnLsid 0',
      'endLsid 18446744073709551615',
      'reallyEndLsid 5',
      'nrPacks 1',
      'normalLb 3',
      'discardLb 2000',
      'paddingPb 1',
    ]);
  });

  it('count padding in physical blocks', () => {
    const statistics = newWlogStatistics(0, 10);
    const padded = new LogpackBuilder(4096, 0);
    padded.addPadding(16);
    addPack(statistics, padded.header(), 3, 4096);
    expect(statistics.paddingPb).toBe(2);
  });

  it('show what was written to a device', () => {
    const statistics = newWriteIoStatistics();
    countWriteIo(statistics, 'normal', 3);
    countWriteIo(statistics, 'normal', 4);
    countWriteIo(statistics, 'overwritten', 12345);
    expect(writeIoStatisticsLines(statistics)).toEqual([
      'normal:               2 (          7 LB)',
      'discard:              0 (          0 LB)',
      'written:              0 (          0 LB)',
      'overwritten:          1 (      12345 LB)',
      'clipped:              0 (          0 LB)',
    ]);
    expect(writeIoStatisticsLine(statistics)).toBe(
      'nrN 2 nrD 0 nrW 0 nrO 1 nrC 0  lbN 7 lbD 0 lbW 0 lbO 12345 lbC 0',
    );
  });
});

describe('lines about wdiffs', () => {
  const zero = {
    addressLb: 127,
    sizeLb: 5,
    kind: 'zero',
    compression: 'none',
    dataOffsetBytes: 0,
    dataSizeBytes: 0,
    checksum: 0,
  } as const;

  it('show records', () => {
    expect(sortedRecordLine({ ...zero, dataOffsetBytes: 316 })).toBe(
      'wdiff_sorted_rec:\t127\t5\tnone\t316\t0\t00000000\tZ-',
    );
    const piece = {
      addressLb: 172,
      sizeLb: 4,
      kind: 'normal',
      compression: 'snappy',
      dataOffsetBytes: 5747,
      dataSizeBytes: 317,
      imageOffsetLb: 1,
      imageSizeLb: 12,
      dataChecksum: 0xf6f5c78f,
    } as const;
    expect(indexedRecordLine(piece, 0x090a1e04)).toBe(
      'wdiff_indexed_rec:\t172\t4\tsnappy\t5747\t317\t12\t1\tf6f5c78f\t090a1e04\t--',
    );
  });

  it('show a pack, valid or not', () => {
    expect(packDumpLines(END_PACK, [])).toEqual([
      'checksum: ffff0000',
      'n_records: 0',
      'total_size: 0',
      'isEnd: 1',
    ]);
    const block = encodePackHeader([zero]);
    block[4] = 200;
    const lines = packDumpLines(block, [zero]);
    expect(lines[1]).toBe('n_records: 200');
    expect(lines[4]).toBe('record 0: wdiff_rec:\t127\t5\tnone\t0\t0\t00000000\tZ-');
  });

  it('show statistics', () => {
    const statistics = newWdiffStatistics();
    countWdiffIo(statistics, 'normal', 3);
    countWdiffIo(statistics, 'zero', 4);
    countWdiffIo(statistics, 'discard', 5);
    const other = { ...newWdiffStatistics(), wdiffCount: 2, normalCount: 1, normalLb: 9, dataSizeBytes: 77 };
    addWdiffStatistics(statistics, other);
    expect(wdiffStatisticsLine(statistics)).toBe(
      'wdiffNr 2  nrN 2 nrZ 1 nrD 1  lbN 12 lbZ 4 lbD 5  dataSize 77',
    );
    addWdiffStatistics(statistics, { ...newWdiffStatistics(), wdiffCount: null, dataSizeBytes: null });
    expect(wdiffStatisticsLines(statistics, 'x: ')).toEqual([
      'x: wdiffNr ---',
      'x: normalNr 2',
      'x: allZeroNr 1',
      'x: discardNr 1',
      'x: normalLb 12',
      'x: allZeroLb 4',
      'x: discardLb 5',
      'x: dataSize ---',
    ]);
  });
});
