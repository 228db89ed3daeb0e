import { IoError } from '../core/errors.ts';
import { createInode, type Inode, PAGE_BYTES, truncateContent, writeContent } from './file-system-inode.ts';
import { type Change, Journal } from './file-system-journal.ts';
import type { KeyedRandom, RandomStream } from './random.ts';

/**
 * What the file system promises about order (docs/fault-model.md, "Files"). `posix`: anything the standard
 * allows. `ext4-old` differs from `ext4` only where directories are synced with fdatasync.
 */
export type FileSystemProfile = 'ext4' | 'xfs' | 'posix' | 'ext4-old';

export interface FileSystemParameters {
  readonly profile: FileSystemProfile;
  /** How the host's programs sync directories. With `fdatasync`, `posix` and `ext4-old` force nothing. */
  readonly directorySync: 'fsync' | 'fdatasync';
  /** Atomic unit of the device below; pages tear when it is smaller than a page. */
  readonly sectorBytes: 512 | 4096;
  /** `posix`: pages below the durable size that were never written back hold arbitrary bytes, not zeros. */
  readonly exposesGarbage: boolean;
  /** Room for content; null: unlimited. */
  readonly capacityBytes: number | null;
  /** Open files of one process. */
  readonly maxOpenFiles: number;
  /** Probability that a changing call is followed by some write-back or commit nobody asked for. */
  readonly backgroundChance: number;
  /** After this time everything may be written out. */
  readonly commitIntervalUs: number;
  /** Unwritten content above this is written back. */
  readonly dirtyLimitBytes: number;
}

export function fileSystemParameters(profile: FileSystemProfile): FileSystemParameters {
  return {
    profile,
    directorySync: 'fsync',
    sectorBytes: 512,
    exposesGarbage: false,
    capacityBytes: null,
    maxOpenFiles: 4096,
    backgroundChance: 0.02,
    commitIntervalUs: profile === 'ext4' || profile === 'ext4-old' ? 5_000_000 : 30_000_000,
    dirtyLimitBytes: 64 * 1024 * 1024,
  };
}

/** Everything a file system of one host holds. */
export interface FileSystemState {
  readonly name: string;
  readonly parameters: FileSystemParameters;
  readonly random: KeyedRandom;
  /** What is written out unasked after the n-th draw. */
  readonly backgroundAt: (drawCount: number) => RandomStream;
  /** Whether metadata operations become durable in order. */
  readonly isOrdered: boolean;
  readonly journal: Journal;
  root: Inode;
  /** Files with content that is not on disk, or whose blocks are not allocated up to their size. */
  readonly dirtyFiles: Set<Inode>;
  dirtyBytes: number;
  usedPages: number;
  capacityBytes: number | null;
  nextInodeNumber: number;
  /** Rises at each power loss: handles of before are dead. */
  epoch: number;
  isReadOnly: boolean;
  isFailing: boolean;
  /** So many next syncs fail. */
  failingSyncs: number;
  drawCount: number;
  lastCommitUs: number;
  /** Rises with each change of what readers see of names, sizes and content. */
  changeCount: number;
}

export function createFileSystemState(
  name: string,
  parameters: FileSystemParameters,
  random: KeyedRandom,
): FileSystemState {
  return {
    name,
    parameters,
    random,
    backgroundAt: random.under('background', name),
    isOrdered: parameters.profile !== 'posix',
    journal: new Journal(),
    root: createInode(1, 'directory', 0o755),
    dirtyFiles: new Set(),
    dirtyBytes: 0,
    usedPages: 0,
    capacityBytes: parameters.capacityBytes,
    nextInodeNumber: 2,
    epoch: 0,
    isReadOnly: false,
    isFailing: false,
    failingSyncs: 0,
    drawCount: 0,
    lastCommitUs: 0,
    changeCount: 0,
  };
}

/** A name inside a directory, whether it is taken or not. */
export interface Place {
  readonly path: string;
  readonly directory: Inode;
  readonly name: string;
  readonly inode: Inode | null;
}

/** Finds a path. Throws ENOENT or ENOTDIR when its directory is not there. */
export function locate(state: FileSystemState, path: string): Place {
  const names = namesOf(path);
  const name = names.pop() ?? '';
  let directory = state.root;
  for (const each of names) {
    const next = directory.entries.get(each);
    if (next === undefined) throw new IoError('ENOENT', `${path}: ${each} does not exist`);
    if (next.kind !== 'directory') throw new IoError('ENOTDIR', `${path}: ${each} is not a directory`);
    directory = next;
  }
  return { path, directory, name, inode: name === '' ? state.root : (directory.entries.get(name) ?? null) };
}

/** The file or directory at a path; ENOENT when there is none. */
export function lookUp(state: FileSystemState, path: string): Inode {
  const { inode } = locate(state, path);
  if (inode === null) throw new IoError('ENOENT', `${path} does not exist`);
  return inode;
}

function namesOf(path: string): string[] {
  const names: string[] = [];
  for (let at = 0; at < path.length; ) {
    const slash = path.indexOf('/', at);
    const end = slash < 0 ? path.length : slash;
    if (end > at) names.push(path.slice(at, end));
    at = end + 1;
  }
  if (!path.startsWith('/') || names.includes('.') || names.includes('..')) {
    throw new IoError('EINVAL', `A path must be absolute and without . and .., not ${path}`);
  }
  return names;
}

/** Throws ENOSPC when a new name or inode finds no room. */
export function checkRoom(state: FileSystemState, path: string): void {
  if (freePages(state) <= 0) throw new IoError('ENOSPC', `${path}: no room on ${state.name}`);
}

export function freePages(state: FileSystemState): number {
  if (state.capacityBytes === null) return Number.MAX_SAFE_INTEGER;
  return Math.floor(state.capacityBytes / PAGE_BYTES) - state.usedPages;
}

/** Makes a file or directory at a free place. */
export function createAt(state: FileSystemState, place: Place, kind: 'file' | 'directory'): Inode {
  checkRoom(state, place.path);
  const inode = createInode(state.nextInodeNumber++, kind, kind === 'file' ? 0o600 : 0o755);
  setEntry(state, place, inode);
  state.journal.append([entryChange(place, inode)], [place.directory, inode]);
  return inode;
}

export function entryChange(place: Place, target: Inode | null): Change {
  return { kind: 'entry', directory: place.directory, name: place.name, target };
}

/** Changes a visible entry; what loses its last name and has no handle is freed. */
export function setEntry(state: FileSystemState, place: Place, target: Inode | null): void {
  state.changeCount += 1;
  const before = place.directory.entries.get(place.name);
  if (target === null) place.directory.entries.delete(place.name);
  else {
    place.directory.entries.set(place.name, target);
    target.nameCount += 1;
  }
  if (before !== undefined) {
    before.nameCount -= 1;
    freeIfUnused(state, before);
  }
}

/** Frees the room of a file without name and handle. */
export function freeIfUnused(state: FileSystemState, inode: Inode): void {
  if (inode.nameCount > 0 || inode.openCount > 0 || inode.kind !== 'file') return;
  inode.blocks.forEach(() => {
    state.usedPages -= 1;
  });
  state.dirtyBytes -= inode.dirty.size * PAGE_BYTES;
  state.dirtyFiles.delete(inode);
  inode.dirty.clear();
  inode.failed.clear();
}

/** Writes bytes; when room ends, what fits is written and ENOSPC thrown. */
export function writeFile(state: FileSystemState, inode: Inode, offset: number, bytes: Uint8Array): void {
  state.changeCount += 1;
  const dirtyBefore = inode.dirty.size;
  const done = writeContent(inode, offset, bytes, () => {
    if (freePages(state) <= 0) return false;
    state.usedPages += 1;
    return true;
  });
  state.dirtyBytes += (inode.dirty.size - dirtyBefore) * PAGE_BYTES;
  if (inode.dirty.size > 0) state.dirtyFiles.add(inode);
  if (done < bytes.length)
    throw new IoError('ENOSPC', `${state.name} is full: ${done} of ${bytes.length} bytes written`);
}

/** A file is clean when all its pages are on disk and its size can follow. */
export function forgetClean(state: FileSystemState, inode: Inode): void {
  if (inode.dirty.size === 0 && inode.allocatedBytes >= inode.sizeBytes) state.dirtyFiles.delete(inode);
}

export function truncateFile(state: FileSystemState, inode: Inode, sizeBytes: number): void {
  state.changeCount += 1;
  const dirtyBefore = inode.dirty.size;
  const { truncation, freedPages } = truncateContent(inode, sizeBytes);
  state.usedPages -= freedPages;
  state.dirtyBytes += (inode.dirty.size - dirtyBefore) * PAGE_BYTES;
  forgetClean(state, inode);
  state.journal.append([{ kind: 'truncation', inode, truncation }], [inode]);
}
