import { constants } from 'node:fs';
import * as fs from 'node:fs/promises';
import { IoError } from '../core/errors.ts';
import { MIB } from '../core/units.ts';
import type { DirectoryEntry, FileHandle, FileOpenMode, FileStatus, FileStore } from '../core/world/index.ts';
import { asIo, systemCode, toIoError } from './errors.ts';
import { readAt, writeAll } from './file-bytes.ts';
import { lockFile } from './file-lock.ts';

const OPEN_FLAGS: Readonly<Record<FileOpenMode, number>> = {
  read: constants.O_RDONLY,
  update: constants.O_RDWR,
  create: constants.O_RDWR | constants.O_CREAT | constants.O_TRUNC,
  'create-new': constants.O_RDWR | constants.O_CREAT | constants.O_EXCL,
};

/** The files of this host. See core/world/file-store.ts for what callers may rely on. */
export function nodeFileStore(): FileStore {
  return {
    open: (path, mode) => openFile(path, mode),
    rename: (from, to) => asIo(from, () => fs.rename(from, to)),
    link: (existing, created) => asIo(created, () => fs.link(existing, created)),
    unlink: (path) => asIo(path, () => fs.unlink(path)),
    makeDirectory: (path) => asIo(path, () => fs.mkdir(path)),
    removeDirectory: (path) => asIo(path, () => fs.rmdir(path)),
    list: (path) => asIo(path, () => listDirectory(path)),
    stat: statFile,
    changeMode: (path, mode) => asIo(path, () => fs.chmod(path, mode)),
    syncDirectory,
    freeBytes: (path) =>
      asIo(path, async () => {
        const { bavail, bsize } = await fs.statfs(path);
        return bavail * bsize;
      }),
    lock: (path) => lockFile(path),
  };
}

async function openFile(path: string, mode: FileOpenMode): Promise<FileHandle> {
  const handle = await asIo(path, () => fs.open(path, OPEN_FLAGS[mode], 0o644));
  try {
    const status = await asIo(path, () => handle.stat());
    // Directories can be opened for reading; a later read would be the one to fail.
    if (status.isDirectory()) throw new IoError('EISDIR', `${path} is a directory`);
  } catch (error) {
    await handle.close();
    throw error;
  }
  let isOpen = true;
  return {
    sizeBytes: () => asIo(path, async () => (await handle.stat()).size),
    read: (offset, sizeBytes) => readBounded(handle, path, offset, sizeBytes),
    write: (offset, bytes) => writeAll(handle, path, offset, bytes),
    truncate: (sizeBytes) => asIo(path, () => handle.truncate(sizeBytes)),
    sync: () => asIo(path, () => handle.sync()),
    close() {
      if (!isOpen) return;
      isOpen = false;
      // Nobody waits: whoever cares about content has synced it.
      handle.close().catch(() => undefined);
    },
  };
}

/** Reads that are larger than this are cut to what the file has before memory is taken for them. */
const TRUSTED_BYTES = MIB;

async function readBounded(
  handle: fs.FileHandle,
  path: string,
  offset: number,
  sizeBytes: number,
): Promise<Uint8Array> {
  if (sizeBytes <= TRUSTED_BYTES) return await readAt(handle, path, offset, sizeBytes);
  const { size } = await asIo(path, () => handle.stat());
  return await readAt(handle, path, offset, Math.max(0, Math.min(sizeBytes, size - offset)));
}

async function listDirectory(path: string): Promise<DirectoryEntry[]> {
  const entries: DirectoryEntry[] = [];
  for (const entry of await fs.readdir(path, { withFileTypes: true })) {
    entries.push({ name: entry.name, kind: entry.isDirectory() ? 'directory' : 'file' });
  }
  return entries;
}

async function statFile(path: string): Promise<FileStatus | null> {
  try {
    const status = await fs.stat(path);
    return { kind: status.isDirectory() ? 'directory' : 'file', sizeBytes: status.size };
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null;
    throw toIoError(error, path);
  }
}

/** Makes the names in a directory durable. Throws IoError. */
export async function syncDirectory(path: string): Promise<void> {
  await asIo(path, async () => {
    const handle = await fs.open(path, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  });
}
