import { BufferedReader } from '../../core/engine/byte-stream.ts';
import { hex32 } from '../../core/format/binary.ts';
import { checksumFinish, checksumPartial } from '../../core/format/checksum.ts';
import { MIB } from '../../core/units.ts';
import { withInput } from './files.ts';
import { flag, integer, optionalArgument } from './options.ts';
import { defineTool } from './tool.ts';

const READ_BYTES = MIB;

export const checksumTool = defineTool({
  name: 'checksum',
  summary: 'prints the check sum that WalB protects logs and wdiffs with',
  notes: ['With -bulk there is a line for each piece: its number, a tab, and the check sum.'],
  examples: ['checksum -hex disk.img', 'checksum -salt 0x12345678 -bulk 512 disk.img'],
  options: {
    salt: integer('salt', 'SALT', 'salt', 0, { max: 0xffff_ffff }),
    bulkBytes: integer('bulk', 'BYTES', 'size of pieces, 0 = one check sum of all', 0),
    hex: flag('hex', 'print eight hexadecimal digits instead of a decimal number'),
    debug: flag('debug', 'accepted and ignored'),
    path: optionalArgument('FILE', 'file, - for standard input', '-'),
  },
  body: ({ salt, bulkBytes, hex, path }, { io, out }) =>
    withInput(path, io, async ({ source }) => {
      const reader = new BufferedReader(source, READ_BYTES);
      for (let index = 0; ; index++) {
        // Only the last read of a piece may have a length that is no multiple of four: its end is zero-extended.
        let left = bulkBytes === 0 ? Number.POSITIVE_INFINITY : bulkBytes;
        let sum = salt;
        let isEnd = false;
        let hasData = false;
        while (left > 0 && !isEnd) {
          const wanted = Math.min(left, READ_BYTES);
          const bytes = await reader.readUpTo(wanted);
          sum = checksumPartial(bytes, sum);
          left -= bytes.length;
          hasData ||= bytes.length > 0;
          isEnd = bytes.length < wanted;
        }
        if (hasData || bulkBytes === 0) {
          const value = checksumFinish(sum);
          out.line((bulkBytes === 0 ? '' : `${index}\t`) + (hex ? hex32(value) : String(value)));
          await out.drain();
        }
        if (isEnd) return 0;
      }
    }),
});
