import { redoWlog } from '../../core/engine/wlog-redo.ts';
import {
  encodeEndBlock,
  encodeLogpackHeader,
  type LogpackHeader,
  shrinkLogpack,
} from '../../core/format/logpack.ts';
import { logpackLines } from '../../core/format/wlog-text.ts';
import type { Lsid } from '../../core/units.ts';
import { openFileDevice } from '../../native/file-device.ts';
import { checkApart } from './files.ts';
import { type LogDevice, ringWlog, withLogDevice, writeRing, writeSuper } from './log-device.ts';
import { argument, flag } from './options.ts';
import { defineTool } from './tool.ts';
import { discardModeOf, redoResultLines } from './wlog-redo.ts';

const STEPS = { write: 'wdev-redo.write', discard: 'wdev-redo.discard', flush: 'wdev-redo.flush' };

/** Cuts a pack on the log device before a record; with nothing left the log ends there. */
async function cutPack(log: LogDevice, lsid: Lsid, pack: LogpackHeader, recordIndex: number): Promise<void> {
  const { physicalBlockBytes: pbs, salt } = log.sector;
  const block =
    recordIndex === 0
      ? encodeEndBlock(pbs, salt)
      : encodeLogpackHeader(shrinkLogpack(pack, recordIndex), pbs, salt);
  await writeRing(log, lsid, block);
}

export const wdevRedo = defineTool({
  name: 'wdev-redo',
  summary: 'replays the log of a log device on its data device, as the driver does when it starts',
  notes: [
    'Begins at the written lsid and ends at the first pack or IO that is not whole; a pack with a bad IO is cut\nthere on the log device. The data are durable before the written lsid moves on.',
    'Both devices must not be in use.',
  ],
  examples: ['wdev-redo ldev.img ddev.img', 'wdev-redo -z /dev/vg/log /dev/vg/data'],
  options: {
    discard: flag('d', 'discard what was discarded'),
    zero: flag('z', 'write zeros where it was discarded'),
    noAio: flag('noaio', 'accepted and ignored'),
    verbose: flag('v', 'print packs and writes'),
    debug: flag('debug', 'accepted and ignored'),
    ldev: argument('LDEV', 'log device or image of one'),
    ddev: argument('DDEV', 'data device or image of one'),
  },
  async body(values, { io, out }) {
    const discard = discardModeOf(values);
    await checkApart([values.ldev], values.ddev);
    await withLogDevice(values.ldev, { writable: true, progress: io.progress }, async (log) => {
      const wlog = ringWlog(log, log.sector.writtenLsid, null);
      const ddev = await openFileDevice(values.ddev, { writable: true, direct: true });
      try {
        const result = await redoWlog(wlog, ddev, STEPS, {
          discard,
          invalidData: 'end',
          ...(values.verbose && {
            onPack: (pack) => out.lines(logpackLines(pack)),
            onRecord: ({ offsetLb, sizeLb }, clipped) =>
              out.line(`${clipped ? 'CLIPPED' : 'CREATE'}\t\t${offsetLb}\t${sizeLb}`),
          }),
        });
        out.lines(redoResultLines(result));
        const { cut, beginLsid, endLsid, writes } = result;
        if (writes.clipped.count > 0) {
          throw new Error(
            'the data device must hold all blocks of the log; the written lsid stays where it was',
          );
        }
        if (endLsid === beginLsid) return;
        if (cut?.pack.logpackLsid != null)
          await cutPack(log, cut.pack.logpackLsid, cut.pack, cut.recordIndex);
        await writeSuper(log, { ...log.sector, writtenLsid: endLsid });
      } finally {
        ddev.close();
      }
    });
    return 0;
  },
});
