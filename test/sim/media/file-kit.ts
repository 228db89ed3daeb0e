import type { FileStore } from '../../../core/world/index.ts';
import { SimFileSystem } from '../../../sim/file-system.ts';
import {
  type FileSystemParameters,
  type FileSystemProfile,
  fileSystemParameters,
} from '../../../sim/file-system-state.ts';
import { KeyedRandom } from '../../../sim/random.ts';
import type { Bench } from './support.ts';

/** All of them. */
export const PROFILES = ['ext4', 'xfs', 'posix', 'ext4-old'] as const;

/** A file system without a host: its calls happen at once, unless they go through a port. */
export function createFileSystem(
  profile: FileSystemProfile,
  more: Partial<FileSystemParameters> = {},
  seed = 1,
) {
  const parameters = { ...fileSystemParameters(profile), ...more };
  return new SimFileSystem({ name: `f${seed}`, random: new KeyedRandom(seed), parameters });
}

/** Makes a file and syncs it. */
export async function save(port: FileStore, path: string, bytes: Uint8Array): Promise<void> {
  const file = await port.open(path, 'create', 't');
  await file.write(0, bytes, 't');
  await file.sync('t');
  file.close();
}

/** Runs `body` as a program of its own that uses the file system. */
export async function withPort(bench: Bench, files: SimFileSystem, body: (port: FileStore) => Promise<void>) {
  const port = files.portFor(bench.life());
  await bench.run(() => body(port));
}
