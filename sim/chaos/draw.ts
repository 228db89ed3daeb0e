import type { RandomStream } from '../random.ts';
import type { Range } from './profiles.ts';

/** A whole number, evenly from a range. */
export function drawEvenly(random: RandomStream, [low, high]: Range): number {
  return random.between(low, high);
}

/** A number, evenly on a logarithmic scale. */
export function drawLogarithmic(random: RandomStream, [low, high]: Range): number {
  if (high <= low) return low;
  return Math.exp(Math.log(low) + random.fraction() * (Math.log(high) - Math.log(low)));
}

/** A whole number, evenly on a logarithmic scale; 0 where the range says so. */
export function drawCount(random: RandomStream, [low, high]: Range): number {
  if (high <= 0) return 0;
  return Math.min(high, Math.floor(drawLogarithmic(random, [Math.max(low, 1), high + 1])));
}

/** A duration in microseconds of a range in seconds. */
export function drawDurationUs(random: RandomStream, range: Range): number {
  return Math.round(drawLogarithmic(random, range) * 1e6);
}

/** One of several values by weight. */
export function drawWeighted<T>(
  random: RandomStream,
  choices: readonly (readonly [value: T, weight: number])[],
): T {
  let left = random.fraction() * choices.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [value, weight] of choices) {
    left -= weight;
    if (left < 0) return value;
  }
  return (choices.at(-1) as readonly [T, number])[0];
}
