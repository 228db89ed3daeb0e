import { type Inode, PAGE_BYTES, writeBackPage } from './file-system-inode.ts';
import type { Part } from './file-system-journal.ts';
import { type FileSystemState, forgetClean } from './file-system-state.ts';
import type { RandomStream } from './random.ts';

/**
 * The steps by which state becomes durable, asked for or not (docs/fault-model.md, "Files"). What a power
 * loss can leave is what some sequence of these steps reaches.
 */

/** Above so many metadata operations that are not durable everything is written out: a journal has an end. */
const MAX_OPERATIONS = 1000;

/** Copies one page to disk as it is now, where its block is allocated. Returns whether it did. */
export function writeBack(state: FileSystemState, inode: Inode, page: number): boolean {
  if (state.isOrdered && page * PAGE_BYTES >= inode.allocatedBytes) return false;
  if (!inode.dirty.has(page)) return false;
  writeBackPage(inode, page);
  state.dirtyBytes -= PAGE_BYTES;
  forgetClean(state, inode);
  return true;
}

/**
 * Allocates blocks up to a size and lets the size follow. Ordered file systems write the pages first; without
 * order the size is durable at once and the pages need not be.
 */
export function allocate(state: FileSystemState, inode: Inode, sizeBytes: number): void {
  if (sizeBytes <= inode.allocatedBytes) return;
  const first = Math.floor(inode.allocatedBytes / PAGE_BYTES);
  inode.allocatedBytes = sizeBytes;
  if (state.isOrdered) {
    const end = Math.ceil(sizeBytes / PAGE_BYTES);
    for (const page of [...inode.dirty]) if (page >= first && page < end) writeBack(state, inode, page);
  }
  const operation = state.journal.append([{ kind: 'size', inode, sizeBytes }], [inode]);
  if (!state.isOrdered) state.journal.makeDurable(operation.parts[0] as Part);
  forgetClean(state, inode);
}

/** Allocates all and writes all back. */
export function writeBackAll(state: FileSystemState, inode: Inode): void {
  allocate(state, inode, inode.sizeBytes);
  for (const page of [...inode.dirty]) writeBack(state, inode, page);
}

/** What a successful sync of a file forces. */
export function forceFile(state: FileSystemState, inode: Inode, random: RandomStream): void {
  writeBackAll(state, inode);
  forceMetadata(state, inode, random, (part) => {
    const { change } = part;
    return change.kind !== 'entry' && change.inode === inode;
  });
}

/** What a successful sync of a directory forces. */
export function forceDirectory(state: FileSystemState, inode: Inode, random: RandomStream): void {
  const { profile, directorySync } = state.parameters;
  if (directorySync === 'fdatasync' && (profile === 'ext4-old' || profile === 'posix')) return;
  forceMetadata(state, inode, random, ({ change }) => change.kind === 'entry' && change.directory === inode);
}

function forceMetadata(
  state: FileSystemState,
  inode: Inode,
  random: RandomStream,
  isForced: (part: Part) => boolean,
): void {
  const { journal } = state;
  switch (state.parameters.profile) {
    case 'ext4':
    case 'ext4-old':
      journal.commit(journal.operations.length);
      return;
    case 'xfs':
      journal.commit(random.between(journal.countUntouched(inode), journal.operations.length));
      return;
    case 'posix':
      for (const part of journal.pendingParts()) if (isForced(part)) journal.makeDurable(part);
  }
}

/**
 * A sync failed: some pages reached the disk, the others never will unless rewritten, and all count as clean.
 * Readers still see the new content until the page is dropped from memory.
 */
export function failFileSync(state: FileSystemState, inode: Inode, random: RandomStream): void {
  const deviceGotSome = random.chance(0.5);
  const allocates = random.chance(0.5);
  for (const page of [...inode.dirty]) {
    const isAllocated = allocates || !state.isOrdered || page * PAGE_BYTES < inode.allocatedBytes;
    if (isAllocated && deviceGotSome && random.chance(0.5)) writeBackPage(inode, page);
    else {
      inode.dirty.delete(page);
      inode.failed.add(page);
    }
    state.dirtyBytes -= PAGE_BYTES;
  }
  state.dirtyFiles.delete(inode);
  if (allocates) allocate(state, inode, inode.sizeBytes);
}

/** Drops pages whose write-back failed from memory: readers then get what the disk has. */
export function evictFailed(inode: Inode, random: RandomStream, probability: number): void {
  for (const page of [...inode.failed]) {
    if (!random.chance(probability)) continue;
    inode.failed.delete(page);
    const block = inode.blocks[page];
    if (block === undefined) continue;
    block.disk ??= new Uint8Array(PAGE_BYTES);
    block.memory = block.disk;
  }
}

/** Writes out what nobody asked for: now and then a little, after the commit interval or above the limit all. */
export function background(state: FileSystemState, nowUs: number): void {
  const { backgroundChance, commitIntervalUs, dirtyLimitBytes } = state.parameters;
  const random = state.backgroundAt(state.drawCount++);
  const isFull = state.dirtyBytes > dirtyLimitBytes || state.journal.operations.length > MAX_OPERATIONS;
  if (isFull || nowUs - state.lastCommitUs >= commitIntervalUs) {
    state.lastCommitUs = nowUs;
    for (const inode of [...state.dirtyFiles]) writeBackAll(state, inode);
    state.journal.commit(state.journal.operations.length);
    return;
  }
  if (!random.chance(backgroundChance)) return;
  const files = [...state.dirtyFiles];
  if (files.length > 0) {
    const inode = random.pick(files);
    if (random.chance(0.5)) allocate(state, inode, randomSize(inode, random));
    for (const page of [...inode.dirty]) if (random.chance(0.5)) writeBack(state, inode, page);
    evictFailed(inode, random, 0.5);
  }
  const { journal } = state;
  if (journal.operations.length === 0 || random.chance(0.5)) return;
  if (state.isOrdered) journal.commit(random.between(1, journal.operations.length));
  else journal.makeDurable(random.pick(journal.pendingParts()));
}

/** A size up to which blocks may be allocated: whole pages, or all. */
export function randomSize(inode: Inode, random: RandomStream): number {
  return Math.min(random.below(Math.ceil(inode.sizeBytes / PAGE_BYTES) + 1) * PAGE_BYTES, inode.sizeBytes);
}
