import type { Inode, Truncation } from './file-system-inode.ts';

/** One change of durable metadata. */
export type Change =
  | {
      readonly kind: 'entry';
      readonly directory: Inode;
      readonly name: string;
      readonly target: Inode | null;
    }
  | { readonly kind: 'mode'; readonly inode: Inode; readonly mode: number }
  /** The file's size reaches at least this: blocks were allocated. */
  | { readonly kind: 'size'; readonly inode: Inode; readonly sizeBytes: number }
  | { readonly kind: 'truncation'; readonly inode: Inode; readonly truncation: Truncation };

export interface Part {
  readonly change: Change;
  /** Parts with equal keys become durable in order. */
  readonly chain: string;
  readonly operation: Operation;
  isDurable: boolean;
}

/** One call's changes of metadata, in the order in which the calls were made. */
export interface Operation {
  readonly seq: number;
  readonly parts: Part[];
  /** Files and directories that it changes. */
  readonly touches: ReadonlySet<Inode>;
  /** Rename inside one directory: `parts` are the old and the new entry, and show together. */
  readonly isAtomicRename: boolean;
  /** Not durable before everything older is: a directory that moves to another one. */
  readonly isBarrier: boolean;
}

/**
 * The metadata operations that are not durable yet. Ordered file systems make a prefix durable (`commit`);
 * without order each entry, size and mode goes for itself (`makeDurable`).
 */
export class Journal {
  #operations: Operation[] = [];
  #nextSeq = 1;

  get operations(): readonly Operation[] {
    return this.#operations;
  }

  append(
    changes: readonly Change[],
    touches: readonly Inode[],
    kind: 'plain' | 'atomic-rename' | 'barrier' = 'plain',
  ): Operation {
    const operation: Operation = {
      seq: this.#nextSeq++,
      parts: [],
      touches: new Set(touches),
      isAtomicRename: kind === 'atomic-rename',
      isBarrier: kind === 'barrier',
    };
    for (const change of changes) {
      operation.parts.push({ change, chain: chainOf(change), operation, isDurable: false });
    }
    this.#operations.push(operation);
    return operation;
  }

  /** Makes the first `count` operations durable; all of them at once is right without order too. */
  commit(count: number): void {
    for (const operation of this.#operations.splice(0, count)) {
      for (const part of operation.parts) apply(part);
    }
  }

  /** Number of operations up to the last one that changes this file or directory. */
  countUntouched(inode: Inode): number {
    let count = this.#operations.length;
    while (count > 0 && !(this.#operations[count - 1] as Operation).touches.has(inode)) count -= 1;
    return count;
  }

  /** Parts that are not durable, oldest first. */
  pendingParts(): Part[] {
    const pending: Part[] = [];
    for (const { parts } of this.#operations)
      for (const part of parts) if (!part.isDurable) pending.push(part);
    return pending;
  }

  /** Makes one part durable, the older ones of its chain with it, and what may not be parted from it. */
  makeDurable(part: Part): void {
    this.#makeDurable(part);
    this.#operations = this.#operations.filter((operation) =>
      operation.parts.some((each) => !each.isDurable),
    );
  }

  clear(): void {
    this.#operations = [];
  }

  #makeDurable(part: Part): void {
    if (part.isDurable) return;
    const passed: Part[] = [];
    for (const older of this.pendingParts()) {
      if (older.operation.seq > part.operation.seq) break;
      if (part.operation.isBarrier || older.chain === part.chain) passed.push(older);
    }
    for (const each of passed) apply(each);
    for (const each of passed) {
      const { parts, isAtomicRename } = each.operation;
      if (!isAtomicRename) continue;
      const [from, to] = parts as [Part, Part];
      // The old name never goes without the new one, and the new one shows only while the old is gone;
      // a name that has passed on to a later file says nothing about the old name.
      if (each === from) this.#makeDurable(to);
      else if (each === part) this.#makeDurable(from);
    }
  }
}

function chainOf(change: Change): string {
  switch (change.kind) {
    case 'entry':
      return `e${change.directory.number}/${change.name}`;
    case 'mode':
      return `m${change.inode.number}`;
    default:
      return `s${change.inode.number}`;
  }
}

function apply(part: Part): void {
  if (part.isDurable) return;
  part.isDurable = true;
  const { change } = part;
  switch (change.kind) {
    case 'entry':
      if (change.target === null) change.directory.durable.entries.delete(change.name);
      else change.directory.durable.entries.set(change.name, change.target);
      return;
    case 'mode':
      change.inode.durable.mode = change.mode;
      return;
    case 'size':
      change.inode.durable.sizeBytes = Math.max(change.inode.durable.sizeBytes, change.sizeBytes);
      return;
    case 'truncation': {
      const { inode, truncation } = change;
      inode.durable.sizeBytes = truncation.sizeBytes;
      inode.truncations = inode.truncations.filter((each) => each !== truncation);
    }
  }
}
