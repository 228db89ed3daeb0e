import { BufferedReader } from '../../core/engine/byte-stream.ts';
import { hexOf } from '../../core/format/binary.ts';
import { LOGICAL_BLOCK_BYTES, MIB } from '../../core/units.ts';
import { withFiles } from './files.ts';
import { argument, flag, integer } from './options.ts';
import { defineTool } from './tool.ts';

const MAX_BLOCK_BYTES = 64 * MIB;

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && Buffer.compare(a, b) === 0;
}

/** Bytes in hexadecimal, `lineBytes` of them on a line. */
function hexLines(bytes: Uint8Array, lineBytes: number): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at += lineBytes) lines.push(hexOf(bytes.subarray(at, at + lineBytes)));
  return lines;
}

/** A character for each byte: `_` where it is equal, `X` where not. */
function mapLines(a: Uint8Array, b: Uint8Array, lineBytes: number): string[] {
  const lines: string[] = [];
  for (let at = 0; at < a.length; at += lineBytes) {
    let line = '';
    for (let i = at; i < Math.min(a.length, at + lineBytes); i++) line += a[i] === b[i] ? '_' : 'X';
    lines.push(line);
  }
  return lines;
}

export const bdiff = defineTool({
  name: 'bdiff',
  summary: 'compares two files or devices block by block',
  notes: [
    'Whole blocks are compared and counted until one file ends. When the files have different lengths, or end\nwith different parts of a block, a warning says so. Exit status 1 when anything differs.',
  ],
  examples: ['bdiff a.img b.img', 'bdiff -b 4096 -v -d a.img b.img'],
  options: {
    blockBytes: integer('b', 'BYTES', 'block size', LOGICAL_BLOCK_BYTES, { min: 1, max: MAX_BLOCK_BYTES }),
    verbose: flag('v', 'print the blocks that differ'),
    lineBytes: integer('l', 'BYTES', 'bytes on a line of -v', 32, { min: 1 }),
    map: flag('d', 'with -v: print where the bytes differ'),
    debug: flag('debug', 'accepted and ignored'),
    first: argument('FILE1', 'file or device, - for standard input'),
    second: argument('FILE2', 'file or device, - for standard input'),
  },
  body: ({ blockBytes, verbose, lineBytes, map, first, second }, { io, out, log }) =>
    withFiles([first, second], io, async ([a, b]) => {
      const [readerA, readerB] = [new BufferedReader(a.source, MIB), new BufferedReader(b.source, MIB)];
      let differCount = 0;
      let checkedCount = 0;
      for (; ; checkedCount++) {
        const blockA = readerA.tryRead(blockBytes) ?? (await readerA.readUpTo(blockBytes));
        const blockB = readerB.tryRead(blockBytes) ?? (await readerB.readUpTo(blockBytes));
        if (blockA.length < blockBytes || blockB.length < blockBytes) {
          const hasSameEnd = isEqual(blockA, blockB);
          if (!hasSameEnd) log('WARNING', `the ends of the files differ behind block ${checkedCount}`);
          out.line(`${differCount}/${checkedCount} differs`);
          return differCount === 0 && hasSameEnd ? 0 : 1;
        }
        if (isEqual(blockA, blockB)) continue;
        differCount++;
        if (!verbose) continue;
        out.line(`block ${checkedCount} differ`);
        out.lines([...hexLines(blockA, lineBytes), '---', ...hexLines(blockB, lineBytes)]);
        if (map) out.lines(mapLines(blockA, blockB, lineBytes));
        await out.drain();
      }
    }),
});
