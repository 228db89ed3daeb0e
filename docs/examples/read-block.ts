/**
 * Reads one block of a volume as it was at a gid, from a base image at gid 0 and a folder of wdiffs, without restoring
 * anything: `tsx read-block.ts BASE FOLDER GID ADDRESS`
 */
import { type FileHandle, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type RandomReader, readBlocks } from 'walbox/engine';
import { handleReader, nativeCodecPool } from 'walbox/native';
import { DiffSet, diffListToRestore, makeSnap, makeState, parseWdiffFileName, wdiffFileName } from 'walbox/snapshot';

const [basePath = '', folder = '', gid = '', address = ''] = process.argv.slice(2);

const handles: FileHandle[] = [];

/** A file that is read at random. */
async function openReader(path: string): Promise<RandomReader> {
  const handle = await open(path, 'r');
  handles.push(handle);
  return handleReader(handle, path, (await handle.stat()).size);
}

// The names of wdiff files say which snapshots they lead from and to.
const names = (await readdir(folder)).filter((name) => name.endsWith('.wdiff'));
const diffs = diffListToRestore(new DiffSet(names.map(parseWdiffFileName)), makeState(makeSnap(0)), Number(gid));
if (diffs === null) throw new Error(`gid ${gid} cannot be restored`);

const layers = {
  base: await openReader(basePath),
  wdiffs: await Promise.all(diffs.map((diff) => openReader(join(folder, wdiffFileName(diff))))),
};
const block = await readBlocks(layers, { addressLb: Number(address), sizeLb: 1 }, await nativeCodecPool());
console.log(`block ${address} at gid ${gid} of ${diffs.length} diffs: ${Buffer.from(block).toString('hex')}`);
for (const handle of handles) await handle.close();
