/** All orders of the items. */
export function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, i) =>
    permutations([...items.slice(0, i), ...items.slice(i + 1)]).map((rest) => [item, ...rest]),
  );
}

/** All selections of at least one item. */
export function subsets<T>(items: readonly T[]): T[][] {
  const result: T[][] = [];
  for (let mask = 1; mask < 1 << items.length; mask++) result.push(items.filter((_, i) => mask & (1 << i)));
  return result.sort((a, b) => a.length - b.length);
}

/** Every order to stop a selection of servers, with every order to start it again. */
export function stopStartOrders<T>(items: readonly T[]): { stops: T[]; starts: T[] }[] {
  return subsets(items).flatMap((some) =>
    permutations(some).flatMap((stops) => permutations(some).map((starts) => ({ stops, starts }))),
  );
}
