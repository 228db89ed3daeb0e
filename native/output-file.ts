import { randomBytes } from 'node:crypto';
import { constants, unlinkSync } from 'node:fs';
import { type FileHandle, open, realpath, rename, stat, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { ByteSink } from '../core/engine/byte-stream.ts';
import { asIo, systemCode, toIoError } from './errors.ts';
import { writeAll, writeAllMany } from './file-bytes.ts';
import { syncDirectory } from './file-store.ts';

/** Temporary files that were not committed or abandoned yet. */
const unfinished = new Set<string>();

/** Removes the temporary files of this process, at once: for a signal that ends it. Never throws. */
export function removeUnfinishedFiles(): void {
  for (const path of unfinished) {
    try {
      unlinkSync(path);
    } catch {
      // It was gone or cannot be removed; there is nothing more to do about it.
    }
  }
  unfinished.clear();
}

/** A file that is being made. Exactly one of `commit` and `abandon` ends it. */
export interface OutputFile extends ByteSink {
  /** Writes at any place of what was written. */
  writeAt(offset: number, bytes: Uint8Array): Promise<void>;
  /** Makes everything durable and shows the file under its name. */
  commit(): Promise<void>;
  /** Leaves nothing behind. Never throws. */
  abandon(): Promise<void>;
}

/**
 * Begins to make the file `path` (mode 0644 before umask, or that of the file that it replaces). It is written under a temporary name in the same directory,
 * so that under its own name there is always the old file or the whole new one. What is no regular file (a device, a
 * pipe) is written directly. Throws IoError.
 */
export async function createOutputFile(path: string): Promise<OutputFile> {
  const target = await resolveTarget(path);
  if (!target.isRegular) return directOutput(await asIo(path, () => open(path, constants.O_WRONLY)), path);
  const folder = dirname(target.path);
  const temporary = join(folder, `.${basename(target.path)}.${randomBytes(6).toString('hex')}.tmp`);
  const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
  const handle = await asIo(path, () => open(temporary, flags, 0o644));
  unfinished.add(temporary);
  if (target.mode !== null) await handle.chmod(target.mode).catch(() => undefined);
  const abandon = async () => {
    await handle.close().catch(() => undefined);
    await unlink(temporary).catch(() => undefined);
    unfinished.delete(temporary);
  };
  return {
    write: (bytes) => writeAll(handle, path, null, bytes),
    writeMany: (pieces) => writeAllMany(handle, path, null, pieces),
    writeAt: (offset, bytes) => writeAll(handle, path, offset, bytes),
    async commit() {
      try {
        await asIo(path, () => handle.sync());
        await asIo(path, () => handle.close());
        await asIo(path, () => rename(temporary, target.path));
      } catch (error) {
        await abandon();
        throw error;
      }
      unfinished.delete(temporary);
      await syncDirectory(folder);
    },
    abandon,
  };
}

/** The file behind links, its permissions when it is there, and whether it is (or will be) a regular file. */
async function resolveTarget(
  path: string,
): Promise<{ path: string; isRegular: boolean; mode: number | null }> {
  try {
    const status = await stat(path);
    return status.isFile()
      ? { path: await realpath(path), isRegular: true, mode: status.mode & 0o777 }
      : { path, isRegular: false, mode: null };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { path, isRegular: true, mode: null };
    throw toIoError(error, path);
  }
}

function directOutput(handle: FileHandle, path: string): OutputFile {
  return {
    write: (bytes) => writeAll(handle, path, null, bytes),
    writeMany: (pieces) => writeAllMany(handle, path, null, pieces),
    writeAt: (offset, bytes) => writeAll(handle, path, offset, bytes),
    async commit() {
      try {
        await handle.sync().catch((error: unknown) => {
          // Pipes and terminals have nothing to sync.
          if (systemCode(error) !== 'EINVAL') throw toIoError(error, path);
        });
      } finally {
        await handle.close().catch(() => undefined);
      }
    },
    async abandon() {
      await handle.close().catch(() => undefined);
    },
  };
}
