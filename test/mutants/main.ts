import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { STORY_MUTANTS, UNIT_MUTANTS } from './list.ts';
import { keepRecords } from './records.ts';
import { Progress, type Row } from './rows.ts';
import { runStoryMutants } from './story-run.ts';
import { namesInTables, writeTables } from './table.ts';
import { runUnitMutants } from './unit-run.ts';

/**
 * `npm run mutants [-- OPTIONS NAME...]`: plants each mistake, shows what notices it, and writes docs/mutants.md.
 * Exit 1 when a mutant does not fit any more or nobody notices it.
 */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const TABLES = join(ROOT, 'docs', 'mutants.md');

const HELP = `npm run mutants -- [OPTIONS] [NAME...]
  NAME            only these; * stands for anything
  --kind KIND     story (scenarios and chaos) or unit; default both
  --part I/N      the I-th of N parts of these
  --missing       of these, those that docs/mutants.md does not show as noticed
  --minutes N     begins no mutant later than that
  --jobs N        mutants at a time (as many as there are cores)
  --fresh         search with chaos from seed 1 on, also where test/mutants/records has what was found
  --seeds N       seeds of chaos for each mutant (60)
  --shrink N      runs for shrinking what chaos found (400)
  --hint-only     look where the hint says and nowhere else
  --no-write      leave docs/mutants.md and test/mutants/records as they are
`;

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      kind: { type: 'string' },
      part: { type: 'string', default: '1/1' },
      missing: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '1000000' },
      jobs: { type: 'string', default: String(availableParallelism()) },
      fresh: { type: 'boolean', default: false },
      seeds: { type: 'string', default: '60' },
      shrink: { type: 'string', default: '400' },
      'hint-only': { type: 'boolean', default: false },
      'no-write': { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const began = performance.now();
  const jobs = count('jobs', values.jobs);
  const { kind } = values;
  if (kind !== undefined && kind !== 'story' && kind !== 'unit')
    throw new RangeError('--kind: story or unit');
  const shown = new Set(values.missing ? namesInTables(readFileSync(TABLES, 'utf8')) : []);
  const toRun = <T extends { readonly name: string }>(all: readonly T[]) =>
    partOf(
      chosen(all, positionals).filter(({ name }) => !shown.has(name)),
      values.part,
    );
  const stories = kind === 'unit' ? [] : toRun(STORY_MUTANTS);
  const units = kind === 'story' ? [] : toRun(UNIT_MUTANTS);
  if (stories.length + units.length === 0 && values.missing) {
    console.log('docs/mutants.md shows all of these as noticed.');
    return 0;
  }
  if (stories.length + units.length === 0) {
    const names = [...STORY_MUTANTS, ...UNIT_MUTANTS].map(({ name }) => `  ${name}`);
    console.error(`There is no mutant ${positionals.join(', ')}; there is:\n${names.join('\n')}`);
    return 1;
  }
  const total = stories.length + units.length;
  const minutes = count('minutes', values.minutes);
  const isTimeUp = () => performance.now() - began > minutes * 60_000;
  const progress = new Progress(total, isTimeUp, (rows) => {
    if (values['no-write']) return;
    keepRecords(ROOT, rows);
    writeTables(TABLES, rows, { stories: STORY_MUTANTS, units: UNIT_MUTANTS });
  });
  if (stories.length > 0) {
    const limits = {
      seedCount: count('seeds', values.seeds),
      maxShrinkRuns: count('shrink', values.shrink),
      isHintOnly: values['hint-only'],
      isFresh: values.fresh,
    };
    await runStoryMutants(ROOT, stories, jobs, limits, progress);
  }
  if (units.length > 0) {
    await runUnitMutants(ROOT, units, jobs, progress);
  }
  return tell(progress.rows, total, (performance.now() - began) / 1000);
}

function chosen<T extends { readonly name: string }>(all: readonly T[], patterns: readonly string[]): T[] {
  if (patterns.length === 0) return [...all];
  const expressions = patterns.map((pattern) => new RegExp(`^${pattern.replaceAll('*', '.*')}$`));
  return all.filter(({ name }) => expressions.some((expression) => expression.test(name)));
}

function partOf<T>(all: readonly T[], part: string): T[] {
  const [, i, n] = /^(\d+)\/(\d+)$/.exec(part)?.map(Number) ?? [];
  if (i === undefined || n === undefined || i < 1 || i > n)
    throw new RangeError('--part wants I/N, 1/N to N/N');
  return all.filter((_, at) => at % n === i - 1);
}

function count(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new RangeError(`--${name} wants a number`);
  return value;
}

function tell(rows: readonly Row[], total: number, seconds: number): number {
  const unnoticed = rows.filter(({ verdict }) => verdict !== 'noticed');
  const by = (what: string) => rows.filter(({ caught }) => caught?.by === what).length;
  for (const { mutant, verdict, detail } of unnoticed) console.log(`${verdict}: ${mutant.name}: ${detail}`);
  const seeds = rows.map(({ caught }) => (caught?.by === 'chaos' ? caught.seed : 0));
  console.log(
    `\n${rows.length - unnoticed.length} of ${rows.length} mutants noticed: ${by('scenario')} by scenarios, ${by('chaos')} by chaos (at most ${Math.max(0, ...seeds)} seeds), ${by('end')} by not ending, ${rows.filter(({ caught, verdict }) => caught === null && verdict === 'noticed').length} by unit tests; ${Math.round(seconds)} s`,
  );
  if (rows.length < total) console.log(`${total - rows.length} were not run: the time was up`);
  return unnoticed.length === 0 && rows.length === total ? 0 : 1;
}

process.exitCode = await main(process.argv.slice(2));
