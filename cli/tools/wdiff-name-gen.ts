import { digitsToUnixTime } from '../../core/format/time-text.ts';
import { type MetaSnap, makeSnap } from '../../core/snapshot/meta.ts';
import { gidFromText } from '../../core/snapshot/meta-text.ts';
import { wdiffFileName } from '../../core/snapshot/wdiff-name.ts';
import { flag, readOption, restArguments, text } from './options.ts';
import { defineTool } from './tool.ts';

const MS_PER_S = 1000;

export const wdiffNameGen = defineTool({
  name: 'wdiff-name-gen',
  summary: 'prints the file name of a diff between two snapshots',
  notes: [
    'Two gids are two clean snapshots, four are two dirty ones: B0 E0 B1 E1. Whether they make sense is not\nlooked at.',
  ],
  examples: ['wdiff-name-gen -d 20240101000000 5 10', 'wdiff-name-gen -nomerge -comp 1 3 5 7'],
  options: {
    time: text('d', 'YYYYMMDDhhmmss', 'time, UTC; now unless given', ''),
    noMerge: flag('nomerge', 'the diff may not be merged'),
    isCompDiff: flag('comp', 'the diff was made by comparing images'),
    debug: flag('debug', 'accepted and ignored'),
    gids: restArguments('GID', 'two or four gids', false),
  },
  async body({ time, noMerge, isCompDiff, gids }, { io, out }) {
    if (gids.length !== 2 && gids.length !== 4) throw new Error('specify two or four lsids');
    const values = gids.map(gidFromText);
    const half = gids.length / 2;
    const [snapB, snapE]: MetaSnap[] = [0, half].map((at) => makeSnap(values[at], values[at + half - 1]));
    const timestamp =
      time === ''
        ? Math.floor(io.nowMs() / MS_PER_S)
        : readOption('d', time, 'YYYYMMDDhhmmss', digitsToUnixTime);
    out.line(wdiffFileName({ isMergeable: !noMerge, isCompDiff, timestamp, snapB, snapE, dataSizeBytes: 0 }));
    return 0;
  },
});
