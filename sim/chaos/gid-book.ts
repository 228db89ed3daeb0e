import type { Gid } from '../../core/units.ts';
import type { Ledger, LedgerVerdict } from '../ledger.ts';

/** Between which marks of the ledger a snapshot was taken. */
interface GidWindow {
  readonly requestedAt: number;
  readonly answeredAt: number;
}

/**
 * The gids of one lineage of a volume: from a full backup on, as long as hash backups go on from it. Gids that a
 * command returned have exact windows; others (implicit snapshots, those whose answer was lost) lie between
 * their neighbours, because gids rise with the log.
 */
export class GidBook {
  readonly #windows = new Map<Gid, GidWindow>();
  /** Those that some archive could restore. */
  readonly seenRestorable = new Set<Gid>();
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

  /** The largest gid whose command was answered before a mark, -1 when none. */
  newestAnsweredBefore(mark: number): Gid {
    let newest = -1;
    for (const [gid, window] of this.#windows) if (window.answeredAt < mark && gid > newest) newest = gid;
    return newest;
  }

  /** The log began anew behind what archives have: gids that none has are given again, for other contents. */
  forgetUnseen(): void {
    for (const gid of [...this.#windows.keys()]) {
      if (!this.seenRestorable.has(gid)) this.#windows.delete(gid);
    }
  }

  judge(ledger: Ledger, gid: Gid, image: Uint8Array): LedgerVerdict {
    let requestedAt = this.#floor;
    let answeredAt = ledger.mark();
    const own = this.#windows.get(gid);
    if (own !== undefined) ({ requestedAt, answeredAt } = own);
    else {
      for (const [other, window] of this.#windows) {
        if (other < gid) requestedAt = Math.max(requestedAt, window.requestedAt);
        else answeredAt = Math.min(answeredAt, window.answeredAt);
      }
    }
    return ledger.judgeBetween(image, requestedAt, answeredAt);
  }
}
