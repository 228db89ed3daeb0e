import { BufferedReader } from '../../core/engine/byte-stream.ts';
import { openWlog } from '../../core/engine/wlog-reader.ts';
import { FormatError } from '../../core/errors.ts';
import { hex32 } from '../../core/format/binary.ts';
import { checksum } from '../../core/format/checksum.ts';
import { wlogOffsetBytes } from '../../core/format/wlog.ts';
import { logRecordLine } from '../../core/format/wlog-text.ts';
import { LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import { inputError, withInput } from './files.ts';
import { flag, text } from './options.ts';
import { textLines } from './text-lines.ts';
import { defineTool } from './tool.ts';
import { checkWlogEnd, NO_END } from './wlog-end.ts';

/** A line of a recipe: what was written where. */
interface Write {
  readonly offsetLb: number;
  readonly sizeLb: number;
  /** Of the data, salt 0. */
  readonly checksum: number;
}

/** Reads `OFFSET SIZE CSUM`: blocks, blocks, hexadecimal. Throws FormatError. */
function parseWrite(line: string): Write {
  const parts = /^\s*([0-9]+)\s+([0-9]+)\s+([0-9a-fA-F]{1,8})\s*$/.exec(line);
  if (parts === null) throw new FormatError(`a line of the recipe must be OFFSET SIZE CSUM: ${line}`);
  return { offsetLb: Number(parts[1]), sizeLb: Number(parts[2]), checksum: Number.parseInt(parts[3], 16) };
}

export const verifyWlog = defineTool({
  name: 'verify_wlog',
  summary: 'compares the records of a wlog with a recipe of what was written',
  notes: [
    'Lines of the recipe are `OFFSET SIZE CSUM`: blocks, blocks, and the check sum of the data with salt 0 in\nhexadecimal. Each record, paddings and discards too, takes one. Exit status 1 when a record is not as written.',
  ],
  examples: ['verify_wlog -r recipe.txt -w a.wlog', 'wlog-cat ldev.img | verify_wlog -r recipe.txt'],
  options: {
    recipe: text('r', 'RECIPE', 'recipe, - for standard input', '-'),
    wlog: text('w', 'WLOG', 'wlog, - for standard input', '-'),
    noEnd: NO_END,
    debug: flag('debug', 'accepted and ignored'),
  },
  async body(values, { io, out }) {
    if (values.recipe === '-' && values.wlog === '-') {
      throw new Error('recipe and wlog must not both come from standard input.');
    }
    let badCount = 0;
    await withInput(values.wlog, io, ({ source }) =>
      withInput(values.recipe, io, async (recipe) => {
        const writes = textLines(recipe.source);
        const wlog = await openWlog(new BufferedReader(source), { checkLsid: true });
        if (wlog === null) throw new FormatError('eof error: a wlog header expected');
        const { salt } = wlog.header;
        while ((await wlog.nextPack()) !== null) {
          for (let log = await wlog.nextIo(); log !== null; log = await wlog.nextIo()) {
            const { record } = log;
            const place = wlogOffsetBytes(wlog.header, record.lsid);
            if (!log.isValid) {
              throw inputError(
                new FormatError(`read log IO failed: lsid ${record.lsid}`, place),
                values.wlog,
              );
            }
            const line = await writes.next();
            if (line.done === true)
              throw new Error('no more input: the recipe must have a line for every record');
            const write = parseWrite(line.value);
            const hasData = record.kind === 'normal';
            const data = log.data.subarray(0, hasData ? record.sizeLb * LOGICAL_BLOCK_BYTES : 0);
            const [plain, salted] = hasData ? [checksum(data, 0), checksum(data, salt)] : [0, 0];
            const isSame =
              write.offsetLb === record.offsetLb &&
              write.sizeLb === record.sizeLb &&
              (!hasData || write.checksum === plain);
            if (!isSame) badCount++;
            const written = `${write.offsetLb} ${write.sizeLb} ${hex32(write.checksum)}`;
            out.line(
              `${isSame ? 'OK' : 'NG'} ${written} ${logRecordLine(record)} ${hex32(plain)} ${hex32(salted)}`,
            );
          }
          await out.drain();
        }
        if (!values.noEnd) checkWlogEnd(wlog);
        for await (const line of writes) {
          if (line.trim() !== '') throw new Error('There are still remaining recipes.');
        }
      }),
    );
    return badCount === 0 ? 0 : 1;
  },
});
