import { readdirSync, readlinkSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Input, type InputIo, withFiles } from '../../cli/tools/files.ts';
import { openWdiffInputs } from '../../cli/tools/wdiff-inputs.ts';
import { MemorySink, memorySource } from '../../core/engine/memory-stream.ts';
import { WdiffMerger } from '../../core/engine/merge.ts';
import { SortedWdiffWriter } from '../../core/engine/sorted-wdiff-writer.ts';
import { writeMerged } from '../../core/engine/write-merged.ts';
import { ZERO_UUID } from '../../core/format/uuid.ts';
import { nativeCodecPool } from '../../native/codecs.ts';
import { pieceBytesOf } from '../../native/file-stream.ts';
import { testFolder } from './folder.ts';

const path = testFolder();
const MIB = 1 << 20;
const FILES = 200;
const IOS = 60;
const IO_LB = 32;

/** Makes 200 wdiffs of a MiB, whose IOs lie between each other's and here and there over them. */
async function makeDiffs(): Promise<string[]> {
  const pool = await nativeCodecPool();
  const paths: string[] = [];
  for (let file = 0; file < FILES; file++) {
    const sink = new MemorySink();
    const compression = { type: 'none', level: 0 } as const;
    const writer = await SortedWdiffWriter.open(sink, ZERO_UUID, { compression, pool });
    for (let i = 0; i < IOS; i++) {
      const addressLb = (i * FILES + file) * 24;
      const data = new Uint8Array(IO_LB * 512).fill(1 + ((file + i) % 255));
      // Those that would overlap their own neighbour do not arise: the step between two of a file is larger.
      await writer.add({ addressLb, sizeLb: IO_LB, kind: 'normal', data });
    }
    await writer.close();
    paths.push(path(`${file}.wdiff`));
    writeFileSync(paths[file], sink.bytes);
  }
  return paths;
}

/** The input, of which each byte is counted as it comes. */
function counted(input: Input, memories: Set<ArrayBufferLike>, count: (bytes: number) => void): Input {
  const { reader } = input;
  const stream = reader?.stream;
  if (reader === null || stream === undefined) throw new Error('a regular file expected');
  return {
    ...input,
    reader: {
      ...reader,
      stream() {
        const source = stream();
        return {
          ...source,
          async read(maxBytes) {
            const bytes = await source.read(maxBytes);
            count(bytes?.length ?? 0);
            if (bytes !== null) memories.add(bytes.buffer);
            return bytes;
          },
        };
      },
      async read(offset, sizeBytes) {
        const bytes = await reader.read(offset, sizeBytes);
        count(bytes.length);
        return bytes;
      },
    },
  };
}

const QUIET: InputIo = {
  stdin: memorySource(new Uint8Array(0)),
  stdinReader: async () => null,
  progress: { expect: () => undefined, add: () => undefined },
};

/** Files of this test that are open; those of other tests in this process come and go. */
function openFiles(): number {
  const own = path('');
  let count = 0;
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      if (readlinkSync(`/proc/self/fd/${name}`).startsWith(own)) count++;
    } catch {
      // Closed in the meantime.
    }
  }
  return count;
}

describe('a merge of 200 wdiffs', () => {
  it('keeps one file open for each, and reads no further ahead than it says', async () => {
    const paths = await makeDiffs();
    const pool = await nativeCodecPool();
    let readBytes = 0;
    const memories = new Set<ArrayBufferLike>();
    let writtenBytes = 0;
    let ioCount = 0;
    let mostOpen = 0;
    let mostAhead = 0;
    await withFiles(paths, QUIET, async (files) => {
      const inputs = files.map((file) =>
        counted(file, memories, (bytes) => {
          readBytes += bytes;
        }),
      );
      const opened = await openWdiffInputs(inputs, pool, { forgets: true });
      const merger = await WdiffMerger.open(opened, { maxIoLb: 0 });
      const compression = { type: 'none', level: 0 } as const;
      const writer = await SortedWdiffWriter.open({ write: async () => {} }, ZERO_UUID, {
        compression,
        pool,
      });
      await writeMerged(merger, writer, 'none', ({ sizeLb }) => {
        writtenBytes += sizeLb * 512;
        if (ioCount++ % 100 === 0) mostOpen = Math.max(mostOpen, openFiles());
        // A quarter of what was read is overwritten, and leaves memory when it is.
        mostAhead = Math.max(mostAhead, readBytes - (writtenBytes * 4) / 3);
      });
    });
    expect(readBytes).toBeGreaterThan(FILES * IOS * IO_LB * 512);
    expect(mostOpen).toBe(FILES);
    // Two pieces of each file, and the window of the merge.
    expect(pieceBytesOf(FILES) * FILES * 2).toBeLessThanOrEqual(64 * MIB);
    expect(mostAhead).toBeLessThan(pieceBytesOf(FILES) * FILES * 2 + 16 * MIB);
    // Of the MiB that each file has, memory was used again and again: no more than three or four pieces of each.
    expect(memories.size).toBeLessThanOrEqual(4 * FILES);
    expect(memories.size).toBeGreaterThan(FILES);
  });

  it('reads by less the more files there are', () => {
    expect([1, 4, 32].map(pieceBytesOf)).toEqual([MIB, MIB, MIB]);
    for (const count of [33, 64, 100, 200, 400]) {
      expect(pieceBytesOf(count) * count * 2).toBeLessThanOrEqual(64 * MIB);
    }
    expect(pieceBytesOf(100_000)).toBe(64 * 1024);
  });
});
