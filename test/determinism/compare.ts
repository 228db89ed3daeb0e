/** What differs between two outputs of `walbox chaos --digests`, by seed; a seed that is missing differs. */
export function differences(one: string, other: string): string[] {
  const [a, b] = [digestsOf(one), digestsOf(other)];
  const seeds = new Set([...a.keys(), ...b.keys()]);
  if (seeds.size === 0) return ['no seed was run'];
  return [...seeds].filter((seed) => a.get(seed) !== b.get(seed)).map((seed) => `seed ${seed}`);
}

function digestsOf(text: string): Map<string, string> {
  const lines = text.split('\n').filter((line) => line !== '');
  return new Map(lines.map((line) => line.split(' ') as [string, string]));
}
