import type { Gid, Lb } from '../core/units.ts';
import { LOGICAL_BLOCK_BYTES } from '../core/units.ts';

/**
 * The ledger is the judge of restored images. It stands outside the system under test: the workload tells it
 * every write, discard, flush and snapshot command when it is submitted and when it is answered, and it knows
 * nothing of lsids, diffs or servers (docs/architecture.md, "The ledger").
 *
 * Rule: an image at a snapshot is admissible if it is what some prefix of a possible order of the log gives,
 * where an operation that was answered before another was submitted comes first, the prefix holds everything
 * answered before the snapshot was requested, and nothing submitted after it was answered. A power loss of the
 * device's host may take answered operations away, as a suffix of the order, down to the last flush.
 */
export type LedgerOperation = WriteOperation | DiscardOperation;

interface OperationTimes {
  /** Position in the order of all ledger events. */
  readonly submittedAt: number;
  /** Infinity while unanswered. */
  answeredAt: number;
  /** True when a flush that was answered covers it: no power loss takes it away. */
  flushed: boolean;
  /** Position of the power loss after which it may be missing; Infinity when none. */
  mayBeLostAt: number;
  readonly addressLb: Lb;
  readonly sizeLb: Lb;
}

export interface WriteOperation extends OperationTimes {
  readonly kind: 'write';
  /** The data, as 32-bit words. */
  readonly words: Int32Array;
}

export interface DiscardOperation extends OperationTimes {
  readonly kind: 'discard';
}

interface SnapshotEntry {
  readonly requestedAt: number;
  answeredAt: number;
}

/** What the volume was like before, and what discards mean. */
export interface LedgerOptions {
  /** Content before the first operation; a copy is kept by block where it is not zero. */
  readonly initial?: Uint8Array;
  /** True where device and archives write zeros for discards: then a discarded block reads as zeros. */
  readonly discardIsZero?: boolean;
}

/** `admissible`, or why not, with the first blocks that show it. */
export interface LedgerVerdict {
  readonly admissible: boolean;
  readonly reason: string;
  readonly badBlocksLb: readonly Lb[];
}

/** Operations that cover a block, and whose words, or the initial ones, stand there in an image. */
interface BlockSources {
  readonly touching: readonly LedgerOperation[];
  readonly giving: readonly LedgerOperation[];
  readonly isInitial: boolean;
}

const NO_OPERATIONS: readonly LedgerOperation[] = [];
const MAX_REPORTED_BLOCKS = 8;
const BLOCK_WORDS = LOGICAL_BLOCK_BYTES / 4;

/** Told what an application does to a volume, it judges images of the volume; see above and docs/architecture.md. */
export class Ledger {
  readonly #initial: Int32Array;
  readonly #discardIsZero: boolean;
  readonly #operations: LedgerOperation[] = [];
  readonly #byBlock = new Map<Lb, LedgerOperation[]>();
  readonly #snapshots = new Map<Gid, SnapshotEntry>();
  /** Operations that a power loss now could take away. */
  #unflushed: LedgerOperation[] = [];
  #now = 0;

  constructor(options: LedgerOptions = {}) {
    this.#initial = wordsOf(options.initial ?? new Uint8Array(0));
    this.#discardIsZero = options.discardIsZero ?? false;
  }

  get operationCount(): number {
    return this.#operations.length;
  }

  /** A write is being submitted; `data` is copied. Call `answered` with the result. */
  write(addressLb: Lb, data: Uint8Array): LedgerOperation {
    return this.#add({
      kind: 'write',
      words: wordsOf(data),
      ...this.#times(addressLb, data.length / LOGICAL_BLOCK_BYTES),
    });
  }

  discard(addressLb: Lb, sizeLb: Lb): LedgerOperation {
    return this.#add({ kind: 'discard', ...this.#times(addressLb, sizeLb) });
  }

  answered(operation: LedgerOperation): void {
    operation.answeredAt = this.#tick();
  }

  /** A flush is being submitted; call the returned function when it was answered with success. */
  flush(): () => void {
    const submittedAt = this.#tick();
    return () => {
      const covered = (operation: LedgerOperation) => operation.answeredAt < submittedAt;
      for (const operation of this.#unflushed) if (covered(operation)) operation.flushed = true;
      this.#unflushed = this.#unflushed.filter((operation) => !covered(operation));
    };
  }

  /** A snapshot command is being sent; call the returned function with the gid that came back. */
  snapshot(): (gid: Gid) => void {
    const entry: SnapshotEntry = { requestedAt: this.#tick(), answeredAt: Number.POSITIVE_INFINITY };
    return (gid) => {
      entry.answeredAt = this.#tick();
      this.#snapshots.set(gid, entry);
    };
  }

  /** The host of the device lost power: operations that no flush covers may be missing from now on. */
  powerLoss(): void {
    const at = this.#tick();
    for (const operation of this.#unflushed) operation.mayBeLostAt = at;
    this.#unflushed = [];
  }

  knows(gid: Gid): boolean {
    return this.#snapshots.has(gid);
  }

  /** Judges an image of the whole volume at a gid that a snapshot command returned. */
  judge(gid: Gid, image: Uint8Array): LedgerVerdict {
    const snapshot = this.#snapshots.get(gid);
    if (snapshot === undefined)
      return { admissible: false, reason: `gid ${gid} was never taken`, badBlocksLb: [] };
    return this.#judge(snapshot, wordsOver(image));
  }

  /** A point in the order of all that the ledger is told, for `judgeBetween`. */
  mark(): number {
    return this.#tick();
  }

  /**
   * Judges an image of which is known only that it was taken after one mark and before another: it must hold
   * what was answered before the first and nothing that was submitted after the second.
   */
  judgeBetween(image: Uint8Array, requestedAt: number, answeredAt: number): LedgerVerdict {
    return this.#judge({ requestedAt, answeredAt }, wordsOver(image));
  }

  /** Judges the content of a device now, when nothing is in flight. */
  judgeNow(image: Uint8Array): LedgerVerdict {
    const now = this.#tick();
    return this.#judge({ requestedAt: now, answeredAt: now }, wordsOver(image));
  }

  #judge(snapshot: SnapshotEntry, image: Int32Array): LedgerVerdict {
    const known = new KnownPrefix();
    const inPrefix = new Set<LedgerOperation>();
    for (const operation of this.#operations) {
      if (!mustBeIn(operation, snapshot)) continue;
      inPrefix.add(operation);
      known.add(operation);
    }
    const sizeLb = image.length / BLOCK_WORDS;
    // What the words say is the same in each round: they are compared once.
    const sources: BlockSources[] = [];
    // Each round may give away more operations that are in, and with them all that came before them.
    for (;;) {
      const before = known.size;
      const bad: Lb[] = [];
      for (let block = 0; block < sizeLb && bad.length < MAX_REPORTED_BLOCKS; block++) {
        const possible = (sources[block] ??= this.#possibleSources(block, snapshot, image));
        const source = this.#sourceOf(possible, inPrefix, known);
        if (source === null) bad.push(block);
        else if (source !== 'several' && source !== 'before' && !inPrefix.has(source)) {
          inPrefix.add(source);
          known.add(source);
        }
      }
      if (bad.length > 0) {
        const more = bad.length >= MAX_REPORTED_BLOCKS ? ' or more' : '';
        return {
          admissible: false,
          reason: `${bad.length}${more} blocks hold what no admissible order of the log gives`,
          badBlocksLb: bad,
        };
      }
      if (known.size === before) return { admissible: true, reason: '', badBlocksLb: [] };
    }
  }

  /** What can have given this block its content, whatever else is in the prefix. */
  #possibleSources(block: Lb, snapshot: SnapshotEntry, image: Int32Array): BlockSources {
    const touching = this.#byBlock.get(block) ?? NO_OPERATIONS;
    const giving = touching.filter(
      (operation) => operation.submittedAt <= snapshot.answeredAt && this.#gives(operation, block, image),
    );
    return { touching, giving, isInitial: this.#isInitial(block, image) };
  }

  /**
   * Who may have given a block its content: null when nobody can, 'before' for the initial content, the
   * operation when it is the only one, 'several' otherwise.
   */
  #sourceOf(
    { touching, giving, isInitial }: BlockSources,
    inPrefix: ReadonlySet<LedgerOperation>,
    known: KnownPrefix,
  ): LedgerOperation | 'before' | 'several' | null {
    // The newest start among those that are in and cover this block: what was answered before it is superseded.
    let supersededBefore = -1;
    for (const operation of touching) {
      // With discards that may keep the old content, a discard supersedes nothing.
      if (
        operation.submittedAt > supersededBefore &&
        (operation.kind === 'write' || this.#discardIsZero) &&
        (known.implies(operation) || inPrefix.has(operation))
      ) {
        supersededBefore = operation.submittedAt;
      }
    }
    let found: LedgerOperation | 'before' | 'several' | null = null;
    for (const operation of giving) {
      if (operation.answeredAt < supersededBefore) continue;
      found = found === null ? operation : 'several';
    }
    if (supersededBefore === -1 && isInitial) return found === null ? 'before' : 'several';
    return found;
  }

  #gives(operation: LedgerOperation, block: Lb, image: Int32Array): boolean {
    const at = block * BLOCK_WORDS;
    if (operation.kind === 'discard') return isZero(image, at);
    return equalBlock(operation.words, (block - operation.addressLb) * BLOCK_WORDS, image, at);
  }

  #isInitial(block: Lb, image: Int32Array): boolean {
    const at = block * BLOCK_WORDS;
    return at < this.#initial.length ? equalBlock(this.#initial, at, image, at) : isZero(image, at);
  }

  #times(addressLb: Lb, sizeLb: Lb): OperationTimes {
    return {
      submittedAt: this.#tick(),
      answeredAt: Number.POSITIVE_INFINITY,
      flushed: false,
      mayBeLostAt: Number.POSITIVE_INFINITY,
      addressLb,
      sizeLb,
    };
  }

  #add<T extends LedgerOperation>(operation: T): T {
    this.#operations.push(operation);
    this.#unflushed.push(operation);
    for (let block = operation.addressLb; block < operation.addressLb + operation.sizeLb; block++) {
      const list = this.#byBlock.get(block);
      if (list === undefined) this.#byBlock.set(block, [operation]);
      else list.push(operation);
    }
    return operation;
  }

  #tick(): number {
    this.#now += 1;
    return this.#now;
  }
}

function mustBeIn(operation: LedgerOperation, snapshot: SnapshotEntry): boolean {
  return operation.answeredAt < snapshot.requestedAt && operation.mayBeLostAt === Number.POSITIVE_INFINITY;
}

/**
 * What follows from operations that are known to be in the prefix: an operation answered before one of them
 * was submitted is in as well, unless a power loss between the two may have taken it.
 */
class KnownPrefix {
  /** Latest submission of a known operation, by the power loss that may take operations of its time away. */
  readonly #latestByLoss = new Map<number, number>();
  #latest = -1;
  size = 0;

  add(operation: LedgerOperation): void {
    this.size += 1;
    this.#latest = Math.max(this.#latest, operation.submittedAt);
    this.#latestByLoss.set(
      operation.mayBeLostAt,
      Math.max(this.#latestByLoss.get(operation.mayBeLostAt) ?? -1, operation.submittedAt),
    );
  }

  implies(operation: LedgerOperation): boolean {
    const lossAt = operation.mayBeLostAt;
    const latest =
      lossAt === Number.POSITIVE_INFINITY ? this.#latest : (this.#latestByLoss.get(lossAt) ?? -1);
    return operation.answeredAt < latest;
  }
}

/** A copy as words, so that blocks are compared four bytes at a time. */
function wordsOf(bytes: Uint8Array): Int32Array {
  return new Int32Array(bytes.slice().buffer);
}

/** The same for bytes that nobody writes into meanwhile: copied only where they do not begin at a word. */
function wordsOver(bytes: Uint8Array): Int32Array {
  if (bytes.byteOffset % 4 !== 0) return wordsOf(bytes);
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
}

function equalBlock(a: Int32Array, aAt: number, b: Int32Array, bAt: number): boolean {
  for (let i = 0; i < BLOCK_WORDS; i++) if (a[aAt + i] !== b[bAt + i]) return false;
  return true;
}

function isZero(words: Int32Array, at: number): boolean {
  for (let i = 0; i < BLOCK_WORDS; i++) if (words[at + i] !== 0) return false;
  return true;
}
