import { FormatError } from '../../core/errors.ts';
import { viewOf } from '../../core/format/binary.ts';
import { checksum } from '../../core/format/checksum.ts';
import { decodeLogpackHeader, LOGPACK_TYPE, type LogpackHeader } from '../../core/format/logpack.ts';
import { parseOptionInteger } from '../../core/format/size-text.ts';
import { ringBufferOffsetPb } from '../../core/format/super-sector.ts';
import { logpackLines } from '../../core/format/wlog-text.ts';
import { LOGICAL_BLOCK_BYTES, MIB, type Pb } from '../../core/units.ts';
import { withLogDevice } from './log-device.ts';
import { argument, flag, integer, optionalInteger, restArguments } from './options.ts';
import { defineTool } from './tool.ts';

const READ_STEP = 'search-lsid.read';
const READ_BYTES = MIB;
/** Byte offsets in a header block: its check sum, its type, its lsid. */
const AT = { checksum: 0, type: 4, lsid: 8 } as const;
const TWO_POW_32 = 0x1_0000_0000;

/** The header in a block, and whether its check sum is right; null when it is none in either case. */
function headerOf(block: Uint8Array, salt: number): { header: LogpackHeader; isWhole: boolean } | null {
  for (const isWhole of [true, false]) {
    try {
      if (isWhole) return { header: decodeLogpackHeader(block, salt), isWhole };
      const view = viewOf(block);
      const copy = block.slice();
      viewOf(copy).setUint32(AT.checksum, 0, true);
      viewOf(copy).setUint32(AT.checksum, checksum(copy, salt), true);
      const header = decodeLogpackHeader(copy, salt);
      return { header: { ...header, checksum: view.getUint32(AT.checksum, true) }, isWhole };
    } catch (error) {
      if (!(error instanceof FormatError)) throw error;
    }
  }
  return null;
}

/** The lsid that a block has where a logpack header has it; null when it does not look like a header. */
function lsidOf(view: DataView, at: number): number | null {
  if (view.getUint16(at + AT.type, true) !== LOGPACK_TYPE) return null;
  return view.getUint32(at + AT.lsid + 4, true) * TWO_POW_32 + view.getUint32(at + AT.lsid, true);
}

export const searchLsid = defineTool({
  name: 'search-lsid',
  summary: 'looks for logpack headers with given lsids all over the ring of a log device',
  examples: ['search-lsid ldev.img 352 466', 'search-lsid -bgn 10 -end 1000 /dev/walb/Lvol0 352'],
  options: {
    beginPb: integer('bgn', 'PB', 'first physical block, from the start of the device', 0),
    endPb: optionalInteger('end', 'PB', 'physical block behind the last'),
    debug: flag('debug', 'accepted and ignored'),
    path: argument('WLDEV_PATH', 'log device or image of one'),
    lsids: restArguments('LSID', 'lsids', true),
  },
  body: ({ beginPb, endPb, path, lsids }, { io, out }) =>
    withLogDevice(path, { writable: false }, async ({ device, sector }) => {
      const wanted = new Set(lsids.map(parseOptionInteger));
      const { physicalBlockBytes: pbs, metadataSizePb, ringBufferSizePb, salt } = sector;
      const ringPb = ringBufferOffsetPb(pbs, metadataSizePb);
      const lastPb: Pb = Math.min(endPb ?? Number.MAX_SAFE_INTEGER, ringPb + ringBufferSizePb);
      const lbPerPb = pbs / LOGICAL_BLOCK_BYTES;
      const firstPb = Math.max(beginPb, ringPb);
      io.progress.expect(Math.max(0, lastPb - firstPb) * pbs);
      for (let at = firstPb; at < lastPb; at += READ_BYTES / pbs) {
        const sizePb = Math.min(READ_BYTES / pbs, lastPb - at);
        const bytes = await device.read(at * lbPerPb, sizePb * lbPerPb, READ_STEP);
        io.progress.add(bytes.length);
        const view = viewOf(bytes);
        for (let i = 0; i < sizePb; i++) {
          const lsid = lsidOf(view, i * pbs);
          if (lsid === null || !wanted.has(lsid)) continue;
          out.lines([`addr[pb]: ${at + i}`, `lsid: ${lsid}`]);
          const found = headerOf(bytes.subarray(i * pbs, (i + 1) * pbs), salt);
          if (found === null) out.line('invalid');
          else
            out.lines([`valid (${found.isWhole ? 'w/i' : 'w/o'} checksum)`, ...logpackLines(found.header)]);
        }
        await out.drain();
      }
      return 0;
    }),
});
