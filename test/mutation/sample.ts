import { KeyedRandom } from '../../sim/random.ts';

/** `count` of the items (0: all), drawn by the seed, in their order. */
export function drawn<T>(items: readonly T[], count: number, seed: number): T[] {
  if (count === 0 || count >= items.length) return [...items];
  const chosen = new Set(
    new KeyedRandom(seed)
      .at('mutation')
      .shuffle(items.map((_, i) => i))
      .slice(0, count),
  );
  return items.filter((_, i) => chosen.has(i));
}
