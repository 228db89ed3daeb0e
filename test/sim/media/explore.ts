import type { SimFileSystem } from '../../../sim/file-system.ts';
import { type Inode, PAGE_BYTES } from '../../../sim/file-system-inode.ts';
import {
  type FileSystemParameters,
  type FileSystemProfile,
  type FileSystemState,
  lookUp,
} from '../../../sim/file-system-state.ts';
import { allocate, forceDirectory, forceFile, writeBack } from '../../../sim/file-system-steps.ts';
import { RandomStream } from '../../../sim/random.ts';
import { createFileSystem } from './file-kit.ts';

export type Act = (state: FileSystemState) => void;

/** A sync of a file or a directory that forces the least it must; background steps explore the rest. */
export const sync =
  (path: string): Act =>
  (state) => {
    const inode = lookUp(state, path);
    const least = Object.assign(new RandomStream(1), { between: (low: number) => low });
    if (inode.kind === 'directory') forceDirectory(state, inode, least);
    else forceFile(state, inode, least);
  };

/**
 * Every tree that a power loss can leave after each call of a story: all sequences of background steps between
 * the calls, up to states that are alike. `sizes`: sizes inside a page that may become durable without order.
 */
export function explore(
  profile: FileSystemProfile,
  setUp: (fileSystem: SimFileSystem) => void,
  acts: readonly Act[],
  visit: (fileSystem: SimFileSystem, doneActs: number) => void,
  options: { sizes?: readonly number[]; more?: Partial<FileSystemParameters> } = {},
): number {
  const seen = new Set<string>();
  const path: number[] = [];
  /** Replays a path: -1 is the next call, other numbers the background step of that index. */
  function replay(): { fileSystem: SimFileSystem; done: number } {
    const fileSystem = createFileSystem(profile, options.more);
    setUp(fileSystem);
    fileSystem.syncAll();
    let done = 0;
    for (const choice of path) {
      if (choice < 0) (acts[done++] as Act)(fileSystem.state);
      else (stepsOf(fileSystem.state, options.sizes ?? [])[choice] as () => void)();
    }
    return { fileSystem, done };
  }
  function go(): void {
    const { fileSystem, done } = replay();
    const signature = `${done} ${signatureOf(fileSystem.state)}`;
    if (seen.has(signature)) return;
    seen.add(signature);
    const stepCount = stepsOf(fileSystem.state, options.sizes ?? []).length;
    fileSystem.powerLoss('none');
    visit(fileSystem, done);
    for (let choice = done < acts.length ? -1 : 0; choice < stepCount; choice++) {
      path.push(choice);
      go();
      path.pop();
    }
  }
  go();
  return seen.size;
}

/** The background steps that may be taken now, in a fixed order. */
function stepsOf(state: FileSystemState, sizes: readonly number[]): (() => void)[] {
  const steps: (() => void)[] = [];
  for (const inode of filesOf(state)) {
    const reached = new Set<number>();
    for (let size = PAGE_BYTES; size < inode.sizeBytes; size += PAGE_BYTES) reached.add(size);
    reached.add(inode.sizeBytes);
    if (!state.isOrdered) for (const size of sizes) if (size < inode.sizeBytes) reached.add(size);
    for (const size of reached) {
      if (size > inode.allocatedBytes) steps.push(() => allocate(state, inode, size));
    }
    for (const page of inode.dirty) {
      if (!state.isOrdered || page * PAGE_BYTES < inode.allocatedBytes) {
        steps.push(() => void writeBack(state, inode, page));
      }
    }
  }
  const { journal } = state;
  if (state.isOrdered) {
    if (journal.operations.length > 0) steps.push(() => journal.commit(1));
  } else for (const part of journal.pendingParts()) steps.push(() => journal.makeDurable(part));
  return steps;
}

/** All files and directories that are visible or durable, by number. */
function inodesOf(state: FileSystemState): Inode[] {
  const found = new Map<number, Inode>();
  function visit(inode: Inode): void {
    if (found.has(inode.number)) return;
    found.set(inode.number, inode);
    for (const entry of inode.entries.values()) visit(entry);
    for (const entry of inode.durable.entries.values()) visit(entry);
  }
  visit(state.root);
  for (const operation of state.journal.operations) for (const inode of operation.touches) visit(inode);
  return [...found.values()].sort((a, b) => a.number - b.number);
}

function filesOf(state: FileSystemState): Inode[] {
  return inodesOf(state).filter(
    ({ kind, nameCount, openCount }) => kind === 'file' && nameCount + openCount > 0,
  );
}

function signatureOf(state: FileSystemState): string {
  const name = (inode: Inode | null) => (inode === null ? '-' : String(inode.number));
  const page = (bytes: Uint8Array | null | undefined) =>
    bytes ? `${bytes[0]}.${bytes[PAGE_BYTES - 1]}` : '-';
  const lines = inodesOf(state).map((inode) => {
    const blocks: string[] = [];
    inode.blocks.forEach((block, i) => {
      blocks.push(`${i}:${page(block?.memory)}/${page(block?.disk)}`);
    });
    const cuts = inode.truncations.map(
      (cut) => `${cut.sizeBytes}[${cut.dropped.map((b) => page(b?.disk)).join()}]`,
    );
    const entries = (map: ReadonlyMap<string, Inode>) =>
      [...map]
        .map(([n, i]) => `${n}=${i.number}`)
        .sort()
        .join();
    const { durable } = inode;
    return [
      name(inode),
      inode.mode,
      inode.sizeBytes,
      inode.allocatedBytes,
      [...inode.dirty].sort().join(),
      blocks.join(),
      cuts.join(),
      entries(inode.entries),
      durable.mode,
      durable.sizeBytes,
      entries(durable.entries),
    ].join(' ');
  });
  const parts = state.journal.operations.map((operation) =>
    operation.parts
      .map(({ change, isDurable, chain }) => {
        const detail =
          change.kind === 'entry'
            ? name(change.target)
            : change.kind === 'size'
              ? change.sizeBytes
              : change.kind;
        return `${chain}=${detail}${isDurable ? '!' : ''}`;
      })
      .join('&'),
  );
  return `${lines.join(';')} | ${parts.join(';')}`;
}
