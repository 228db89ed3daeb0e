import type { Gid } from '../../core/units.ts';
import type { Ledger, LedgerVerdict } from '../ledger.ts';

/** Between which marks of the ledger a snapshot was taken. */
interface GidWindow {
  readonly requestedAt: number;
  readonly answeredAt: number;
}

/** A log that a hash backup ended. */
interface LeftBehind {
  readonly windows: ReadonlyMap<Gid, GidWindow>;
  /** What the archive of the hash backup had; gids above mean nothing, or something else, from then on. */
  readonly newest: Gid;
  readonly endedAt: number;
}

/**
 * The gids of one lineage of a volume: from a full backup on, as long as hash backups go on from it. Gids that a
 * command returned have exact windows; others (implicit snapshots, those whose answer was lost) lie between
 * their neighbours, because gids rise with the log.
 */
export class GidBook {
  readonly #windows = new Map<Gid, GidWindow>();
  /** What was known of the logs before hash backups. */
  readonly #left: LeftBehind[] = [];
  readonly #floor: number;
  /** Identity of the archives' images, once an archive has it. */
  archiveUuid: string | null = null;

  /** `floor`: a mark before the backup that began the lineage. */
  constructor(floor: number) {
    this.#floor = floor;
  }

  /** Snapshots that a command returned. */
  knows(gid: Gid): boolean {
    return this.#windows.has(gid);
  }

  /** All snapshots that a command returned, ascending. */
  known(): Gid[] {
    return [...this.#windows.keys()].sort((a, b) => a - b);
  }

  note(gid: Gid, requestedAt: number, answeredAt: number): void {
    this.#windows.set(gid, { requestedAt, answeredAt });
  }

  /** A hash backup left it behind: no later snapshot of the lineage may have it. */
  wasLeftBehind(gid: Gid): boolean {
    return this.#left.some(({ windows, newest }) => gid > newest && windows.has(gid));
  }

  /** The largest gid whose command was answered before a mark, -1 when none. */
  newestAnsweredBefore(mark: number): Gid {
    let newest = -1;
    for (const [gid, window] of this.#windows) if (window.answeredAt < mark && gid > newest) newest = gid;
    return newest;
  }

  /**
   * The log begins anew behind the newest gid of the archive of a hash backup: what lies above is not of the lineage any more.
   * An archive that had more of the old log keeps it. `endedAt`: a mark from then.
   */
  leaveBehind(newest: Gid, endedAt: number): void {
    this.#left.push({ windows: new Map(this.#windows), newest, endedAt });
    for (const gid of [...this.#windows.keys()]) if (gid > newest) this.#windows.delete(gid);
  }

  /** `isOfOldLog`: the archive did not follow the last hash backup, so that it may have gids that were left behind. */
  judge(ledger: Ledger, gid: Gid, image: Uint8Array, isOfOldLog: boolean): LedgerVerdict {
    const { requestedAt, answeredAt } = this.#windowOf(gid, this.#windows, ledger.mark());
    const verdict = ledger.judgeBetween(image, requestedAt, answeredAt);
    if (verdict.admissible || !isOfOldLog) return verdict;
    for (const { windows, newest, endedAt } of this.#left) {
      if (gid <= newest) continue;
      const window = this.#windowOf(gid, windows, endedAt);
      const old = ledger.judgeBetween(image, window.requestedAt, window.answeredAt);
      if (old.admissible) return old;
    }
    return verdict;
  }

  #windowOf(gid: Gid, windows: ReadonlyMap<Gid, GidWindow>, endedAt: number): GidWindow {
    const own = windows.get(gid);
    if (own !== undefined) return own;
    let requestedAt = this.#floor;
    let answeredAt = endedAt;
    for (const [other, window] of windows) {
      if (other < gid) requestedAt = Math.max(requestedAt, window.requestedAt);
      else answeredAt = Math.min(answeredAt, window.answeredAt);
    }
    return { requestedAt, answeredAt };
  }
}
