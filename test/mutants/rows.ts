import type { Caught } from './guest-words.ts';
import type { Planted } from './mutant.ts';

/** How one mutant went. */
export interface Row {
  readonly mutant: Planted;
  readonly verdict: 'noticed' | 'SURVIVED' | 'DOES NOT FIT' | 'NOT LOADED' | 'NOT RUN' | 'RED ANYWAY';
  /** What turned red, or why nothing could. */
  readonly detail: string;
  readonly seconds: number;
  /** Of mistakes that scenarios or chaos noticed. */
  readonly caught: Caught | null;
}

/** Hands the items to as many workers as there are, in order, one at a time each. */
export async function inParallel<W, T>(
  workers: readonly W[],
  items: readonly T[],
  use: (worker: W, item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  await Promise.all(
    workers.map(async (worker) => {
      while (next < items.length) await use(worker, items[next++] as T);
    }),
  );
}

/** Counts the mutants of a run, and prints a line for each as soon as it is done. */
export class Progress {
  readonly #total: number;
  #done = 0;

  constructor(total: number) {
    this.#total = total;
  }

  done({ mutant, verdict, detail, seconds }: Row): void {
    this.#done += 1;
    const text = `${mutant.name}: ${verdict}: ${detail}`;
    console.log(`[${this.#done}/${this.#total}] ${text} (${seconds.toFixed(1)} s)`);
  }
}
