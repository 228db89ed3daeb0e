import { BufferedReader, type RandomReader } from '../../core/engine/byte-stream.ts';
import { placedError } from '../../core/engine/placed-error.ts';
import { errorText, FormatError } from '../../core/errors.ts';
import { hex32 } from '../../core/format/binary.ts';
import { checksum } from '../../core/format/checksum.ts';
import {
  decodeIndexRecord,
  decodeIndexSuper,
  INDEX_RECORD_BYTES,
  INDEX_SUPER_BYTES,
  type IndexRecord,
  indexRecordChecksum,
} from '../../core/format/indexed-wdiff.ts';
import { decodePackHeader, PACK_HEADER_BYTES, type PackHeader } from '../../core/format/sorted-wdiff.ts';
import { decodeWdiffHeader, WDIFF_HEADER_BYTES } from '../../core/format/wdiff-header.ts';
import type { WdiffRecord } from '../../core/format/wdiff-record.ts';
import {
  countWdiffIo,
  indexedRecordLine,
  newWdiffStatistics,
  packDumpLines,
  sortedRecordLine,
  type WdiffStatistics,
  wdiffHeaderLines,
  wdiffStatisticsLines,
} from '../../core/format/wdiff-text.ts';
import { type Input, readerOf, withInput } from './files.ts';
import { flag, integer, type OptionValues, restArguments } from './options.ts';
import type { Printer } from './printer.ts';
import { defineTool } from './tool.ts';

/** Index records read at a time: 48 KiB. */
const INDEX_PIECE_BYTES = 1024 * INDEX_RECORD_BYTES;
/** Images whose check sum is remembered, since their pieces need not stand together. */
const MAX_KNOWN_IMAGES = 65536;

const OPTIONS = {
  search: flag('search', 'print only records that contain the block -addr'),
  addressLb: integer('addr', 'LB', 'block to search', 0),
  stat: flag('stat', 'print statistics over all files'),
  noHead: flag('nohead', 'do not print headers'),
  noRecords: flag('norec', 'do not print records'),
  verify: flag('csum', 'verify the check sums of all data'),
  debug: flag('debug', 'accepted and ignored'),
  paths: restArguments('WDIFF_PATH', 'wdiff files, - for standard input', true),
};

/** What one call prints and counts. */
interface Show {
  readonly values: OptionValues<typeof OPTIONS>;
  readonly out: Printer;
  readonly statistics: WdiffStatistics;
  /** Whether everything was valid so far. */
  isValid: boolean;
}

export const wdiffShow = defineTool({
  name: 'wdiff-show',
  summary: 'prints wdiffs as text',
  notes: ['Exit status 1 when a file is damaged; -csum looks at all data as well.'],
  examples: [
    'wdiff-show a.wdiff',
    'wdiff-show -nohead -norec -stat *.wdiff',
    'wdiff-show -csum -norec a.wdiff',
  ],
  options: OPTIONS,
  async body(values, { io, out }) {
    const show: Show = { values, out, statistics: newWdiffStatistics(), isValid: true };
    for (const path of values.paths) {
      await withInput(path, io, (input) => showFile(show, input));
    }
    if (values.stat) out.lines(wdiffStatisticsLines(show.statistics, 'wdiff_stat: '));
    return show.isValid ? 0 : 1;
  },
});

async function showFile(show: Show, input: Input): Promise<void> {
  const reader = new BufferedReader(input.source);
  const headerBytes = await reader.read(WDIFF_HEADER_BYTES);
  const header = decodeWdiffHeader(headerBytes);
  if (!show.values.noHead) show.out.lines(wdiffHeaderLines(header, headerBytes));
  if (header.type === 'sorted') await showSorted(show, reader);
  else await showIndexed(show, readerOf(input, 'an indexed wdiff'));
}

function isWanted({ values }: Show, record: { addressLb: number; sizeLb: number }): boolean {
  if (!values.search) return true;
  return record.addressLb <= values.addressLb && values.addressLb < record.addressLb + record.sizeLb;
}

/** Prints the line of a record when it is asked for, or when something is wrong with it. */
function printRecord(show: Show, line: string, wanted: boolean, complaint: string): void {
  if (complaint !== '') show.isValid = false;
  if (complaint !== '' || (wanted && !show.values.noRecords)) show.out.line(line + complaint);
}

async function showSorted(show: Show, reader: BufferedReader): Promise<void> {
  for (;;) {
    const block = await reader.read(PACK_HEADER_BYTES);
    let pack: PackHeader;
    try {
      pack = decodePackHeader(block);
    } catch (error) {
      const [first, ...more] = packDumpLines(block, []);
      show.out.lines([`invalid pack: ${first}`, ...more]);
      throw placedError(error, reader.offset - PACK_HEADER_BYTES);
    }
    if (pack.end) return;
    for (const record of pack.records) await showSortedRecord(show, reader, record);
    await show.out.drain();
  }
}

async function showSortedRecord(show: Show, reader: BufferedReader, record: WdiffRecord): Promise<void> {
  const { statistics, values } = show;
  let complaint = '';
  if (values.verify && record.kind === 'normal') {
    const found = checksum(await reader.read(record.dataSizeBytes), 0);
    if (found !== record.checksum) complaint = ` invalid data checksum: ${hex32(found)}`;
  } else {
    await reader.skip(record.dataSizeBytes);
  }
  printRecord(show, sortedRecordLine(record), isWanted(show, record), complaint);
  countWdiffIo(statistics, record.kind, record.sizeLb);
  statistics.dataSizeBytes = (statistics.dataSizeBytes ?? 0) + record.dataSizeBytes;
}

async function showIndexed(show: Show, file: RandomReader): Promise<void> {
  const { statistics, values, out } = show;
  const superAt = file.sizeBytes - INDEX_SUPER_BYTES;
  if (superAt < WDIFF_HEADER_BYTES)
    throw new FormatError('eof error: an index super expected', file.sizeBytes);
  let indexAt: number;
  try {
    indexAt = decodeIndexSuper(await file.read(superAt, INDEX_SUPER_BYTES), file.sizeBytes).indexOffsetBytes;
  } catch (error) {
    throw placedError(error, superAt);
  }
  const images: KnownImages = new Map();
  for (let at = indexAt; at < superAt; at += INDEX_PIECE_BYTES) {
    const bytes = await file.read(at, Math.min(INDEX_PIECE_BYTES, superAt - at));
    for (let from = 0; from < bytes.length; from += INDEX_RECORD_BYTES) {
      let record: IndexRecord;
      try {
        record = decodeIndexRecord(bytes, from);
      } catch (error) {
        show.isValid = false;
        out.line(`wdiff_indexed_rec: invalid record: ${errorText(error)} (at byte ${at + from})`);
        continue;
      }
      const isGood =
        !values.verify || record.kind !== 'normal' || (await isImageGood(file, record, indexAt, images));
      const line = indexedRecordLine(record, indexRecordChecksum(bytes, from));
      printRecord(show, line, isWanted(show, record), isGood ? '' : ' invalid data checksum');
      countWdiffIo(statistics, record.kind, record.sizeLb);
    }
    await out.drain();
  }
  statistics.wdiffCount = (statistics.wdiffCount ?? 0) + 1;
  statistics.dataSizeBytes = (statistics.dataSizeBytes ?? 0) + indexAt - WDIFF_HEADER_BYTES;
}

/** Check sums of images that were read already, by place and size. */
type KnownImages = Map<string, number>;

async function isImageGood(
  file: RandomReader,
  { dataOffsetBytes, dataSizeBytes, dataChecksum }: IndexRecord,
  indexAt: number,
  known: KnownImages,
): Promise<boolean> {
  if (dataOffsetBytes < WDIFF_HEADER_BYTES || dataOffsetBytes + dataSizeBytes > indexAt) return false;
  const key = `${dataOffsetBytes}+${dataSizeBytes}`;
  let found = known.get(key);
  if (found === undefined) {
    found = checksum(await file.read(dataOffsetBytes, dataSizeBytes), 0);
    if (known.size >= MAX_KNOWN_IMAGES) known.clear();
    known.set(key, found);
  }
  return found === dataChecksum;
}
