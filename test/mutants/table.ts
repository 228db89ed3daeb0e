import { readFileSync, writeFileSync } from 'node:fs';
import { failureSignature } from '../../sim/chaos/failure.ts';
import type { Planted } from './mutant.ts';
import type { Row } from './rows.ts';
import { stepCount } from './story-run.ts';

/**
 * The tables of docs/mutants.md: rows of mutants that were not run stay, those of mutants that are gone go, and one
 * that nobody noticed says so.
 */

const STORY_HEAD = [
  '| mutant | file | what it breaks | caught by | seeds needed | shrunk to |',
  '|---|---|---|---|---|---|',
];
/** Begins the cell of a mutant that nothing noticed. */
const NOTHING = 'nothing: ';
const UNIT_HEAD = ['| mutant | file | what it breaks | caught by |', '|---|---|---|---|'];

/** Puts the rows into the document; `all` is everything that there is, in the order of the tables. */
export function writeTables(
  path: string,
  rows: readonly Row[],
  all: { readonly stories: readonly Planted[]; readonly units: readonly Planted[] },
): void {
  let text = readFileSync(path, 'utf8');
  const byName = new Map(rows.map((row) => [row.mutant.name, row]));
  text = replaceTable(text, 'stories', STORY_HEAD, all.stories, (name) => {
    const row = byName.get(name);
    return row === undefined ? null : storyLine(row);
  });
  text = replaceTable(text, 'units', UNIT_HEAD, all.units, (name) => {
    const row = byName.get(name);
    return row === undefined ? null : unitLine(row);
  });
  writeFileSync(path, text);
}

/** Names of the mutants that the tables show as noticed. */
export function namesInTables(text: string): string[] {
  const lines = [...linesOf(text, 'stories'), ...linesOf(text, 'units')];
  return lines.flatMap(([name, line]) => (line.includes(`| ${NOTHING}`) ? [] : [name]));
}

/** Names of the mutants that a table has. */
export function namesInTable(text: string, table: 'stories' | 'units'): string[] {
  return [...linesOf(text, table).keys()];
}

function linesOf(text: string, table: string): Map<string, string> {
  const [, inside = ''] = text.split(`<!-- ${table}: begin -->`);
  const [body = ''] = inside.split(`<!-- ${table}: end -->`);
  const lines = new Map<string, string>();
  for (const line of body.split('\n')) {
    const name = /^\| `([^`]+)`/.exec(line)?.[1];
    if (name !== undefined) lines.set(name, line);
  }
  return lines;
}

function replaceTable(
  text: string,
  table: string,
  head: readonly string[],
  all: readonly Planted[],
  newLine: (name: string) => string | null,
): string {
  const old = linesOf(text, table);
  const lines = all.map(({ name }) => newLine(name) ?? old.get(name)).filter((line) => line !== undefined);
  const begin = `<!-- ${table}: begin -->`;
  const end = `<!-- ${table}: end -->`;
  const from = text.indexOf(begin) + begin.length;
  const to = text.indexOf(end);
  if (from < begin.length || to < from) throw new RangeError(`The document has no table ${table}.`);
  return `${text.slice(0, from)}\n\n${[...head, ...lines].join('\n')}\n\n${text.slice(to)}`;
}

function storyLine({ mutant, verdict, caught }: Row): string {
  const cells = (by: string, seeds: string, steps: string) =>
    line([`\`${mutant.name}\``, `\`${mutant.file}\``, mutant.breaks, by, seeds, steps]);
  if (caught === null || verdict !== 'noticed') return cells(`${NOTHING}${verdict}`, '', '');
  if (caught.by === 'scenario') return cells(`scenario \`${caught.scenario}\``, '', '');
  if (caught.by === 'end') return cells(`${caught.what}: it does not end well`, '', '');
  const by = `chaos \`${failureSignature(caught.failure)}\` (${caught.profile}, seed ${caught.seed})`;
  return cells(by, String(caught.seed), `${stepCount(caught)} steps`);
}

function unitLine({ mutant, verdict, detail }: Row): string {
  const by = verdict === 'noticed' ? detail : `${NOTHING}${verdict}`;
  return line([`\`${mutant.name}\``, `\`${mutant.file}\``, mutant.breaks, by]);
}

function line(cells: readonly string[]): string {
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
}
