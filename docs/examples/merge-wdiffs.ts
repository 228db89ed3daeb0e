/** Merges wdiffs that are in memory, oldest first: `tsx merge-wdiffs.ts OLDER NEWER ... MERGED` */
import { readFile, writeFile } from 'node:fs/promises';
import {
  inlineCodecPool,
  loadPortableCodecs,
  MemorySink,
  memoryReader,
  openWdiffs,
  SNAPPY,
  WdiffMerger,
  writeSortedWdiff,
} from 'walbox/engine';

/** The bytes of one wdiff that does what all of them do, one after the other. */
async function merge(wdiffs: readonly Uint8Array[]): Promise<Uint8Array> {
  const pool = inlineCodecPool(await loadPortableCodecs());
  const merger = await WdiffMerger.open(await openWdiffs(wdiffs.map(memoryReader), pool));
  const merged = new MemorySink();
  await writeSortedWdiff(merger, merged, merger.uuid, { compression: SNAPPY, pool });
  return merged.bytes;
}

const paths = process.argv.slice(2);
const into = paths.pop();
if (into === undefined || paths.length === 0) throw new Error('usage: merge-wdiffs.ts WDIFF ... MERGED');
const merged = await merge(await Promise.all(paths.map((path) => readFile(path))));
await writeFile(into, merged);
console.log(`${paths.length} wdiffs merged into ${merged.length} bytes`);
