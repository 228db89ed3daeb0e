import type { LogpackHeader } from '../../core/format/logpack.ts';
import {
  addPack,
  logpackLines,
  newWlogStatistics,
  superSectorLines,
  wlogHeaderLine,
  wlogStatisticsLines,
} from '../../core/format/wlog-text.ts';
import { checkLsidRange, ringWlog, withLogDevice } from './log-device.ts';
import { argument, flag, integer, lsidLimit } from './options.ts';
import { defineTool } from './tool.ts';

export const wldevShow = defineTool({
  name: 'wldev-show',
  summary: 'prints the log on a log device as text',
  notes: ['Without -super, -head, -pack, -stat the header, the packs and statistics are printed.'],
  examples: ['wldev-show ldev.img', 'wldev-show -pack -search -addr 2048 -iosize 8 /dev/walb/Lvol0'],
  options: {
    beginLsid: integer('b', 'LSID', 'where to begin', 0),
    endLsid: lsidLimit('e', 'where to end: packs from here on are left out'),
    isSuper: flag('super', 'print the super sector'),
    head: flag('head', 'print the header that wlog-cat would make'),
    pack: flag('pack', 'print the packs'),
    stat: flag('stat', 'print statistics'),
    force: flag('f', 'begin at -b even where the log may be overwritten (below the oldest lsid)'),
    search: flag('search', 'print only packs that touch the blocks -addr, -iosize'),
    addressLb: integer('addr', 'LB', 'first block to search', 0),
    sizeLb: integer('iosize', 'LB', 'number of blocks to search', 1, { min: 1 }),
    noAio: flag('noaio', 'accepted and ignored'),
    debug: flag('debug', 'accepted and ignored'),
    path: argument('WLDEV_PATH', 'log device or image of one'),
  },
  body: (values, { io, out }) =>
    withLogDevice(values.path, { writable: false, progress: io.progress }, async (log) => {
      const { sector, superBlock } = log;
      const { endLsid, addressLb, sizeLb } = values;
      const beginLsid = values.force ? values.beginLsid : Math.max(values.beginLsid, sector.oldestLsid);
      checkLsidRange(beginLsid, endLsid);
      const all = !(values.isSuper || values.head || values.pack || values.stat);
      const wlog = ringWlog(log, beginLsid, endLsid);
      const statistics = newWlogStatistics(beginLsid, endLsid);
      const isWanted = ({ records }: LogpackHeader) =>
        !values.search ||
        records.some((io) => io.offsetLb < addressLb + sizeLb && addressLb < io.offsetLb + io.sizeLb);
      if (values.isSuper) out.lines(superSectorLines(sector, superBlock));
      if (all || values.head) out.line(wlogHeaderLine(wlog.header));
      while (endLsid === null || wlog.endLsid < endLsid) {
        const pack = await wlog.nextPack();
        if (pack === null) break;
        addPack(statistics, pack, wlog.endLsid, sector.physicalBlockBytes);
        if ((all || values.pack) && isWanted(pack)) out.lines(logpackLines(pack));
        await out.drain();
      }
      if (all || values.stat) out.lines(wlogStatisticsLines(statistics));
      return 0;
    }),
});
