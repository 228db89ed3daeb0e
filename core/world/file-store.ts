import type { Step } from './step.ts';

/**
 * Files of one host. Paths are absolute, `/`-separated.
 *
 * Guarantees: a successful call has its full visible effect; a failed one has none, a part or all of it.
 * Visible is not durable: content is durable after `sync` of the file, a name (create, rename, link, unlink)
 * after `syncDirectory` of the directory that holds it, each independently. A rename inside one directory
 * shows the old or the new file, never a third state. An open handle keeps its content through unlink and
 * rename. After a failed sync the content is unknown: rewrite it, never sync again and trust it.
 * Errors are IoError (ENOENT, EEXIST, ENOSPC, EROFS, EIO, EMFILE ...).
 */
export interface FileStore {
  /**
   * Opens a file. `read`: must exist. `update`: must exist, for reading and writing. `create`: read and write,
   * made when missing, else emptied. `create-new`: made, EEXIST when there.
   */
  open(path: string, mode: FileOpenMode, step: Step): Promise<FileHandle>;
  /** Replaces `to` atomically when both are in one directory. */
  rename(from: string, to: string, step: Step): Promise<void>;
  /** A second name for a file; EEXIST when the new name is taken. */
  link(existing: string, created: string, step: Step): Promise<void>;
  unlink(path: string, step: Step): Promise<void>;
  /** One level only. */
  makeDirectory(path: string, step: Step): Promise<void>;
  /** An empty directory only (ENOTEMPTY). */
  removeDirectory(path: string, step: Step): Promise<void>;
  /** The entries of a directory, in any order. */
  list(path: string, step: Step): Promise<DirectoryEntry[]>;
  /** Null when there is no such entry. */
  stat(path: string, step: Step): Promise<FileStatus | null>;
  changeMode(path: string, mode: number, step: Step): Promise<void>;
  /** Makes the names in a directory durable. */
  syncDirectory(path: string, step: Step): Promise<void>;
  /** Bytes that may still be written to the file system of `path`; advisory. */
  freeBytes(path: string, step: Step): Promise<number>;
  /**
   * Takes an exclusive lock named by a path, for this process, until released or until the process ends.
   * Throws IoError ELOCKED when another process has it.
   */
  lock(path: string, step: Step): Promise<() => void>;
}

/** What must be there when a file is opened, and what may be done with it. */
export type FileOpenMode = 'read' | 'update' | 'create' | 'create-new';

/** A name in a directory. */
export interface DirectoryEntry {
  readonly name: string;
  readonly kind: 'file' | 'directory';
}

/** What a path leads to. */
export interface FileStatus {
  readonly kind: 'file' | 'directory';
  readonly sizeBytes: number;
}

/** An open file. Calls throw IoError. */
export interface FileHandle {
  sizeBytes(step: Step): Promise<number>;
  /** The bytes at `offset`; fewer than `sizeBytes` only at the end of the file. */
  read(offset: number, sizeBytes: number, step: Step): Promise<Uint8Array>;
  /** Writes all of `bytes`; a gap before `offset` reads as zeros. The view belongs to the callee until it settles. */
  write(offset: number, bytes: Uint8Array, step: Step): Promise<void>;
  truncate(sizeBytes: number, step: Step): Promise<void>;
  /** Makes content and size durable. */
  sync(step: Step): Promise<void>;
  /** Never throws; closing twice is harmless. */
  close(): void;
}
