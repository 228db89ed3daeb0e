import { DiffSet } from '../../core/snapshot/diff-set.ts';
import { parseWdiffFileName } from '../../core/snapshot/wdiff-name.ts';
import { flag } from './options.ts';
import { textLines } from './text-lines.ts';
import { defineTool } from './tool.ts';

/** Names between two lines of progress. */
const PROGRESS_NAMES = 100_000;

export const metadiffList = defineTool({
  name: 'metadiff-list',
  summary: 'checks names of wdiff files: all can be read, no diff is there twice',
  notes: ['Names come from standard input, one on a line. Prints `c N` at every 100000th.'],
  examples: ['ls /var/walb/a0/vol0 | grep wdiff$ | metadiff-list'],
  options: { debug: flag('debug', 'accepted and ignored') },
  async body(_values, { io, out }) {
    const set = new DiffSet();
    let count = 0;
    for await (const line of textLines(io.stdin)) {
      if (count % PROGRESS_NAMES === 0) out.line(`c ${count}`);
      set.add(parseWdiffFileName(line.trim()));
      count++;
    }
    return 0;
  },
});
