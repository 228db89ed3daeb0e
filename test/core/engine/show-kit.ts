import { IndexReader } from '../../../core/engine/indexed-wdiff-reader.ts';
import { memoryReader, memorySource } from '../../../core/engine/memory-stream.ts';
import { openSortedPacks } from '../../../core/engine/sorted-wdiff-reader.ts';
import { encodeIndexRecord, indexRecordChecksum } from '../../../core/format/index-record.ts';
import { decodeWdiffHeader, WDIFF_HEADER_BYTES } from '../../../core/format/wdiff-header.ts';
import { recordOfIo } from '../../../core/format/wdiff-record.ts';
import {
  countWdiffIo,
  indexedRecordLine,
  newWdiffStatistics,
  sortedRecordLine,
  wdiffHeaderLines,
  wdiffStatisticsLines,
} from '../../../core/format/wdiff-text.ts';

/** The lines that `wdiff-show -stat` prints for a file. Files of the sorted type are not counted there. */
export async function showLines(bytes: Uint8Array): Promise<string[]> {
  const headerBytes = bytes.subarray(0, WDIFF_HEADER_BYTES);
  const header = decodeWdiffHeader(headerBytes);
  const lines = wdiffHeaderLines(header, headerBytes);
  const statistics = newWdiffStatistics();
  let dataSizeBytes = 0;
  if (header.type === 'indexed') {
    statistics.wdiffCount = 1;
    const index = await IndexReader.open(memoryReader(bytes));
    for (let piece = await index.nextPiece(); piece.length > 0; piece = await index.nextPiece()) {
      for (const record of piece) {
        lines.push(indexedRecordLine(record, indexRecordChecksum(encodeIndexRecord(record))));
        countWdiffIo(statistics, record.kind, record.sizeLb);
      }
    }
    dataSizeBytes = index.indexOffsetBytes - WDIFF_HEADER_BYTES;
  } else {
    const packs = await openSortedPacks(memorySource(bytes));
    for (let pack = await packs.next(); pack !== null; pack = await packs.next()) {
      let offset = 0;
      for (const io of pack.ios) {
        lines.push(sortedRecordLine(recordOfIo(io, offset)));
        countWdiffIo(statistics, io.kind, io.sizeLb);
        offset += io.data.length;
      }
      dataSizeBytes += offset;
    }
  }
  statistics.dataSizeBytes = dataSizeBytes;
  return [...lines, ...wdiffStatisticsLines(statistics, 'wdiff_stat: ')];
}
