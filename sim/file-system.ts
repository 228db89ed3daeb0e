import type { FileStore, Labels } from '../core/world/index.ts';
import { createFileStore } from './file-store.ts';
import { drawFilePowerLoss, durableTree, type FilePowerLoss, lastSteps } from './file-system-crash.ts';
import { type Inode, PAGE_BYTES, readContent } from './file-system-inode.ts';
import { openInode } from './file-system-namespace.ts';
import {
  createAt,
  createFileSystemState,
  type FileSystemParameters,
  type FileSystemState,
  fileSystemParameters,
  freePages,
  locate,
  writeFile,
} from './file-system-state.ts';
import { writeBackAll } from './file-system-steps.ts';
import type { Incarnation } from './incarnation.ts';
import { type Latency, LatencyDraws } from './latency.ts';
import type { KeyedRandom } from './random.ts';

export interface FileSystemLatencies {
  readonly call: Latency;
  readonly sync: Latency;
}

export interface SimFileSystemOptions {
  /** Unique in the simulation, for instance `a0/files`: the key of all draws. */
  readonly name: string;
  readonly random: KeyedRandom;
  /** Default: ext4. */
  readonly parameters?: FileSystemParameters;
  readonly latencies?: FileSystemLatencies;
}

/** A file or directory as `tree` shows it. */
export interface TreeEntry {
  readonly kind: 'file' | 'directory';
  readonly mode: number;
  readonly sizeBytes: number;
}

/**
 * The file system of one host: a volatile tree, and what of it a power loss leaves (docs/fault-model.md,
 * "Files"). The tree is our own: it is small, runs in a browser, and knows of each page and name whether it is
 * durable; a ready-made in-memory file system brings Node's modules, real timestamps and no durability.
 */
export class SimFileSystem {
  readonly name: string;
  readonly state: FileSystemState;
  readonly latencies: FileSystemLatencies;
  readonly draws: LatencyDraws;
  /** Path of each held lock and the life that has it. */
  readonly locks = new Map<string, Incarnation>();
  /** Open handles of each life. */
  readonly openCounts = new Map<Incarnation, number>();
  #powerLossCount = 0;

  constructor(options: SimFileSystemOptions) {
    this.name = options.name;
    this.state = createFileSystemState(
      options.name,
      options.parameters ?? fileSystemParameters('ext4'),
      options.random,
    );
    this.draws = new LatencyDraws(options.random, options.name);
    this.latencies = options.latencies ?? {
      call: { minUs: 20, meanUs: 50 },
      sync: { minUs: 300, meanUs: 1000 },
    };
  }

  /** The files as one life of one process sees them. */
  portFor(incarnation: Incarnation, labels: Labels = {}): FileStore {
    return createFileStore(this, incarnation, labels);
  }

  /** Power fails. End the lives that use the file system first. `kind`: default drawn. */
  powerLoss(kind?: FilePowerLoss): void {
    const { state } = this;
    this.#powerLossCount += 1;
    const random = state.random.at('files-power-loss', this.name, this.#powerLossCount);
    lastSteps(state, kind ?? drawFilePowerLoss(random), random);
    const { root, usedPages } = durableTree(state, random);
    state.root = root;
    state.changeCount += 1;
    state.usedPages = usedPages;
    state.journal.clear();
    state.dirtyFiles.clear();
    state.dirtyBytes = 0;
    state.epoch += 1;
    this.locks.clear();
    this.openCounts.clear();
  }

  /** Remounts: read-only, failing every call (EIO), or as usual. */
  setMode(mode: 'read-write' | 'read-only' | 'failing'): void {
    this.state.isReadOnly = mode === 'read-only';
    this.state.isFailing = mode === 'failing';
  }

  /** Changes the room for content; null: unlimited. What is there stays. */
  setCapacity(capacityBytes: number | null): void {
    this.state.capacityBytes = capacityBytes;
  }

  /** Lets the next syncs fail. */
  failSyncs(count: number): void {
    this.state.failingSyncs = count;
  }

  /** Content of a file as readers see it, outside of virtual time; null when there is no such file. */
  peek(path: string): Uint8Array | null {
    return contentAt(this.state.root, path);
  }

  /** All paths as readers see them, sorted. */
  tree(): Map<string, TreeEntry> {
    return treeOf(this.state.root);
  }

  /** What a power loss now would leave if it took all it can. */
  durable(): { tree: Map<string, TreeEntry>; peek: (path: string) => Uint8Array | null } {
    const { root } = durableTree(this.state, this.state.random.at('peek', this.name));
    return { tree: treeOf(root), peek: (path) => contentAt(root, path) };
  }

  /** Puts a durable file there, with the directories above it, outside of virtual time. */
  seed(path: string, bytes: Uint8Array): void {
    this.seedDirectory(path.slice(0, path.lastIndexOf('/')));
    const inode = openInode(this.state, path, 'create');
    writeFile(this.state, inode, 0, bytes);
    this.syncAll();
  }

  /** Puts a durable directory there, with those above it, outside of virtual time. */
  seedDirectory(path: string): void {
    const names = path.split('/').filter((each) => each !== '');
    for (let i = 1; i <= names.length; i++) {
      const place = locate(this.state, `/${names.slice(0, i).join('/')}`);
      if (place.inode === null) createAt(this.state, place, 'directory');
    }
    this.syncAll();
  }

  /** Makes everything durable (syncfs). */
  syncAll(): void {
    const { state } = this;
    for (const inode of [...state.dirtyFiles]) writeBackAll(state, inode);
    state.journal.commit(state.journal.operations.length);
  }

  /** Bytes that may still be written. */
  freeBytes(): number {
    const pages = freePages(this.state);
    return pages > 2 ** 40 ? 2 ** 52 : Math.max(0, pages) * PAGE_BYTES;
  }
}

function treeOf(root: Inode): Map<string, TreeEntry> {
  const result = new Map<string, TreeEntry>();
  function visit(directory: Inode, path: string): void {
    for (const name of [...directory.entries.keys()].sort()) {
      const inode = directory.entries.get(name) as Inode;
      result.set(`${path}/${name}`, { kind: inode.kind, mode: inode.mode, sizeBytes: inode.sizeBytes });
      visit(inode, `${path}/${name}`);
    }
  }
  visit(root, '');
  return result;
}

function contentAt(root: Inode, path: string): Uint8Array | null {
  let inode: Inode | undefined = root;
  for (const name of path.split('/').filter((each) => each !== '')) inode = inode?.entries.get(name);
  if (inode === undefined || inode.kind !== 'file') return null;
  return readContent(inode, 0, inode.sizeBytes);
}
