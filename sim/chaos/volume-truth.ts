import { IoError, NotFoundError, StateError } from '../../core/errors.ts';
import type { Gid, Lb } from '../../core/units.ts';
import { LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import type { SimGroupDevice } from '../group-device.ts';
import { Ledger } from '../ledger.ts';
import type { RandomStream } from '../random.ts';
import type { Custody } from './custody.ts';
import { GidBook } from './gid-book.ts';
import { type ArchiveView, latestGid, type StorageView } from './inspect.ts';

/** A write takes whole physical blocks of its log device, which are this large at most. */
const LARGEST_LOG_BLOCK_BYTES = 4096;

const ZERO_UUID_TEXT = '0'.repeat(32);

/** How a load of writes looks; see the operation `write`. */
export interface LoadShape {
  readonly count: number;
  readonly maxIoLb: Lb;
  readonly intervalUs: number;
}

/**
 * What is true of one volume, known from outside: what applications wrote, which snapshots operators took, and
 * what archives promised to restore.
 */
export class VolumeTruth {
  readonly name: string;
  readonly storage: string;
  readonly device: SimGroupDevice;
  readonly ledger = new Ledger({ discardIsZero: true });
  readonly books: GidBook[] = [];
  /** Gids that an archive listed as restorable and has to keep, by archive, with the lineage. */
  readonly promised = new Map<string, Map<Gid, string>>();
  /** Gids that an operator gave free, by archive: merging may take them away. */
  readonly disabled = new Map<string, Set<Gid>>();
  /** Archives that all proxies send to without a gap. */
  readonly synchronized = new Set<string>();
  /** Uuid of the storage's log. */
  uuid = ZERO_UUID_TEXT;
  book: GidBook | null = null;
  /** The last backup that was asked for, with a mark before it. */
  backup: { readonly kind: 'full' | 'hash'; readonly mark: number } | null = null;
  /** A command that may leave the volume without a backup was given since the last backup that ended well. */
  needsBackup = true;
  /** Diffs that proxies hold alone. */
  readonly custody: Custody = new Map();
  writeCount = 0;
  /** Of writes that were not answered, in whole physical blocks of any size; those that died with their host stay counted. */
  unansweredBytes = 0;
  /** Calls without data so far: discards and flushes. */
  emptyCallCount = 0;
  /** Virtual time from which blocks of the log are damaged; null: never. */
  logDamagedFromUs: number | null = null;
  /**
   * The device came back from a damaged log. A device cannot tell rot from a write that the crash cut: it ends the log
   * there, so that nothing is known of what its disk holds any more.
   */
  isContentUnsure = false;
  /** By archive and lineage: the gid below which an operator let go. */
  readonly #owedFrom = new Map<string, Gid>();
  /** What the primary archive had at the last look: what a hash backup goes on from, if one begins now. */
  #primaryBefore: { readonly archiveUuid: string; readonly gid: Gid } | null = null;
  /** Archives whose image an operator gave up, with its lineage. */
  readonly #givenUp = new Map<string, string>();
  /** Archives whose image an operator is about to give up, as often as operators are. */
  readonly #excused: string[] = [];
  readonly #inFlight = new Set<Promise<void>>();

  constructor(name: string, device: SimGroupDevice) {
    this.name = name;
    this.storage = device.storage;
    this.device = device;
  }

  /** Writes for a while, several at a time; ends when all are answered or lost. */
  async load(random: RandomStream, shape: LoadShape, sleep: (us: number) => Promise<void>): Promise<void> {
    for (let i = 0; i < shape.count; i++) {
      await sleep(random.exponential(0, shape.intervalUs));
      const one = this.#one(random, shape).catch((error: unknown) => {
        // The application died with its host, the device refuses, or it could not start again: the operation stays unanswered.
        if (![IoError, StateError, NotFoundError].some((kind) => error instanceof kind)) throw error;
      });
      this.#inFlight.add(one);
      // What it throws is thrown by the wait for all below.
      const forget = () => this.#inFlight.delete(one);
      one.then(forget, forget);
    }
    await Promise.all(this.#inFlight);
  }

  async write(addressLb: Lb, data: Uint8Array): Promise<void> {
    this.writeCount += 1;
    const operation = this.ledger.write(addressLb, data);
    const heldBytes = Math.ceil(data.length / LARGEST_LOG_BLOCK_BYTES) * LARGEST_LOG_BLOCK_BYTES;
    this.unansweredBytes += heldBytes;
    await this.device.write(addressLb, data).finally(() => {
      this.unansweredBytes -= heldBytes;
    });
    this.ledger.answered(operation);
  }

  async flush(): Promise<void> {
    this.emptyCallCount += 1;
    const answered = this.ledger.flush();
    await this.device.flush();
    answered();
  }

  /** Follows the storage's log: a new uuid begins a new lineage, or goes on with the one of the primary archive. */
  follow(view: StorageView | null, primary: ArchiveView | null): void {
    const before = this.#primaryBefore;
    if (primary !== null) this.#primaryBefore = { archiveUuid: primary.archiveUuid, gid: latestGid(primary) };
    if (view === null || view.uuid === this.uuid || view.uuid === ZERO_UUID_TEXT) return;
    this.uuid = view.uuid;
    const known = this.books.find(
      (book) => book.archiveUuid !== null && book.archiveUuid === primary?.archiveUuid,
    );
    if (this.backup?.kind === 'hash' && known !== undefined && before?.archiveUuid === known.archiveUuid) {
      known.leaveBehind(before.gid, this.ledger.mark());
      this.book = known;
      return;
    }
    this.book = new GidBook(this.backup?.mark ?? 0);
    this.books.push(this.book);
  }

  bookOf(archiveUuid: string): GidBook | null {
    return this.books.find((book) => book.archiveUuid === archiveUuid) ?? null;
  }

  promisesOf(archive: string): Map<Gid, string> {
    let promises = this.promised.get(archive);
    if (promises === undefined) {
      promises = new Map();
      this.promised.set(archive, promises);
    }
    return promises;
  }

  disabledAt(archive: string): Set<Gid> {
    let gids = this.disabled.get(archive);
    if (gids === undefined) {
      gids = new Set();
      this.disabled.set(archive, gids);
    }
    return gids;
  }

  /** From now on the archive owes nothing below a gid of a lineage. */
  release(archive: string, archiveUuid: string, below: Gid): void {
    const key = `${archive} ${archiveUuid}`;
    this.#owedFrom.set(key, Math.max(this.#owedFrom.get(key) ?? 0, below));
    const promises = this.promisesOf(archive);
    for (const [gid, lineage] of [...promises]) {
      if (lineage === archiveUuid && gid < below) promises.delete(gid);
    }
  }

  /** From now on the archive owes nothing of what it has, until it has another image. */
  releaseAll(archive: string, archiveUuid: string): void {
    this.promisesOf(archive).clear();
    this.#givenUp.set(archive, archiveUuid);
  }

  /** Until the function that it returns is called the archive owes nothing, whatever image it has or gets. */
  excuse(archive: string): () => void {
    this.promisesOf(archive).clear();
    this.#excused.push(archive);
    return () => {
      this.#excused.splice(this.#excused.indexOf(archive), 1);
    };
  }

  /** Whether an archive that can restore a gid has to keep it. */
  owes(archive: string, archiveUuid: string, gid: Gid): boolean {
    if (this.#givenUp.has(archive) || this.#excused.includes(archive)) return false;
    return gid >= (this.#owedFrom.get(`${archive} ${archiveUuid}`) ?? 0);
  }

  /** Told what an archive has: promises begin again with a new image. */
  seen(archive: string, state: string, archiveUuid: string): void {
    const old = this.#givenUp.get(archive);
    if (old !== undefined && (state === 'SyncReady' || old !== archiveUuid)) this.#givenUp.delete(archive);
  }

  async #one(random: RandomStream, { maxIoLb }: LoadShape): Promise<void> {
    const kind = random.fraction();
    if (kind < 0.06) return this.flush();
    const sizeLb = random.between(1, Math.min(maxIoLb, this.device.sizeLb()));
    const addressLb = random.between(0, this.device.sizeLb() - sizeLb);
    if (kind < 0.14) {
      this.writeCount += 1;
      this.emptyCallCount += 1;
      const operation = this.ledger.discard(addressLb, sizeLb);
      await this.device.discard(addressLb, sizeLb);
      this.ledger.answered(operation);
      return;
    }
    const bytes = sizeLb * LOGICAL_BLOCK_BYTES;
    return this.write(addressLb, kind < 0.2 ? new Uint8Array(bytes) : pattern(random.u32(), bytes));
  }
}

/** Bytes that no other write has, quickly made, and compressible as real data often is. */
function pattern(stamp: number, sizeBytes: number): Uint8Array {
  const words = new Int32Array(sizeBytes / 4).fill(stamp);
  for (let i = 0; i < words.length; i += 16) words[i] = Math.imul(stamp + i, 0x9e3779b1);
  return new Uint8Array(words.buffer);
}
