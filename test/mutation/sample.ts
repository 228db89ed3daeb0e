import { KeyedRandom } from '../../sim/random.ts';

/** A line of a file, counted from 1. */
export interface Place {
  readonly file: string;
  readonly line: number;
}

/** Lines on which something may be changed: no comments, imports or lines of brackets alone. */
export function codeLines(file: string, source: string): Place[] {
  const places: Place[] = [];
  let isComment = false;
  let isImport = false;
  source.split('\n').forEach((text, i) => {
    const line = text.trim();
    if (line.startsWith('/*')) isComment = true;
    if (line.startsWith('import ')) isImport = true;
    if (!isComment && !isImport && /[A-Za-z]/.test(line) && !line.startsWith('//')) {
      places.push({ file, line: i + 1 });
    }
    if (line.endsWith('*/')) isComment = false;
    if (isImport && line.endsWith(';')) isImport = false;
  });
  return places;
}

/** `count` of the places, drawn by the seed, in their order. */
export function drawPlaces(places: readonly Place[], count: number, seed: number): Place[] {
  const drawn = new Set(new KeyedRandom(seed).at('mutation').shuffle(places).slice(0, count));
  return places.filter((place) => drawn.has(place));
}
