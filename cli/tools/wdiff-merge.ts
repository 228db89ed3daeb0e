import { WdiffMerger } from '../../core/engine/merge.ts';
import { SortedWdiffWriter } from '../../core/engine/sorted-wdiff-writer.ts';
import { writeMerged } from '../../core/engine/write-merged.ts';
import { ZERO_UUID } from '../../core/format/uuid.ts';
import { countWdiffIo, newWdiffStatistics, wdiffStatisticsLine } from '../../core/format/wdiff-text.ts';
import { compressOptFromText } from '../../core/snapshot/host-info.ts';
import { KIB, LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import { withFiles, withOutput } from './files.ts';
import { flag, integer, readOption, text, texts } from './options.ts';
import { defineTool } from './tool.ts';
import { openWdiffInputs } from './wdiff-inputs.ts';

/** Streams of higher lzma levels need more memory than the original gives its decoder. */
const MAX_LZMA_LEVEL = 6;

export const wdiffMerge = defineTool({
  name: 'wdiff-merge',
  summary: 'merges wdiffs, the newer winning, into a sorted wdiff',
  notes: [
    'The result has a zero uuid, as that of the original tool, unless -keepuuid is given.',
    'Compression: none, gzip, snappy, lzma, lz4 or zstd; level 0 (default of the codec) to 9; the number of\nprocessors has no effect on the result.',
  ],
  examples: [
    'wdiff-merge -i old.wdiff new.wdiff -o merged.wdiff',
    'wdiff-merge -i 1.wdiff 2.wdiff 3.wdiff -x 32K -cmpr zstd:3:1 -stat > merged.wdiff',
  ],
  options: {
    inputs: texts('i', 'PATH', 'wdiffs, oldest first; one may be -, standard input'),
    output: text('o', 'PATH', 'wdiff, - for standard output', '-'),
    maxIoBytes: integer('x', 'BYTES', 'largest IO of the result, 0 = no limit', 0),
    compression: text('cmpr', 'TYPE:LEVEL:CPUS', 'compression', 'snappy:0:1'),
    stat: flag('stat', 'print statistics to standard error'),
    keepUuid: flag('keepuuid', 'give the result the uuid of the newest input'),
    debug: flag('debug', 'accepted and ignored'),
  },
  async body(values, { io, err }) {
    const { inputs, output, maxIoBytes, keepUuid } = values;
    if (inputs.length === 0) throw new Error('You must specify one or more input wdiff files.');
    if (maxIoBytes > 0 && maxIoBytes < LOGICAL_BLOCK_BYTES)
      throw new Error('Too small max IO size specified.');
    const { type, level } = readOption(
      'cmpr',
      values.compression,
      'TYPE:LEVEL:CPUS, zstd:3:1 for instance',
      compressOptFromText,
    );
    const compression = { type, level: type === 'lzma' ? Math.min(level, MAX_LZMA_LEVEL) : level };
    const pool = await io.codecs();
    await withFiles(inputs, io, async (files) => {
      const merger = await WdiffMerger.open(await openWdiffInputs(files, pool, { forgets: true }), {
        maxIoLb: Math.floor(maxIoBytes / LOGICAL_BLOCK_BYTES),
      });
      const statistics = { ...newWdiffStatistics(), wdiffCount: 1 };
      await withOutput(output, io, async (sink) => {
        const uuid = keepUuid ? merger.uuid : ZERO_UUID;
        const writer = await SortedWdiffWriter.open(sink, uuid, { compression, pool });
        await writeMerged(merger, writer, type, ({ kind, sizeLb }) => countWdiffIo(statistics, kind, sizeLb));
        await writer.close();
        statistics.dataSizeBytes = writer.dataSizeBytes;
      });
      if (!values.stat) return;
      err.line(`mergeIn  ${wdiffStatisticsLine(merger.inputStatistics)}`);
      err.line(`mergeOut ${wdiffStatisticsLine(statistics)}`);
      err.line(`mergeMemUsage ${merger.memoryUseBytes / KIB}KiB`);
    });
    return 0;
  },
});
