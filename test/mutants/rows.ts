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

/** Counts the mutants of a run, tells each that is done by a line, and keeps its row. */
export class Progress {
  readonly rows: Row[] = [];
  readonly #total: number;
  readonly #isTimeUp: () => boolean;
  readonly #keep: (rows: readonly Row[]) => void;

  /** `isTimeUp`: no further mutant is begun; `keep`: told all rows so far after each. */
  constructor(total: number, isTimeUp: () => boolean, keep: (rows: readonly Row[]) => void) {
    this.#total = total;
    this.#isTimeUp = isTimeUp;
    this.#keep = keep;
  }

  isTimeUp(): boolean {
    return this.#isTimeUp();
  }

  done(row: Row): void {
    this.rows.push(row);
    const { mutant, verdict, detail, seconds } = row;
    const text = `${mutant.name}: ${verdict}: ${detail}`;
    console.log(`[${this.rows.length}/${this.#total}] ${text} (${seconds.toFixed(1)} s)`);
    this.#keep(this.rows);
  }
}
