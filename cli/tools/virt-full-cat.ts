import { stat } from 'node:fs/promises';
import { gatheringSink } from '../../core/engine/gathering-sink.ts';
import { WdiffMerger } from '../../core/engine/merge.ts';
import type { IoStream } from '../../core/engine/plain-io.ts';
import { VirtualImage } from '../../core/engine/virtual-image.ts';
import { FormatError } from '../../core/errors.ts';
import {
  countWdiffIo,
  newWdiffStatistics,
  type WdiffStatistics,
  wdiffStatisticsLine,
} from '../../core/format/wdiff-text.ts';
import { KIB, type Lb, LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import { asIo } from '../../native/errors.ts';
import { openFileDevice } from '../../native/file-device.ts';
import { withFiles, withOutput } from './files.ts';
import { flag, integer, necessaryText, text, texts } from './options.ts';
import { defineTool } from './tool.ts';
import { openWdiffInputs } from './wdiff-inputs.ts';

const READ_STEP = 'virt-full-cat.read';

/**
 * The stream, whose IOs are counted as they pass. One that lies behind the end of the base is an error: the image would
 * be without it, and nobody would know.
 */
function counted(ios: IoStream, baseLb: Lb, statistics: WdiffStatistics): IoStream {
  return {
    async next() {
      const io = await ios.next();
      if (io === null) return null;
      if (io.addressLb >= baseLb) {
        throw new Error(
          `the base has ${baseLb} blocks, a diff has blocks ${io.addressLb} to ${io.addressLb + io.sizeLb - 1}: the base must be made larger`,
        );
      }
      countWdiffIo(statistics, io.kind, io.sizeLb);
      return io;
    },
  };
}

/** Throws when a file ends within a block, which the image would be without. */
async function checkWholeBlocks(path: string): Promise<void> {
  const status = await asIo(path, () => stat(path));
  if (status.isFile() && status.size % LOGICAL_BLOCK_BYTES !== 0) {
    throw new FormatError(
      `bad device size: ${path} has ${status.size} bytes, which are not whole blocks of ${LOGICAL_BLOCK_BYTES}`,
    );
  }
}

export const virtFullCat = defineTool({
  name: 'virt-full-cat',
  summary: 'prints a base image with wdiffs on top of it, as it would be with them applied',
  notes: [
    'Discarded blocks are zeros. The image is as large as the base; a diff that has blocks behind its end is an error.',
  ],
  examples: [
    'virt-full-cat -i disk.img -d 1.wdiff 2.wdiff -o disk2.img',
    'virt-full-cat -i disk.img -d 1.wdiff | sha256sum',
  ],
  options: {
    base: necessaryText('i', 'PATH', 'base image, file or block device'),
    wdiffs: texts('d', 'PATH', 'wdiffs, oldest first; one may be -, standard input'),
    output: text('o', 'PATH', 'image, - for standard output', '-'),
    bufferBytes: integer('b', 'BYTES', 'bytes handled at a time', 128 * KIB, { min: LOGICAL_BLOCK_BYTES }),
    stat: flag('stat', 'print statistics to standard error'),
    debug: flag('debug', 'accepted and ignored'),
  },
  async body(values, { io, err }) {
    const base = await openFileDevice(values.base, { writable: false });
    try {
      if (base.sizeLb() === 0) throw new FormatError(`bad device size: ${values.base} has no block`);
      await checkWholeBlocks(values.base);
      // The image is what takes the time.
      io.progress.expect(base.sizeLb() * LOGICAL_BLOCK_BYTES);
      await withFiles(values.wdiffs, io, async (files) => {
        const inputs = await openWdiffInputs(files, await io.codecs());
        const merger = inputs.length === 0 ? null : await WdiffMerger.open(inputs);
        const output = {
          ...newWdiffStatistics(),
          ...(merger !== null && { wdiffCount: null, dataSizeBytes: null }),
        };
        const image = new VirtualImage(
          base,
          merger === null ? null : counted(merger, base.sizeLb(), output),
          READ_STEP,
        );
        await withOutput(values.output, io, async (sink) => {
          const maxBytes = values.bufferBytes - (values.bufferBytes % LOGICAL_BLOCK_BYTES);
          const gathering = gatheringSink(sink);
          for (let bytes = await image.read(maxBytes); bytes !== null; bytes = await image.read(maxBytes)) {
            await gathering.write(bytes);
            io.progress.add(bytes.length);
          }
          await gathering.finish();
        });
        if (!values.stat) return;
        err.line(`mergeIn  ${wdiffStatisticsLine(merger?.inputStatistics ?? newWdiffStatistics())}`);
        err.line(`mergeOut ${wdiffStatisticsLine(output)}`);
        err.line(`mergeMemUsage ${(merger?.memoryUseBytes ?? 0) / KIB}KiB`);
      });
    } finally {
      base.close();
    }
    return 0;
  },
});
