import type { Step } from '../core/world/index.ts';
import type { KeyedRandom, RandomStream } from './random.ts';

/** Shortest and mean duration of a kind of call; exponential above the minimum. */
export interface Latency {
  readonly minUs: number;
  readonly meanUs: number;
}

/**
 * Durations of one object's calls. The n-th call of a step takes the same time whatever other steps do, so
 * that leaving one operation out of a history does not change the rest.
 */
export class LatencyDraws {
  readonly #random: KeyedRandom;
  readonly #name: string;
  readonly #steps = new Map<Step, { readonly at: (n: number) => RandomStream; count: number }>();

  constructor(random: KeyedRandom, name: string) {
    this.#random = random;
    this.#name = name;
  }

  readonly drawUs = (step: Step, latency: Latency): number => {
    let known = this.#steps.get(step);
    if (known === undefined) {
      known = { at: this.#random.under('latency', this.#name, step), count: 0 };
      this.#steps.set(step, known);
    }
    known.count += 1;
    return Math.round(known.at(known.count).exponential(latency.minUs, latency.meanUs));
  };
}
