import type { Step } from '../core/world/index.ts';
import type { KeyedRandom } from './random.ts';

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
  readonly #counts = new Map<Step, number>();

  constructor(random: KeyedRandom, name: string) {
    this.#random = random;
    this.#name = name;
  }

  readonly drawUs = (step: Step, latency: Latency): number => {
    const count = (this.#counts.get(step) ?? 0) + 1;
    this.#counts.set(step, count);
    const stream = this.#random.at('latency', this.#name, step, count);
    return Math.round(stream.exponential(latency.minUs, latency.meanUs));
  };
}
