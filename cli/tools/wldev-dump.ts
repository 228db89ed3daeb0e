import { checkApart, withOutput } from './files.ts';
import { checkLsidRange, ringSource, withLogDevice } from './log-device.ts';
import { argument, flag, integerArgument, text } from './options.ts';
import { defineTool } from './tool.ts';

const READ_BYTES = 1024 * 1024;

export const wldevDump = defineTool({
  name: 'wldev-dump',
  summary: 'writes the raw physical blocks of a range of lsids',
  examples: ['wldev-dump ldev.img 0 16 -o blocks.bin', 'wldev-dump ldev.img 0 1 | xxd | head'],
  options: {
    output: text('o', 'PATH', 'file, - for standard output', '-'),
    debug: flag('debug', 'accepted and ignored'),
    path: argument('LOG_DEVICE_PATH', 'log device or image of one'),
    beginLsid: integerArgument('BEGIN', 'first lsid'),
    endLsid: integerArgument('END', 'lsid behind the last'),
  },
  body: ({ output, path, beginLsid, endLsid }, { io }) =>
    withLogDevice(path, { writable: false, progress: io.progress }, async (log) => {
      checkLsidRange(beginLsid, endLsid);
      await checkApart([path], output);
      const { ringBufferSizePb, physicalBlockBytes } = log.sector;
      io.progress.expect((endLsid - beginLsid) * physicalBlockBytes);
      await withOutput(output, io, async (sink) => {
        for (let at = beginLsid; at < endLsid; at += ringBufferSizePb) {
          const source = ringSource(log, at, endLsid);
          for (
            let bytes = await source.read(READ_BYTES);
            bytes !== null;
            bytes = await source.read(READ_BYTES)
          ) {
            await sink.write(bytes);
          }
        }
      });
      return 0;
    }),
});
