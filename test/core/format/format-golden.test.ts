/** The formats against files that the original tools made: every header, pack, record and index of them. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, describe, expect, it } from 'vitest';
import { hex32 } from '../../../core/format/binary.ts';
import { checksum } from '../../../core/format/checksum.ts';
import {
  checkIndexRecordPlace,
  decodeIndexRecord,
  decodeIndexSuper,
  encodeIndexRecord,
  encodeIndexSuper,
  INDEX_RECORD_BYTES,
  indexRecordChecksum,
} from '../../../core/format/indexed-wdiff.ts';
import {
  decodeLogpackHeader,
  encodeEndBlock,
  encodeLogpackHeader,
  isEndBlock,
  isRecordDataValid,
  type LogpackHeader,
  nextLsid,
  recordDataOffsetBytes,
} from '../../../core/format/logpack.ts';
import { decodePackHeader, END_PACK, encodePackHeader } from '../../../core/format/sorted-wdiff.ts';
import {
  decodeSuperSector,
  encodeSuperSector,
  lsidToOffsetPb,
  probeSuperSectorBytes,
  RESERVED_BYTES,
} from '../../../core/format/super-sector.ts';
import { decodeWdiffHeader, encodeWdiffHeader, type WdiffHeader } from '../../../core/format/wdiff-header.ts';
import {
  addWdiffStatistics,
  countWdiffIo,
  indexedRecordLine,
  newWdiffStatistics,
  sortedRecordLine,
  wdiffHeaderLines,
  wdiffStatisticsLines,
} from '../../../core/format/wdiff-text.ts';
import { decodeWlogHeader, encodeWlogHeader, wlogOffsetBytes } from '../../../core/format/wlog.ts';
import {
  addPack,
  logpackLines,
  newWlogStatistics,
  superSectorLines,
  wlogHeaderLine,
  wlogStatisticsLines,
} from '../../../core/format/wlog-text.ts';
import { GoldenCounter, goldenDir, goldenFiles } from '../../golden.ts';
import { expectBytes } from './format-kit.ts';

const counters: GoldenCounter[] = [];

/** Only what this file looks at: what becomes of the data is for others to check. */
function counterOf(folder: string, wanted: RegExp): GoldenCounter {
  const counter = new GoldenCounter(folder, (path) => !wanted.test(path));
  counters.push(counter);
  return counter;
}

function read(path: string, counter?: GoldenCounter): Uint8Array {
  counter?.check(path);
  return new Uint8Array(readFileSync(join(goldenDir() ?? '', path)));
}

function readLines(path: string, counter?: GoldenCounter): string[] {
  const text = new TextDecoder().decode(read(path, counter));
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('WALB_CHECK'));
}

function gunzip(path: string, counter?: GoldenCounter): Uint8Array {
  return new Uint8Array(gunzipSync(read(path, counter)));
}

afterAll(() => {
  for (const counter of counters) console.log(counter.report());
});

/** A suite that there is only where golden data are. */
function describeGolden(name: string, suite: () => void): void {
  if (goldenDir() !== null) describe(name, suite);
}

if (goldenDir() === null) {
  it('golden data are absent', () => {
    console.log('golden: data absent, the formats are not compared with the original');
  });
}

describeGolden('checksums of the original', () => {
  const counter = counterOf('hash', /checksum/);
  const data = new Uint8Array(1024 * 1024);
  const words = new Uint32Array(data.buffer);
  for (let i = 0; i < words.length; i++) words[i] = Math.floor(i / 128);

  it.each([
    ['0', 0],
    ['1', 1],
    ['0x12345678', 0x12345678],
  ])('with salt %s', (name, salt) => {
    expect([hex32(checksum(data, salt))]).toEqual(readLines(`hash/checksum.salt-${name}.txt`, counter));
  });

  it('of blocks', () => {
    const lines = readLines('hash/checksum.bulk512.txt', counter);
    const blocks = lines.map((_, i) => `${i}\t${hex32(checksum(data.subarray(i * 512, i * 512 + 512), 0))}`);
    expect(blocks).toEqual(lines);
  });
});

/** The lines of `wlog-show -validate` for a wlog, every block decoded and encoded again. */
function wlogLines(file: Uint8Array): string[] {
  const header = decodeWlogHeader(file.subarray(0, 4096));
  expectBytes(encodeWlogHeader(header), file.subarray(0, 4096));
  const { physicalBlockBytes: pbs, salt } = header;
  const lines = [wlogHeaderLine(header)];
  const statistics = newWlogStatistics(header.beginLsid, header.endLsid);
  let lsid = header.beginLsid;
  for (;;) {
    const at = wlogOffsetBytes(header, lsid);
    const block = file.subarray(at, at + pbs);
    const pack = decodeLogpackHeader(block, salt);
    if (isEndBlock(pack)) {
      expectBytes(encodeEndBlock(pbs, salt), block);
      expect(at + pbs).toBe(file.length);
      break;
    }
    expect(pack.logpackLsid).toBe(lsid);
    expectBytes(encodeLogpackHeader(pack, pbs, salt), block);
    lines.push(...logpackLines(pack));
    for (const record of pack.records) {
      const data = file.subarray(at + pbs + recordDataOffsetBytes(record, pbs));
      expect(isRecordDataValid(record, data, salt)).toBe(true);
    }
    lsid = nextLsid(pack);
    addPack(statistics, pack, lsid, pbs);
  }
  return [...lines, ...wlogStatisticsLines(statistics)];
}

describeGolden('wlogs of the original', () => {
  const counter = counterOf('wlog', /\.(wlog|show\.txt)$/);
  it.each(goldenFiles('wlog').filter((path) => path.endsWith('.wlog')))('%s', (path) => {
    const lines = wlogLines(read(path, counter));
    expect(lines).toEqual(readLines(path.replace(/\.wlog$/, '.show.txt'), counter));
  });

  it.each(goldenFiles('merge').filter((path) => path.endsWith('.wlog')))('%s', (path) => {
    expect(wlogLines(read(path)).length).toBeGreaterThan(8);
  });
});

describeGolden('log devices of the original', () => {
  const counter = counterOf('ldev', /(img\.gz|info\.txt|format\.txt|cat\.wlog|show\.txt)$/);

  /** The lines of `wldev-info`, from the super sector of an image. */
  function infoLines(image: Uint8Array): string[] {
    const pbs = probeSuperSectorBytes(image.subarray(RESERVED_BYTES));
    const block = image.subarray(RESERVED_BYTES, RESERVED_BYTES + pbs);
    const sector = decodeSuperSector(block);
    expectBytes(encodeSuperSector(sector), block);
    return superSectorLines(sector, block);
  }

  it('say the same about themselves after formatting', () => {
    const lines = infoLines(gunzip('ldev/formatted.img.gz', counter));
    expect(lines).toEqual(readLines('ldev/info.txt', counter));
    expect(lines).toEqual(readLines('ldev/format.txt', counter));
  });

  /** Walks the packs of an image from the oldest lsid: their lines, and where they end. */
  function scan(image: Uint8Array): { lines: string[]; endLsid: number } {
    const sector = decodeSuperSector(image.subarray(4096, 4096 + 512));
    const lines: string[] = [];
    let lsid = sector.oldestLsid;
    for (;;) {
      const at = lsidToOffsetPb(lsid, sector) * 512;
      let pack: LogpackHeader;
      try {
        pack = decodeLogpackHeader(image.subarray(at, at + 512), sector.salt);
      } catch {
        return { lines, endLsid: lsid };
      }
      if (pack.logpackLsid !== lsid) return { lines, endLsid: lsid };
      lines.push(...logpackLines(pack));
      lsid = nextLsid(pack);
    }
  }

  it('hold the packs that the tools list', () => {
    const image = gunzip('ldev/restored.img.gz', counter);
    const shown = readLines('ldev/wldev-show.txt', counter).filter((line) => !line.startsWith('wlog_h'));
    const { lines, endLsid } = scan(image);
    expect([...infoLines(image), ...lines]).toEqual(shown);
    expect(endLsid).toBe(606);
  });

  it('give the wlog that was extracted', () => {
    const lines = wlogLines(read('ldev/cat.wlog', counter)).filter((line) => /^wlog_/.test(line));
    expect(lines).toEqual(readLines('ldev/cat.show.txt', counter));
  });

  it.each(goldenFiles('base').filter((path) => path.endsWith('log-device.img.gz')))('%s', (path) => {
    const info = readLines(path.replace(/[^/]*$/, 'device.txt'));
    const image = gunzip(path);
    expect(infoLines(image)).toEqual(info.slice(info.indexOf('wldev-info') + 1));
    expect(`latest       ${scan(image).endLsid}`).toBe(info[1]);
  });
});

/** Counts of a wdiff, and its lines as `wdiff-show` prints them. */
function wdiffLines(
  file: Uint8Array,
  header: WdiffHeader,
): { lines: string[]; dataSizeBytes: number; indexed: number } {
  const lines: string[] = [];
  let dataSizeBytes = 0;
  if (header.type === 'indexed') {
    const superAt = file.length - 24;
    const indexSuper = decodeIndexSuper(file.subarray(superAt), file.length);
    expectBytes(encodeIndexSuper(indexSuper), file.subarray(superAt));
    let previousEndLb = 0;
    for (let at = indexSuper.indexOffsetBytes; at < superAt; at += INDEX_RECORD_BYTES) {
      const record = decodeIndexRecord(file, at);
      checkIndexRecordPlace(record, previousEndLb, indexSuper.indexOffsetBytes);
      previousEndLb = record.addressLb + record.sizeLb;
      expectBytes(encodeIndexRecord(record), file.subarray(at, at + INDEX_RECORD_BYTES));
      if (record.kind === 'normal') {
        const { dataOffsetBytes, dataSizeBytes: size } = record;
        expect(checksum(file.subarray(dataOffsetBytes, dataOffsetBytes + size), 0)).toBe(record.dataChecksum);
      }
      countWdiffIo(total, record.kind, record.sizeLb);
      lines.push(indexedRecordLine(record, indexRecordChecksum(file, at)));
    }
    return { lines, dataSizeBytes: indexSuper.indexOffsetBytes - 32, indexed: 1 };
  }
  for (let at = 32; ; ) {
    const block = file.subarray(at, at + 4096);
    const pack = decodePackHeader(block);
    expectBytes(encodePackHeader(pack.records, { end: pack.end }), block);
    at += 4096;
    if (pack.end) {
      expectBytes(END_PACK, block);
      expect(at).toBe(file.length);
      return { lines, dataSizeBytes, indexed: 0 };
    }
    for (const record of pack.records) {
      const data = file.subarray(
        at + record.dataOffsetBytes,
        at + record.dataOffsetBytes + record.dataSizeBytes,
      );
      expect(checksum(data, 0)).toBe(record.checksum);
      countWdiffIo(total, record.kind, record.sizeLb);
      lines.push(sortedRecordLine(record));
    }
    dataSizeBytes += pack.totalSizeBytes;
    at += pack.totalSizeBytes;
  }
}

let total = newWdiffStatistics();

/** All lines of `wdiff-show -stat`. */
function showLines(file: Uint8Array): string[] {
  total = newWdiffStatistics();
  const header = decodeWdiffHeader(file.subarray(0, 32));
  expectBytes(encodeWdiffHeader(header), file.subarray(0, 32));
  const { lines, dataSizeBytes, indexed } = wdiffLines(file, header);
  addWdiffStatistics(total, { ...newWdiffStatistics(), wdiffCount: indexed, dataSizeBytes });
  return [
    ...wdiffHeaderLines(header, file.subarray(0, 32)),
    ...lines,
    ...wdiffStatisticsLines(total, 'wdiff_stat: '),
  ];
}

describeGolden('wdiffs of the original', () => {
  for (const folder of ['wdiff', 'merge']) {
    const counter = counterOf(folder, /(\.wdiff|wdiff.*show\.txt|merge\/.*show\.txt|ed.*\.show\.txt)$/);
    it.each(goldenFiles(folder).filter((path) => path.endsWith('.wdiff')))('%s', (path) => {
      const shown = readLines(path.replace(/\.wdiff$/, '.show.txt'), counter);
      const lines = showLines(read(path, counter));
      expect(lines).toEqual(shown);
    });
  }
});
