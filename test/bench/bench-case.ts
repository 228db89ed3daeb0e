import { open } from 'node:fs/promises';
import { join } from 'node:path';
import type { ByteSink, ByteSource, RandomReader } from '../../core/engine/byte-stream.ts';
import { fileSource, handleReader, handleSink } from '../../native/file-stream.ts';

/** One measurement: prepared once, then run several times, each run giving a figure for each unit. */
export interface BenchCase {
  readonly name: string;
  /** What the figures count, for instance `MB/s`; MB = 10^6 bytes. */
  readonly units: readonly string[];
  /** What is done and what is counted, in a sentence. */
  readonly about: string;
  /** Name of the case to compare the first figure with, null for none. */
  readonly yardstick: string | null;
  /** Makes what is needed in an empty folder; the result runs once and gives its figures. */
  readonly prepare: (folder: string) => Promise<() => Promise<readonly number[]>>;
}

/** Megabytes in a second of what `work` does. */
export async function megabytesPerSecond(
  sizeBytes: number,
  work: () => Promise<void> | void,
): Promise<[number]> {
  const began = performance.now();
  await work();
  return [sizeBytes / 1e6 / ((performance.now() - began) / 1000)];
}

/** Calls `use` with a source of a whole file. */
export async function withSource<T>(
  path: string,
  use: (source: ByteSource) => Promise<T>,
  sourceOf = fileSource,
): Promise<T> {
  const handle = await open(path, 'r');
  try {
    return await use(sourceOf(handle, path));
  } finally {
    await handle.close();
  }
}

/** Calls `use` with readers of whole files. */
export async function withReaders<T>(
  paths: readonly string[],
  use: (readers: RandomReader[]) => Promise<T>,
): Promise<T> {
  const handles = await Promise.all(paths.map((path) => open(path, 'r')));
  try {
    const readers = await Promise.all(
      handles.map(async (handle, i) =>
        handleReader(handle, paths[i], (await handle.stat()).size, paths.length),
      ),
    );
    return await use(readers);
  } finally {
    for (const handle of handles) await handle.close();
  }
}

let freshCount = 0;

/** Calls `use` with a sink onto a fresh file below `folder`; gives its path. */
export async function intoFile(folder: string, use: (sink: ByteSink) => Promise<void>): Promise<string> {
  const path = join(folder, `fresh-${freshCount++}`);
  const handle = await open(path, 'wx');
  try {
    await use(handleSink(handle, path));
  } finally {
    await handle.close();
  }
  return path;
}
