import { BufferedReader } from '../../core/engine/byte-stream.ts';
import { errorText, FormatError } from '../../core/errors.ts';
import { decodeLogpackHeader } from '../../core/format/logpack.ts';
import { MAX_PHYSICAL_BLOCK_BYTES } from '../../core/format/physical-block.ts';
import { logpackLines } from '../../core/format/wlog-text.ts';
import { withInput } from './files.ts';
import { argument, flag, integerArgument } from './options.ts';
import { defineTool } from './tool.ts';

export const wlogShowRaw = defineTool({
  name: 'wlog-show-raw',
  summary: 'prints the header block of a logpack that stands alone in a file',
  examples: ['wlog-show-raw logpackheader.bin 512 0x12345678'],
  options: {
    path: argument('FILE', 'file with the block, - for standard input'),
    pbs: integerArgument('PBS', 'physical block size', { min: 1, max: MAX_PHYSICAL_BLOCK_BYTES }),
    salt: integerArgument('SALT', 'salt of the log', { max: 0xffff_ffff }),
    debug: flag('debug', 'accepted and ignored'),
  },
  body: ({ path, pbs, salt }, { io, out }) =>
    withInput(path, io, async ({ source }) => {
      const block = await new BufferedReader(source, 1).read(pbs);
      try {
        out.lines(logpackLines(decodeLogpackHeader(block, salt)));
        return 0;
      } catch (error) {
        if (!(error instanceof FormatError)) throw error;
        throw new FormatError(`invalid logpack header: ${errorText(error)}`, error.offset);
      }
    }),
});
