import { BufferedReader, type ByteSink } from '../../core/engine/byte-stream.ts';
import { IndexedWdiffWriter } from '../../core/engine/indexed-wdiff-writer.ts';
import { SNAPPY } from '../../core/engine/io-codec.ts';
import type { PlainIo } from '../../core/engine/plain-io.ts';
import { SortedWdiffWriter } from '../../core/engine/sorted-wdiff-writer.ts';
import { FormatError } from '../../core/errors.ts';
import { ZERO_UUID } from '../../core/format/uuid.ts';
import { KIB, LOGICAL_BLOCK_BYTES, MIB } from '../../core/units.ts';
import type { CodecPool } from '../../core/world/codec.ts';
import { checkApart, withInput, withOutput } from './files.ts';
import { flag, integer, text } from './options.ts';
import { defineTool } from './tool.ts';

/** What takes the IOs of a full image. */
interface IoWriter {
  add(io: PlainIo): Promise<void>;
  close(): Promise<void>;
}

function openWriter(sink: ByteSink, indexed: boolean, pool: CodecPool): Promise<IoWriter> {
  const options = { compression: SNAPPY, pool };
  return indexed
    ? IndexedWdiffWriter.open(sink, ZERO_UUID, options)
    : SortedWdiffWriter.open(sink, ZERO_UUID, options);
}

export const wdiffFull = defineTool({
  name: 'wdiff-full',
  summary: 'makes a wdiff that holds a whole image',
  notes: ['Zeros are stored like other data, as the original does.'],
  examples: [
    'wdiff-full -i disk.img -o full.wdiff',
    'cat disk.img | wdiff-full -ios 1M -indexed > full.wdiff',
  ],
  options: {
    input: text('i', 'PATH', 'image, - for standard input', '-'),
    output: text('o', 'PATH', 'wdiff, - for standard output', '-'),
    ioBytes: integer('ios', 'BYTES', 'size of the IOs', 64 * KIB, { max: 32 * MIB }),
    indexed: flag('indexed', 'write an indexed wdiff'),
    debug: flag('debug', 'accepted and ignored'),
  },
  async body({ input, output, ioBytes, indexed }, { io }) {
    if (ioBytes === 0 || ioBytes % LOGICAL_BLOCK_BYTES !== 0) {
      throw new Error(`the IO size must be a multiple of ${LOGICAL_BLOCK_BYTES} and not 0: ${ioBytes}`);
    }
    await checkApart([input], output);
    const pool = await io.codecs();
    await withOutput(output, io, (sink) =>
      withInput(input, io, async ({ source }) => {
        const reader = new BufferedReader(source, ioBytes);
        const writer = await openWriter(sink, indexed, pool);
        let addressLb = 0;
        for (;;) {
          const data = await reader.readUpTo(ioBytes);
          if (data.length === 0) break;
          if (data.length % LOGICAL_BLOCK_BYTES !== 0) {
            throw new FormatError(
              `the image must have whole blocks of ${LOGICAL_BLOCK_BYTES} bytes`,
              reader.offset,
            );
          }
          const sizeLb = data.length / LOGICAL_BLOCK_BYTES;
          await writer.add({ addressLb, sizeLb, kind: 'normal', data });
          addressLb += sizeLb;
        }
        await writer.close();
      }),
    );
    return 0;
  },
});
