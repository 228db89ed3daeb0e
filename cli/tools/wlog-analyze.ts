import { DiffMemory } from '../../core/engine/diff-memory.ts';
import { NO_DATA } from '../../core/engine/plain-io.ts';
import { LogIoStream } from '../../core/engine/wlog-to-wdiff.ts';
import { type Lb, LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import { type Input, withFiles } from './files.ts';
import { flag, integer, restArguments } from './options.ts';
import { joinedInputs } from './sources.ts';
import { defineTool } from './tool.ts';
import { NO_END } from './wlog-end.ts';

/** Blocks of `blockLb` that the ranges in a memory touch. */
function touchedBlocks(memory: DiffMemory, blockLb: Lb): number {
  let count = 0;
  let doneBlock = 0;
  for (const { addressLb, sizeLb } of memory.ios()) {
    const first = Math.max(doneBlock, Math.floor(addressLb / blockLb));
    const end = Math.ceil((addressLb + sizeLb) / blockLb);
    if (end <= first) continue;
    count += end - first;
    doneBlock = end;
  }
  return count;
}

export const wlogAnalyze = defineTool({
  name: 'wlog-analyze',
  summary: 'counts the blocks that wlogs write, and how many of them are written more than once',
  notes: ['Several wlogs must follow each other. Discards count as writes.'],
  examples: ['wlog-analyze -b 4096 1.wlog 2.wlog', 'cat 1.wlog 2.wlog | wlog-analyze -'],
  options: {
    blockBytes: integer('b', 'BYTES', 'block size', LOGICAL_BLOCK_BYTES, { min: LOGICAL_BLOCK_BYTES }),
    noEnd: NO_END,
    verbose: flag('v', 'accepted and ignored'),
    debug: flag('debug', 'accepted and ignored'),
    paths: restArguments('PATH', 'wlogs, oldest first, - for standard input', false),
  },
  async body({ blockBytes, noEnd, paths }, { io, out }) {
    if (blockBytes % LOGICAL_BLOCK_BYTES !== 0) {
      throw new Error(`the block size must be a multiple of ${LOGICAL_BLOCK_BYTES}: ${blockBytes}`);
    }
    const blockLb = blockBytes / LOGICAL_BLOCK_BYTES;

    async function analyze(inputs: readonly Input[]): Promise<number> {
      const { source, placed } = joinedInputs(inputs);
      const logs = new LogIoStream(source, { requireEnd: !noEnd });
      const memory = DiffMemory.ofPlain(0);
      let writtenLb = 0;
      try {
        await logs.open();
        for (let log = await logs.next(); log !== null; log = await logs.next()) {
          const { addressLb, sizeLb } = log;
          writtenLb += sizeLb;
          memory.add({ addressLb, sizeLb, kind: 'discard', data: NO_DATA });
        }
      } catch (error) {
        throw placed(error);
      }
      const written = Math.ceil(writtenLb / blockLb);
      const changed = touchedBlocks(memory, blockLb);
      const rate = written === 0 ? 0 : (written - changed) / written;
      out.lines([
        `block size: ${blockBytes}`,
        `number of written blocks: ${written}`,
        `number of changed blocks: ${changed}`,
        `overwritten rate: ${rate.toFixed(2)}`,
      ]);
      return 0;
    }

    return await withFiles(paths.length === 0 ? ['-'] : paths, io, analyze);
  },
});
