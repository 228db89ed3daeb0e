import { BufferedReader } from '../../core/engine/byte-stream.ts';
import { openWlog, type WlogReader } from '../../core/engine/wlog-reader.ts';
import { FormatError } from '../../core/errors.ts';
import { hex32 } from '../../core/format/binary.ts';
import { checksum } from '../../core/format/checksum.ts';
import { wlogOffsetBytes } from '../../core/format/wlog.ts';
import {
  addPack,
  logpackLines,
  logRecordLine,
  newWlogStatistics,
  wlogHeaderLine,
  wlogStatisticsLines,
} from '../../core/format/wlog-text.ts';
import { LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import { inputName, withInput } from './files.ts';
import { flag, integer, lsidLimit, type OptionValues, optionalArgument } from './options.ts';
import { defineTool, type ToolContext } from './tool.ts';
import { checkWlogEnd, NO_END } from './wlog-end.ts';

const OPTIONS = {
  beginLsid: integer('b', 'LSID', 'leave out packs below', 0),
  endLsid: lsidLimit('e', 'leave out packs from here on'),
  head: flag('head', 'print the header'),
  pack: flag('pack', 'print the packs'),
  stat: flag('stat', 'print statistics'),
  none: flag('none', 'print nothing (for -validate)'),
  validate: flag('validate', 'verify the check sums of all data'),
  noEnd: NO_END,
  debug: flag('debug', 'accepted and ignored'),
  path: optionalArgument('WLOG_PATH', 'wlog file, - for standard input', '-'),
};

export const wlogShow = defineTool({
  name: 'wlog-show',
  summary: 'prints a wlog as text',
  notes: ['Without -head, -pack, -stat, -none all three are printed.'],
  examples: [
    'wlog-show a.wlog',
    'wlog-show -none -validate a.wlog',
    'wlog-cat /dev/walb/Lvol0 | wlog-show -stat',
  ],
  options: OPTIONS,
  body: (values, context) =>
    withInput(values.path, context.io, async ({ source }) => {
      const wlog = await openWlog(new BufferedReader(source), { checkLsid: true });
      if (wlog === null) throw new FormatError('eof error: a wlog header expected');
      return await show(wlog, values, context);
    }),
});

async function show(
  wlog: WlogReader,
  values: OptionValues<typeof OPTIONS>,
  { out, log }: ToolContext,
): Promise<number> {
  const { header } = wlog;
  const all = !(values.head || values.pack || values.stat || values.none);
  const statistics = newWlogStatistics(header.beginLsid, header.endLsid);
  let badCount = 0;
  if (all || values.head) out.line(wlogHeaderLine(header));
  for (let pack = await wlog.nextPack(); pack !== null; pack = await wlog.nextPack()) {
    const lsid = pack.logpackLsid ?? 0;
    if (lsid < values.beginLsid || (values.endLsid !== null && lsid >= values.endLsid)) continue;
    addPack(statistics, pack, wlog.endLsid, header.physicalBlockBytes);
    if (all || values.pack) out.lines(logpackLines(pack));
    await out.drain();
    if (!values.validate) continue;
    for (let io = await wlog.nextIo(); io !== null; io = await wlog.nextIo()) {
      if (io.isValid) continue;
      badCount++;
      const data = io.data.subarray(0, io.record.sizeLb * LOGICAL_BLOCK_BYTES);
      const found = hex32(checksum(data, header.salt));
      const at = wlogOffsetBytes(header, io.record.lsid);
      log('ERROR', `NG:${logRecordLine(io.record)}:${found} (at byte ${at} of ${inputName(values.path)})`);
    }
  }
  if (all || values.stat) out.lines(wlogStatisticsLines(statistics));
  if (!values.noEnd) checkWlogEnd(wlog);
  return badCount === 0 ? 0 : 1;
}
