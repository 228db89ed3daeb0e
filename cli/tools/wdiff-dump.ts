import { NO_DATA } from '../../core/engine/plain-io.ts';
import { flagsText } from '../../core/format/wdiff-text.ts';
import { LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import { checkApart, withInput, withOutput } from './files.ts';
import { argument, flag, integerArgument } from './options.ts';
import { defineTool } from './tool.ts';
import { openWdiffInputs } from './wdiff-inputs.ts';

/** Zeros are written in pieces of this size. */
const ZEROS = new Uint8Array(256 * 1024);

export const wdiffDump = defineTool({
  name: 'wdiff-dump',
  summary: 'writes the data that a wdiff has for a range of blocks to a file',
  notes: [
    'Zero and discarded blocks are zeros. The dump ends at the first block that the wdiff does not have.',
  ],
  examples: ['wdiff-dump 2048 8 a.wdiff blocks.bin', 'wdiff-dump 2048 8 a.wdiff - | xxd | head'],
  options: {
    addressLb: integerArgument('ADDR', 'first block'),
    sizeLb: integerArgument('SIZE', 'number of blocks'),
    input: argument('WDIFF', 'wdiff, - for standard input'),
    output: argument('DUMP', 'file to write, - for standard output'),
    debug: flag('debug', 'accepted and ignored'),
  },
  async body({ addressLb, sizeLb, input, output }, { io, err }) {
    await checkApart([input], output);
    const pool = await io.codecs();
    let at = addressLb;
    const endLb = addressLb + sizeLb;
    await withOutput(output, io, (sink) =>
      withInput(input, io, async (file) => {
        const [wdiff] = await openWdiffInputs([file], pool);
        while (at < endLb) {
          const found = await wdiff.next();
          if (found === null || found.addressLb > at) return;
          const ioEndLb = found.addressLb + found.sizeLb;
          if (ioEndLb <= at) continue;
          const countLb = Math.min(ioEndLb, endLb) - at;
          err.line(`dump ${at} ${countLb} ${flagsText(found.kind)}`);
          const from = (at - found.addressLb) * LOGICAL_BLOCK_BYTES;
          let left = countLb * LOGICAL_BLOCK_BYTES;
          const data = found.kind === 'normal' ? found.data.subarray(from, from + left) : NO_DATA;
          if (data.length > 0) await sink.write(data);
          for (left -= data.length; left > 0; left -= Math.min(left, ZEROS.length)) {
            await sink.write(ZEROS.subarray(0, left));
          }
          at += countLb;
        }
      }),
    );
    err.line(`dump ${at - addressLb} blocks`);
    return 0;
  },
});
