import type { ByteSink } from '../../core/engine/byte-stream.ts';
import type { WlogReader } from '../../core/engine/wlog-reader.ts';
import { WlogWriter } from '../../core/engine/wlog-writer.ts';
import { hasData, type LogpackHeader, nextLsid, shrinkLogpack } from '../../core/format/logpack.ts';
import {
  addPack,
  newWlogStatistics,
  type WlogStatistics,
  wlogHeaderLine,
  wlogStatisticsLines,
} from '../../core/format/wlog-text.ts';
import type { Lsid } from '../../core/units.ts';
import { checkApart, withOutput } from './files.ts';
import { checkLsidRange, ringWlog, withLogDevice } from './log-device.ts';
import { argument, flag, integer, lsidLimit, text } from './options.ts';
import { defineTool } from './tool.ts';

/** A pack and its data, cut before its first bad IO unless `keepBad`. */
async function readPack(
  wlog: WlogReader,
  pack: LogpackHeader,
  keepBad: boolean,
): Promise<{ pack: LogpackHeader; data: Uint8Array[]; isCut: boolean }> {
  const data: Uint8Array[] = [];
  for (let i = 0; ; i++) {
    const io = await wlog.nextIo();
    if (io === null) return { pack, data, isCut: false };
    if (!io.isValid && !keepBad) return { pack: shrinkLogpack(pack, i), data, isCut: true };
    if (hasData(io.record)) data.push(io.data);
  }
}

/** Copies packs up to `endLsid`, or to where the log ends. */
async function copyLog(
  wlog: WlogReader,
  sink: ByteSink,
  endLsid: Lsid | null,
  keepBad: boolean,
): Promise<WlogStatistics> {
  const { header } = wlog;
  const statistics = newWlogStatistics(header.beginLsid, header.endLsid);
  const writer = await WlogWriter.open(sink, header);
  while (endLsid === null || wlog.endLsid < endLsid) {
    const found = await wlog.nextPack();
    if (found === null) break;
    const { pack, data, isCut } = await readPack(wlog, found, keepBad);
    await writer.writePack(pack, data);
    if (pack.records.length > 0) addPack(statistics, pack, nextLsid(pack), header.physicalBlockBytes);
    if (isCut) break;
  }
  await writer.close();
  return statistics;
}

export const wlogCat = defineTool({
  name: 'wlog-cat',
  summary: 'extracts the log on a log device as a wlog',
  notes: [
    'The log ends where there is no pack with the expected lsid. An IO whose check sum is wrong ends it as well:\nits pack is cut before it.',
  ],
  examples: [
    'wlog-cat /dev/walb/Lvol0 -o a.wlog',
    'wlog-cat -b 1000 -e 2000 ldev.img | wlog-to-wdiff -o a.wdiff',
  ],
  options: {
    output: text('o', 'PATH', 'wlog, - for standard output', '-'),
    beginLsid: integer('b', 'LSID', 'where to begin; at the oldest lsid at least', 0),
    endLsid: lsidLimit('e', 'where to end: packs from here on are left out'),
    noAio: flag('noaio', 'accepted and ignored'),
    keepBad: flag('s', 'write data whose check sum is wrong as well'),
    force: flag('f', 'begin at -b even where the log may be overwritten (below the oldest lsid)'),
    verbose: flag('v', 'print header and statistics to standard error'),
    debug: flag('debug', 'accepted and ignored'),
    path: argument('LOG_DEVICE_PATH', 'log device or image of one'),
  },
  body: (values, { io, err }) =>
    withLogDevice(values.path, { writable: false, progress: io.progress }, async (log) => {
      const { endLsid } = values;
      const beginLsid = values.force ? values.beginLsid : Math.max(values.beginLsid, log.sector.oldestLsid);
      checkLsidRange(beginLsid, endLsid);
      await checkApart([values.path], values.output);
      const wlog = ringWlog(log, beginLsid, endLsid);
      if (values.verbose) err.line(wlogHeaderLine(wlog.header));
      await withOutput(values.output, io, async (sink) => {
        const statistics = await copyLog(wlog, sink, endLsid, values.keepBad);
        if (values.verbose) err.lines(wlogStatisticsLines(statistics));
      });
      return 0;
    }),
});
