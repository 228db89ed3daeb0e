import { superSectorLines } from '../../core/format/wlog-text.ts';
import { withLogDevice } from './log-device.ts';
import { argument, flag } from './options.ts';
import { defineTool } from './tool.ts';

export const wldevInfo = defineTool({
  name: 'wldev-info',
  summary: 'prints the super sector of a log device',
  examples: ['wldev-info /dev/walb/Lvol0', 'wldev-info ldev.img'],
  options: {
    verbose: flag('v', 'accepted and ignored'),
    debug: flag('debug', 'accepted and ignored'),
    path: argument('LOG_DEVICE_PATH', 'log device or image of one'),
  },
  body: ({ path }, { out }) =>
    withLogDevice(path, { writable: false }, async ({ sector, superBlock }) => {
      out.lines(superSectorLines(sector, superBlock));
      return 0;
    }),
});
