import { errorText } from '../../core/errors.ts';
import { withInput } from './files.ts';
import { checkLsidRange, ringWlog, withLogDevice } from './log-device.ts';
import { argument, flag, integer, lsidLimit, text } from './options.ts';
import { defineTool } from './tool.ts';
import { RECIPE_NOTE, verifyLog } from './verify-log.ts';
import { recipeLines } from './verify-wlog.ts';

export const verifyWldev = defineTool({
  name: 'verify_wldev',
  summary: 'compares the records on a log device with a recipe of what was written',
  notes: [RECIPE_NOTE],
  examples: ['verify_wldev -r recipe.txt /dev/walb/Lvol0'],
  options: {
    beginLsid: integer('b', 'LSID', 'where to begin; at the oldest lsid at least', 0),
    endLsid: lsidLimit('e', 'where to end: packs from here on are left out'),
    recipe: text('r', 'RECIPE', 'recipe, - for standard input', '-'),
    noAio: flag('noaio', 'accepted and ignored'),
    debug: flag('debug', 'accepted and ignored'),
    path: argument('WALB_LOG_DEVICE', 'log device or image of one'),
  },
  body: ({ beginLsid, endLsid, recipe, path }, { io, out }) =>
    withLogDevice(path, { writable: false, progress: io.progress }, (log) =>
      withInput(recipe, io, async ({ source }) => {
        const begin = Math.max(beginLsid, log.sector.oldestLsid);
        checkLsidRange(begin, endLsid);
        const wlog = ringWlog(log, begin, endLsid);
        const badCount = await verifyLog(wlog, recipeLines(source), endLsid, out).catch((error: unknown) => {
          // Places in a log device are lsids, not bytes of the recipe.
          throw new Error(errorText(error));
        });
        return badCount === 0 ? 0 : 1;
      }),
    ),
});
