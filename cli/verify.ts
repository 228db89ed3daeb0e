import { createReadStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { errorText } from '../core/errors.ts';
import { LOGICAL_BLOCK_BYTES } from '../core/units.ts';
import { verifyDirectory } from '../core/verify/directory.ts';
import { guessKind, verifyFile } from '../core/verify/file.ts';
import { exactReader, type TreeCheck, verifyAnyFile, verifyReader } from '../core/verify/tree.ts';
import type { DirectoryEntry, FileStore } from '../core/world/file-store.ts';
import { nativeCodecPool } from '../native/codecs.ts';
import { asIo } from '../native/errors.ts';
import { openFileDevice } from '../native/file-device.ts';
import { nodeFileStore } from '../native/file-store.ts';
import { ProgressMeter } from './progress.ts';
import { jsonSink, textSink, type VerifySink } from './verify/sinks.ts';
import { spool } from './verify/spool.ts';

export interface VerifyOptions {
  readonly json: boolean;
  /** Sound files are left out of the text. */
  readonly quiet: boolean;
}

/** `walbox verify`: exit status 0 when nothing is damaged, else 1. The path `-` is `stdin`. */
export async function verify(
  paths: readonly string[],
  options: VerifyOptions,
  print: (text: string) => void = (text) => process.stdout.write(text),
  stdin: AsyncIterable<Uint8Array> = process.stdin,
): Promise<number> {
  const meter = new ProgressMeter(process.stderr, () => performance.now());
  const sink = options.json ? jsonSink(print) : textSink(print, options.quiet);
  const tree: TreeCheck = {
    files: treeFiles(),
    codecs: await nativeCodecPool(),
    onBytes: (count) => meter.add(count),
    onFinding(finding) {
      meter.clear();
      sink.finding(finding);
    },
    onReport(path, report) {
      meter.clear();
      sink.report(path, report);
    },
  };
  if (process.stderr.isTTY) for (const path of paths) meter.expect(await sizeOf(path).catch(() => 0));
  let isReadable = true;
  for (const path of paths) isReadable = (await verifyPath(tree, sink, path, stdin)) && isReadable;
  meter.clear();
  const damageCount = sink.end();
  return damageCount === 0 && isReadable ? 0 : 1;
}

/** False when something could not be read. */
async function verifyPath(
  tree: TreeCheck,
  sink: VerifySink,
  path: string,
  stdin: AsyncIterable<Uint8Array>,
): Promise<boolean> {
  try {
    if (path === '-') {
      await verifyStream(tree, 'standard input', stdin);
      return true;
    }
    const status = await asIo(path, () => stat(path));
    if (status.isDirectory()) await verifyDirectory(tree, path.replace(/(.)\/+$/, '$1'));
    else if (status.isFile()) await verifyAnyFile(tree, path);
    else if (status.isFIFO()) await verifyStream(tree, path, createReadStream(path));
    else await verifyDevice(tree, path);
    return true;
  } catch (error) {
    sink.failure(path, errorText(error));
    return false;
  }
}

/** A pipe: one file of any kind comes through it. */
async function verifyStream(tree: TreeCheck, name: string, stream: AsyncIterable<Uint8Array>): Promise<void> {
  const { reader, close } = await spool(stream, name);
  try {
    await verifyReader(tree, name, reader, async (check) => verifyFile(check, await guessKind(check, name)));
  } finally {
    await close();
  }
}

/** A block device: a log device is the only thing that it can be. */
async function verifyDevice(tree: TreeCheck, path: string): Promise<void> {
  const device = await openFileDevice(path, { writable: false });
  try {
    const reader = exactReader(device.sizeLb() * LOGICAL_BLOCK_BYTES, async (offset, sizeBytes) => {
      const first = Math.floor(offset / LOGICAL_BLOCK_BYTES);
      const end = Math.min(device.sizeLb(), Math.ceil((offset + sizeBytes) / LOGICAL_BLOCK_BYTES));
      const bytes = await device.read(first, Math.max(0, end - first), 'verify');
      const at = offset - first * LOGICAL_BLOCK_BYTES;
      return bytes.subarray(at, at + sizeBytes);
    });
    await verifyReader(tree, path, reader, async (check) => verifyFile(check, await guessKind(check, path)));
  } finally {
    device.close();
  }
}

/** The files of this host; directories show regular files and directories only: no links, pipes, devices. */
function treeFiles(): FileStore {
  return {
    ...nodeFileStore(),
    async list(path) {
      const entries: DirectoryEntry[] = [];
      for (const entry of await asIo(path, () => readdir(path, { withFileTypes: true }))) {
        if (entry.isDirectory()) entries.push({ name: entry.name, kind: 'directory' });
        else if (entry.isFile()) entries.push({ name: entry.name, kind: 'file' });
      }
      return entries;
    },
  };
}

/** Bytes of a file, or of everything below a directory. */
async function sizeOf(path: string): Promise<number> {
  const status = await stat(path);
  if (!status.isDirectory()) return status.size;
  let sum = 0;
  for (const entry of await readdir(path, { withFileTypes: true })) {
    if (entry.isDirectory() || entry.isFile()) sum += await sizeOf(join(path, entry.name));
  }
  return sum;
}
