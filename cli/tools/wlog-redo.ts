import type { DiscardMode } from '../../core/engine/apply.ts';
import { BufferedReader } from '../../core/engine/byte-stream.ts';
import { openWlog } from '../../core/engine/wlog-reader.ts';
import { type RedoResult, redoWlog } from '../../core/engine/wlog-redo.ts';
import { FormatError } from '../../core/errors.ts';
import { writeIoStatisticsLines } from '../../core/format/io-statistics-text.ts';
import { logpackLines } from '../../core/format/wlog-text.ts';
import { openFileDevice } from '../../native/file-device.ts';
import { checkApart, withInput } from './files.ts';
import { argument, flag, text } from './options.ts';
import { defineTool } from './tool.ts';
import { checkWlogEnd, NO_END } from './wlog-end.ts';

const STEPS = { write: 'wlog-redo.write', discard: 'wlog-redo.discard', flush: 'wlog-redo.flush' };

/** What the tools that replay a log print at the end. */
export function redoResultLines(result: RedoResult): string[] {
  const counts: [string, number, string][] = [
    ['normal: ', result.normalLb, 'LB'],
    ['discard:', result.discardLb, 'LB'],
    ['allZero:', result.zeroLb, 'LB'],
    ['ignored:', result.ignoredLb, 'LB'],
    ['padding:', result.paddingPb, 'PB'],
  ];
  return [
    `Applied lsid range [${result.beginLsid}, ${result.endLsid})`,
    ...counts.map(([title, value, unit]) => `${title} ${String(value).padStart(10)} ${unit}`),
    ...writeIoStatisticsLines(result.writes),
  ];
}

/** What `-d` and `-z` say. Throws when both are given. */
export function discardModeOf(values: { readonly discard: boolean; readonly zero: boolean }): DiscardMode {
  if (values.discard && values.zero) throw new Error('-d and -z must not be given together.');
  return values.discard ? 'passdown' : values.zero ? 'zero' : 'ignore';
}

export const wlogRedo = defineTool({
  name: 'wlog-redo',
  summary: 'replays a wlog on a device or image file',
  notes: [
    'Discards are left out, unless -d or -z is given. IOs that end behind the device are left out and counted as\nclipped. A wlog without end block is replayed as far as it goes, and then is an error.',
  ],
  examples: ['wlog-redo -i a.wlog disk.img', 'wlog-cat ldev.img | wlog-redo -z disk.img'],
  options: {
    input: text('i', 'PATH', 'wlog, - for standard input', '-'),
    discard: flag('d', 'discard what was discarded'),
    zero: flag('z', 'write zeros where it was discarded'),
    noAio: flag('noaio', 'accepted and ignored'),
    skipChecksum: flag('skipcsum', 'write data whose check sum is wrong as well'),
    noEnd: NO_END,
    verbose: flag('v', 'print packs and writes'),
    debug: flag('debug', 'accepted and ignored'),
    device: argument('DEVICE_PATH', 'block device or image file'),
  },
  async body(values, { io, out }) {
    const discard = discardModeOf(values);
    await checkApart([values.input], values.device);
    const device = await openFileDevice(values.device, { writable: true, direct: true });
    try {
      await withInput(values.input, io, async ({ source }) => {
        const wlog = await openWlog(new BufferedReader(source), { checkLsid: true });
        if (wlog === null) throw new FormatError('eof error: a wlog header expected');
        const result = await redoWlog(wlog, device, STEPS, {
          discard,
          invalidData: values.skipChecksum ? 'write' : 'error',
          ...(values.verbose && {
            onPack: (pack) => out.lines(logpackLines(pack)),
            onRecord: ({ offsetLb, sizeLb }, clipped) =>
              out.line(`${clipped ? 'CLIPPED' : 'CREATE'}\t\t${offsetLb}\t${sizeLb}`),
          }),
        });
        out.lines(redoResultLines(result));
        if (!values.noEnd) checkWlogEnd(wlog);
      });
    } finally {
      device.close();
    }
    return 0;
  },
});
