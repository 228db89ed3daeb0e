/** Comparing the records of a log with a recipe: what `verify_wlog` and `verify_wldev` have in common. */
import type { LogIo, WlogReader } from '../../core/engine/wlog-reader.ts';
import { FormatError } from '../../core/errors.ts';
import { hex32 } from '../../core/format/binary.ts';
import { checksum } from '../../core/format/checksum.ts';
import { wlogOffsetBytes } from '../../core/format/wlog.ts';
import { logRecordLine } from '../../core/format/wlog-text.ts';
import { LOGICAL_BLOCK_BYTES, type Lsid } from '../../core/units.ts';
import type { Printer } from './printer.ts';

/** What the help says of recipes. */
export const RECIPE_NOTE =
  'Lines of the recipe are `OFFSET SIZE CSUM`: blocks, blocks, and the check sum of the data with salt 0 in\nhexadecimal. Each record, paddings and discards too, takes one. Exit status 1 when a record is not as written.';

/** A line of a recipe: what was written where. */
interface Write {
  readonly offsetLb: number;
  readonly sizeLb: number;
  /** Of the data, salt 0. */
  readonly checksum: number;
}

/** Reads `OFFSET SIZE CSUM`: blocks, blocks, hexadecimal. */
function parseWrite(line: string): Write {
  const parts = /^\s*([0-9]+)\s+([0-9]+)\s+([0-9a-fA-F]{1,8})\s*$/.exec(line);
  if (parts === null) throw new Error(`a line of the recipe must be OFFSET SIZE CSUM: ${line}`);
  return { offsetLb: Number(parts[1]), sizeLb: Number(parts[2]), checksum: Number.parseInt(parts[3], 16) };
}

/** Prints the line of a record; false when it is not as written. */
function verifyRecord({ record, data }: LogIo, write: Write, salt: number, out: Printer): boolean {
  const hasData = record.kind === 'normal';
  const exact = data.subarray(0, hasData ? record.sizeLb * LOGICAL_BLOCK_BYTES : 0);
  const [plain, salted] = hasData ? [checksum(exact, 0), checksum(exact, salt)] : [0, 0];
  const isSame =
    write.offsetLb === record.offsetLb &&
    write.sizeLb === record.sizeLb &&
    (!hasData || write.checksum === plain);
  const written = `${write.offsetLb} ${write.sizeLb} ${hex32(write.checksum)}`;
  out.line(`${isSame ? 'OK' : 'NG'} ${written} ${logRecordLine(record)} ${hex32(plain)} ${hex32(salted)}`);
  return isSame;
}

/**
 * Compares every record of a log with the next line of a recipe, up to `endLsid`. Gives the number of records that are
 * not as written. Throws FormatError for damage in the log, and when the recipe has too few lines or too many.
 */
export async function verifyLog(
  wlog: WlogReader,
  recipe: AsyncGenerator<string>,
  endLsid: Lsid | null,
  out: Printer,
): Promise<number> {
  let badCount = 0;
  while (endLsid === null || wlog.endLsid < endLsid) {
    if ((await wlog.nextPack()) === null) break;
    for (let io = await wlog.nextIo(); io !== null; io = await wlog.nextIo()) {
      if (!io.isValid) {
        const place = wlogOffsetBytes(wlog.header, io.record.lsid);
        throw new FormatError(`read log IO failed: lsid ${io.record.lsid}`, place);
      }
      const line = await recipe.next();
      if (line.done === true) throw new Error('no more input: the recipe must have a line for every record');
      if (!verifyRecord(io, parseWrite(line.value), wlog.header.salt, out)) badCount++;
    }
    await out.drain();
  }
  for await (const line of recipe) {
    if (line.trim() !== '') throw new Error('There are still remaining recipes.');
  }
  return badCount;
}
