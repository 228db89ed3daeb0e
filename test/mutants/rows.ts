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
  what: string,
  use: (worker: W, item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let done = 0;
  const show = () => {
    if (process.stderr.isTTY) process.stderr.write(`\r${what}: ${done} of ${items.length}\x1b[K`);
  };
  show();
  await Promise.all(
    workers.map(async (worker) => {
      while (next < items.length) {
        await use(worker, items[next++] as T);
        done += 1;
        show();
      }
    }),
  );
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}

/** A line as soon as a mutant is done, for people who watch. */
export function printRow({ mutant, verdict, detail, seconds }: Row): void {
  const sign = verdict === 'noticed' ? 'red' : 'why';
  console.log(
    `${mutant.name}  ${verdict}  ${mutant.breaks}\n    ${sign}: ${detail} [${mutant.file}, ${seconds.toFixed(1)} s]`,
  );
}
