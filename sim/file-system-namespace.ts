import { IoError } from '../core/errors.ts';
import type { FileOpenMode } from '../core/world/index.ts';
import type { Inode } from './file-system-inode.ts';
import type { Change } from './file-system-journal.ts';
import {
  checkRoom,
  createAt,
  entryChange,
  type FileSystemState,
  freePages,
  locate,
  lookUp,
  type Place,
  setEntry,
  truncateFile,
} from './file-system-state.ts';
import { allocate } from './file-system-steps.ts';

/** Opens as the port's modes say; the caller counts the handle. */
export function openInode(state: FileSystemState, path: string, mode: FileOpenMode): Inode {
  const place = locate(state, path);
  const { inode } = place;
  if (inode?.kind === 'directory') throw new IoError('EISDIR', `${path} is a directory`);
  if (mode !== 'read') checkWritable(state, path);
  if (inode === null) {
    if (mode === 'read' || mode === 'update') throw new IoError('ENOENT', `${path} does not exist`);
    return createAt(state, place, 'file');
  }
  if (mode === 'create-new') throw new IoError('EEXIST', `${path} exists already`);
  if (mode === 'create') truncateFile(state, inode, 0);
  return inode;
}

/** Throws what a read-only or failing file system answers to a change. */
export function checkWritable(state: FileSystemState, path: string): void {
  checkWorking(state, path);
  if (state.isReadOnly) throw new IoError('EROFS', `${path}: ${state.name} is read-only`);
}

export function checkWorking(state: FileSystemState, path: string): void {
  if (state.isFailing) throw new IoError('EIO', `${path}: ${state.name} failed`);
}

export function makeDirectory(state: FileSystemState, path: string): void {
  const place = locate(state, path);
  if (place.inode !== null) throw new IoError('EEXIST', `${path} exists already`);
  createAt(state, place, 'directory');
}

export function removeDirectory(state: FileSystemState, path: string): void {
  const place = locate(state, path);
  const inode = lookUp(state, path);
  if (inode.kind !== 'directory') throw new IoError('ENOTDIR', `${path} is not a directory`);
  if (inode.entries.size > 0) throw new IoError('ENOTEMPTY', `${path} is not empty`);
  if (inode === state.root) throw new IoError('EBUSY', 'The root stays');
  setEntry(state, place, null);
  state.journal.append([entryChange(place, null)], [place.directory, inode]);
}

export function unlink(state: FileSystemState, path: string): void {
  const place = locate(state, path);
  const inode = lookUp(state, path);
  if (inode.kind === 'directory') throw new IoError('EISDIR', `${path} is a directory`);
  setEntry(state, place, null);
  state.journal.append([entryChange(place, null)], [place.directory, inode]);
}

export function link(state: FileSystemState, existing: string, created: string): void {
  const inode = lookUp(state, existing);
  if (inode.kind === 'directory') throw new IoError('EISDIR', `${existing} is a directory`);
  const place = locate(state, created);
  if (place.inode !== null) throw new IoError('EEXIST', `${created} exists already`);
  checkRoom(state, created);
  setEntry(state, place, inode);
  state.journal.append([entryChange(place, inode)], [place.directory, inode]);
}

export function rename(state: FileSystemState, from: string, to: string): void {
  const source = locate(state, from);
  const inode = lookUp(state, from);
  const target = locate(state, to);
  const replaced = target.inode;
  if (replaced === inode) return;
  if (inode === state.root || target.name === '') throw new IoError('EBUSY', 'The root stays');
  checkReplaceable(inode, replaced, to);
  if (inode.kind === 'directory' && contains(inode, target.directory)) {
    throw new IoError('EINVAL', `${from} cannot move into itself`);
  }
  // A full file system may lack the block that a new name needs; replacing a name needs none.
  if (replaced === null && freePages(state) <= 0 && state.random.at('full', from, to).chance(0.3)) {
    throw new IoError('ENOSPC', `${to}: no room on ${state.name}`);
  }
  const { profile } = state.parameters;
  const allocatesFirst = replaced !== null && (profile === 'ext4' || profile === 'ext4-old');
  if (allocatesFirst && inode.kind === 'file') allocate(state, inode, inode.sizeBytes);
  inode.nameCount += 1;
  setEntry(state, source, null);
  setEntry(state, target, inode);
  inode.nameCount -= 1;
  logRename(state, source, target, inode, replaced);
}

function checkReplaceable(inode: Inode, replaced: Inode | null, to: string): void {
  if (replaced === null) return;
  if (replaced.kind === 'directory') {
    if (inode.kind !== 'directory') throw new IoError('EISDIR', `${to} is a directory`);
    if (replaced.entries.size > 0) throw new IoError('ENOTEMPTY', `${to} is not empty`);
  } else if (inode.kind === 'directory') throw new IoError('ENOTDIR', `${to} is not a directory`);
}

function logRename(
  state: FileSystemState,
  source: Place,
  target: Place,
  inode: Inode,
  replaced: Inode | null,
): void {
  const changes: Change[] = [entryChange(source, null), entryChange(target, inode)];
  const touches = [source.directory, target.directory, inode, ...(replaced === null ? [] : [replaced])];
  const staysInDirectory = source.directory === target.directory;
  const kind = staysInDirectory ? 'atomic-rename' : inode.kind === 'directory' ? 'barrier' : 'plain';
  state.journal.append(changes, touches, kind);
}

/** Whether `directory` is `inode` or lies below it. */
function contains(inode: Inode, directory: Inode): boolean {
  if (inode === directory) return true;
  for (const entry of inode.entries.values()) {
    if (entry.kind === 'directory' && contains(entry, directory)) return true;
  }
  return false;
}

export function changeMode(state: FileSystemState, path: string, mode: number): void {
  const inode = lookUp(state, path);
  inode.mode = mode;
  state.journal.append([{ kind: 'mode', inode, mode }], [inode]);
}
