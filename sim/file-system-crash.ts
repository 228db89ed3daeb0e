import { createInode, durablePage, type Inode, PAGE_BYTES, tearPage } from './file-system-inode.ts';
import type { Part } from './file-system-journal.ts';
import type { FileSystemState } from './file-system-state.ts';
import { allocate, randomSize, writeBack, writeBackAll } from './file-system-steps.ts';
import type { RandomStream } from './random.ts';

/**
 * How the last steps before a power loss are chosen. `none`: no step. `all`: all durable. `prefix`: metadata
 * up to a moment, no data. `newest`: the last metadata change alone where order allows it. `data-late`: all
 * metadata, no data. `data-early`: all data, no names. `single-missing`: all but one thing. `mixture`: each
 * step with one probability.
 */
export type FilePowerLoss =
  | 'none'
  | 'all'
  | 'prefix'
  | 'newest'
  | 'data-late'
  | 'data-early'
  | 'single-missing'
  | 'mixture';

const WEIGHTS: readonly (readonly [FilePowerLoss, number])[] = [
  ['none', 10],
  ['all', 10],
  ['prefix', 20],
  ['newest', 15],
  ['data-late', 15],
  ['data-early', 10],
  ['single-missing', 10],
  ['mixture', 10],
];

export function drawFilePowerLoss(random: RandomStream): FilePowerLoss {
  let dice = random.below(100);
  for (const [kind, weight] of WEIGHTS) {
    if (dice < weight) return kind;
    dice -= weight;
  }
  return 'mixture';
}

/** At most so many pages are in flight, and torn, when power fails. */
const MAX_TORN_PAGES = 8;

/** Takes the last steps before a power loss. */
export function lastSteps(state: FileSystemState, kind: FilePowerLoss, random: RandomStream): void {
  const { journal } = state;
  const files = random.shuffle([...state.dirtyFiles, ...delayedFiles(state)]);
  const commitAll = () => journal.commit(journal.operations.length);
  switch (kind) {
    case 'none':
      return;
    case 'all':
      for (const inode of files) writeBackAll(state, inode);
      commitAll();
      return;
    case 'prefix':
      commitPrefix(state, random.between(0, journal.operations.length));
      return;
    case 'newest': {
      const last = journal.pendingParts().at(-1);
      if (state.isOrdered) commitAll();
      else if (last !== undefined) journal.makeDurable(last);
      return;
    }
    case 'data-late':
      commitAll();
      return;
    case 'data-early':
      for (const inode of files) writeBackAll(state, inode);
      return;
    case 'single-missing':
      singleMissing(state, files, random);
      return;
    case 'mixture':
      mixture(state, files, random);
  }
}

/** Files whose size has not followed their content although no page is dirty. */
function delayedFiles(state: FileSystemState): Inode[] {
  const found = new Set<Inode>();
  for (const operation of state.journal.operations) {
    for (const inode of operation.touches) {
      if (inode.allocatedBytes < inode.sizeBytes && !state.dirtyFiles.has(inode)) found.add(inode);
    }
  }
  return [...found];
}

function commitPrefix(state: FileSystemState, count: number): void {
  if (state.isOrdered) {
    state.journal.commit(count);
    return;
  }
  for (const operation of state.journal.operations.slice(0, count)) {
    for (const part of operation.parts) state.journal.makeDurable(part);
  }
}

function singleMissing(state: FileSystemState, files: readonly Inode[], random: RandomStream): void {
  const missing = files.length > 0 && random.chance(0.5) ? random.pick(files) : null;
  for (const inode of files) {
    if (inode !== missing) {
      writeBackAll(state, inode);
      continue;
    }
    const page = random.pick([...inode.dirty, 0]);
    if (random.chance(0.5)) allocate(state, inode, Math.min(page * PAGE_BYTES, inode.sizeBytes));
    else if (!state.isOrdered) allocate(state, inode, inode.sizeBytes);
    for (const each of [...inode.dirty]) if (each !== page) writeBack(state, inode, each);
  }
  const { journal } = state;
  if (missing !== null) {
    commitPrefix(state, journal.operations.length);
  } else if (state.isOrdered) {
    journal.commit(Math.max(0, journal.operations.length - 1));
  } else {
    const parts = journal.pendingParts();
    const left = parts.length > 0 ? random.pick(parts).chain : '';
    for (const part of parts) if (part.chain !== left) journal.makeDurable(part);
  }
}

function mixture(state: FileSystemState, files: readonly Inode[], random: RandomStream): void {
  const probability = random.fraction();
  for (const inode of files) {
    if (random.chance(probability)) {
      allocate(state, inode, random.chance(0.5) ? inode.sizeBytes : anySize(state, inode, random));
    }
    for (const page of [...inode.dirty]) if (random.chance(probability)) writeBack(state, inode, page);
  }
  const { journal } = state;
  if (state.isOrdered) journal.commit(random.between(0, journal.operations.length));
  else
    for (const part of random.shuffle(journal.pendingParts()))
      makeDurableWith(state, part, probability, random);
  if (state.parameters.sectorBytes < PAGE_BYTES && random.chance(0.5)) tearPages(state, files, random);
}

function makeDurableWith(
  state: FileSystemState,
  part: Part,
  probability: number,
  random: RandomStream,
): void {
  if (random.chance(probability)) state.journal.makeDurable(part);
}

/** Without order a size may become durable inside a page. */
function anySize(state: FileSystemState, inode: Inode, random: RandomStream): number {
  return state.isOrdered ? randomSize(inode, random) : random.between(0, inode.sizeBytes);
}

function tearPages(state: FileSystemState, files: readonly Inode[], random: RandomStream): void {
  let count = random.between(1, MAX_TORN_PAGES);
  for (const inode of files) {
    for (const page of inode.dirty) {
      if (count === 0) return;
      if (state.isOrdered && page * PAGE_BYTES >= inode.allocatedBytes) continue;
      if (random.chance(0.5)) continue;
      count -= 1;
      tearPage(inode, page, () => random.chance(0.5));
    }
  }
}

/** The tree that is durable now, as a fresh clean tree: what a mount after a power loss finds. */
export function durableTree(
  state: FileSystemState,
  random: RandomStream,
): { root: Inode; usedPages: number } {
  const copies = new Map<Inode, Inode>();
  let usedPages = 0;
  function copyOf(inode: Inode): Inode {
    const known = copies.get(inode);
    if (known !== undefined) return known;
    const copy = createInode(inode.number, inode.kind, inode.durable.mode);
    copies.set(inode, copy);
    if (inode.kind === 'file') usedPages += copyContent(state, inode, copy, random);
    for (const [name, entry] of inode.durable.entries) {
      const target = copyOf(entry);
      target.nameCount += 1;
      copy.entries.set(name, target);
      copy.durable.entries.set(name, target);
    }
    return copy;
  }
  return { root: copyOf(state.root), usedPages };
}

function copyContent(state: FileSystemState, inode: Inode, copy: Inode, random: RandomStream): number {
  const sizeBytes = inode.durable.sizeBytes;
  const isGarbled = !state.isOrdered && state.parameters.exposesGarbage;
  const pages = new Set<number>();
  // forEach passes over the holes of a sparse file.
  const addFrom = (fromPage: number) => (_: unknown, i: number) => {
    pages.add(fromPage + i);
  };
  inode.blocks.forEach(addFrom(0));
  for (const { fromPage, dropped } of inode.truncations) dropped.forEach(addFrom(fromPage));
  let usedPages = 0;
  for (const page of [...pages].sort((a, b) => a - b)) {
    if (page * PAGE_BYTES >= sizeBytes) break;
    let disk = durablePage(inode, page);
    if (disk === null && isGarbled) disk = random.bytes(PAGE_BYTES);
    if (disk === null) continue;
    const keptBytes = sizeBytes - page * PAGE_BYTES;
    if (keptBytes < PAGE_BYTES) disk = disk.slice().fill(0, keptBytes);
    copy.blocks[page] = { memory: disk, disk };
    usedPages += 1;
  }
  copy.sizeBytes = sizeBytes;
  copy.durable.sizeBytes = sizeBytes;
  copy.allocatedBytes = sizeBytes;
  return usedPages;
}
