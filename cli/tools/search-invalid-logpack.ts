import { FormatError } from '../../core/errors.ts';
import { checksum } from '../../core/format/checksum.ts';
import {
  decodeLogpackHeader,
  isRecordDataValid,
  type LogpackHeader,
  type LogRecord,
  nextLsid,
  recordSizePb,
} from '../../core/format/logpack.ts';
import { ringRoomPb } from '../../core/format/super-sector.ts';
import { superSectorLines } from '../../core/format/wlog-text.ts';
import type { Lsid } from '../../core/units.ts';
import { expectRing, type LogDevice, readRing, withLogDevice } from './log-device.ts';
import { argument, flag, integer, lsidLimit } from './options.ts';
import { defineTool, type ToolContext } from './tool.ts';

/** The header at `lsid`, or what is wrong with the block there. */
function headerAt(block: Uint8Array, lsid: Lsid, salt: number): LogpackHeader | string {
  try {
    const header = decodeLogpackHeader(block, salt);
    return header.logpackLsid === lsid ? header : 'LOGPACK_HEADER_INVALID_LSID';
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return checksum(block, salt) === 0 ? 'LOGPACK_HEADER_INVALID_DATA' : 'LOGPACK_HEADER_INVALID_CHECKSUM';
  }
}

/** Whether the data of a record are what was logged; data that go over the end of the ring never are. */
async function isRecordGood(log: LogDevice, record: LogRecord): Promise<boolean> {
  const { physicalBlockBytes, ringBufferSizePb, salt } = log.sector;
  const sizePb = recordSizePb(record, physicalBlockBytes);
  if (sizePb === 0) return true;
  if (sizePb > ringRoomPb(record.lsid, ringBufferSizePb)) return false;
  return isRecordDataValid(record, await readRing(log, record.lsid, sizePb), salt);
}

/** Walks through the packs of a range; gives the number of things that are wrong. */
async function search(log: LogDevice, begin: Lsid, end: Lsid, info: (text: string) => void): Promise<number> {
  const { salt } = log.sector;
  let badCount = 0;
  /** Whether the last block was no header. */
  let isLost = false;
  for (let lsid = begin; lsid < end; ) {
    const header = headerAt(await readRing(log, lsid, 1), lsid, salt);
    if (typeof header === 'string') {
      if (!isLost) {
        info(`${header} lsid ${lsid}`);
        badCount++;
      }
      isLost = true;
      lsid++;
      continue;
    }
    if (isLost) info(`FOUND_VALID_LSID lsid ${lsid}`);
    isLost = false;
    for (const record of header.records) {
      if (await isRecordGood(log, record)) continue;
      info(`INVALID_LOGPACK_IO lsid ${record.lsid} of the pack at ${lsid}`);
      badCount++;
    }
    lsid = nextLsid(header);
  }
  return badCount;
}

export const searchInvalidLogpack = defineTool({
  name: 'search-invalid-logpack',
  summary: 'looks for damage in the log between the oldest and the written lsid of a log device',
  notes: [
    'Behind a block that is no header, blocks are looked at one by one until there is one again. What is found goes\nto standard error; exit status 1 when there is anything.',
  ],
  examples: [
    'search-invalid-logpack ldev.img',
    'search-invalid-logpack -f -bgn 1000 -end 2000 /dev/walb/Lvol0',
  ],
  options: {
    beginLsid: integer('bgn', 'LSID', 'where to begin', 0),
    endLsid: lsidLimit('end', 'where to end'),
    force: flag('f', 'look below the oldest lsid and behind the written one as well'),
    head: flag('head', 'print the super sector'),
    debug: flag('debug', 'accepted and ignored'),
    path: argument('WLDEV_PATH', 'log device or image of one'),
  },
  body: ({ beginLsid, endLsid, force, head, path }, { io, out, log: print }: ToolContext) =>
    withLogDevice(path, { writable: false, progress: io.progress }, async (log) => {
      const { oldestLsid, writtenLsid, ringBufferSizePb } = log.sector;
      if (head) out.lines(superSectorLines(log.sector, log.superBlock));
      const begin = force ? beginLsid : Math.max(beginLsid, oldestLsid);
      // Behind a whole lap there is nothing but what was looked at already.
      const limit = force ? begin + ringBufferSizePb : writtenLsid;
      const end = endLsid === null ? limit : Math.min(endLsid, limit);
      if (begin >= end) {
        const why = force
          ? ''
          : `: the log from ${oldestLsid} to ${writtenLsid} is looked at, with -f all of it`;
        throw new Error(`bad lsid range:${begin}:${end}${why}`);
      }
      expectRing(log, begin, end);
      const badCount = await search(log, begin, end, (text) => print('INFO', text));
      return badCount === 0 ? 0 : 1;
    }),
});
