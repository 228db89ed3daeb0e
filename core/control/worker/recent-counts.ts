import type { MonotonicUs } from '../../units.ts';
import { US_PER_S } from '../../units.ts';
import type { Clock } from '../../world/index.ts';

/** A count changes by one with each diff that arrives, so that one of a moment ago serves to choose by. */
const RECENT_US = 10 * US_PER_S;

/**
 * Counts of diffs by volume, each asked again only when it is older than ten seconds or its volume was worked on. Tasks
 * that follow each other closely would else ask about all volumes before each of them. The range of a merge is
 * chosen by diffs that are asked anew.
 */
export class RecentCounts {
  readonly #clock: Pick<Clock, 'monotonicUs'>;
  readonly #ask: (vol: string) => Promise<number>;
  readonly #known = new Map<string, { readonly count: number; readonly askedAtUs: MonotonicUs }>();

  constructor(clock: Pick<Clock, 'monotonicUs'>, ask: (vol: string) => Promise<number>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** How many diffs a volume has, or had a moment ago. Throws what the question throws, and remembers nothing then. */
  async of(vol: string): Promise<number> {
    const askedAtUs = this.#clock.monotonicUs();
    const known = this.#known.get(vol);
    if (known !== undefined && askedAtUs < known.askedAtUs + RECENT_US) return known.count;
    this.#known.delete(vol);
    const count = await this.#ask(vol);
    this.#known.set(vol, { count, askedAtUs });
    return count;
  }

  /** A task has worked on this volume. */
  forget(vol: string): void {
    this.#known.delete(vol);
  }
}
