import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { goldenDir } from '../golden.ts';
import { MUTANTS } from './list.ts';
import { type Mutant, misfit } from './mutant.ts';
import { Workshop } from './workshop.ts';

/**
 * `npm run mutants [-- [--jobs N] NAME...]`: plants each mistake in a copy of the tree, runs the test files named for
 * it, and shows what turned red. Exit 1 when a mutant does not fit any more or nobody notices it.
 */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const DEFAULT_JOBS = 2;
/** A mutant may make a test hang; this many times the usual time is long enough to call it noticed. */
const PATIENCE = 8;
const LEAST_PATIENCE_S = 60;

type Verdict = 'noticed' | 'SURVIVED' | 'DOES NOT FIT' | 'NOT LOADED' | 'NOT RUN';

interface Row {
  readonly mutant: Mutant;
  readonly verdict: Verdict;
  /** What turned red, or why nothing could. */
  readonly detail: string;
  readonly seconds: number;
}

async function main(argv: readonly string[]): Promise<number> {
  const { names, jobs } = readArguments(argv);
  const chosen = names.length === 0 ? MUTANTS : MUTANTS.filter(({ name }) => names.includes(name));
  const unknown = names.filter((name) => !MUTANTS.some((mutant) => mutant.name === name));
  if (unknown.length > 0) {
    console.error(
      `There is no mutant ${unknown.join(', ')}; there is:\n${MUTANTS.map(({ name }) => `  ${name}`).join('\n')}`,
    );
    return 1;
  }
  if (goldenDir() === null) console.log('golden: data absent, tests that need it notice nothing');
  const workshops = Array.from({ length: Math.min(jobs, chosen.length) }, () => new Workshop(ROOT));
  try {
    return await work(chosen, workshops);
  } finally {
    for (const workshop of workshops) workshop.remove();
  }
}

function readArguments(argv: readonly string[]): { names: readonly string[]; jobs: number } {
  const at = argv.indexOf('--jobs');
  if (at < 0) return { names: argv, jobs: DEFAULT_JOBS };
  const jobs = Number(argv[at + 1]);
  if (!Number.isInteger(jobs) || jobs < 1) throw new RangeError('--jobs wants a number from 1 on');
  return { names: argv.filter((_, i) => i !== at && i !== at + 1), jobs };
}

async function work(chosen: readonly Mutant[], workshops: readonly Workshop[]): Promise<number> {
  const began = performance.now();
  const fitting = chosen.filter((mutant) => misfit(ROOT, mutant) === null);
  const rows: Row[] = chosen
    .filter((mutant) => !fitting.includes(mutant))
    .map((mutant) => ({ mutant, verdict: 'DOES NOT FIT', detail: misfit(ROOT, mutant) ?? '', seconds: 0 }));

  // Without mistakes every named test must be green, else red would mean nothing.
  const files = [...new Set(fitting.flatMap(({ tests }) => tests))].sort();
  const usualS = new Map<string, number>();
  const broken: string[] = [];
  await inParallel(workshops, files, 'unchanged', async (workshop, file) => {
    const run = await workshop.run([file], 600);
    usualS.set(file, run.seconds);
    if (run.failed.length + run.unloaded.length > 0 || run.isTimedOut || run.passedCount === 0) {
      broken.push(`${file}: ${run.endedBy ?? [...run.unloaded, ...run.failed][0] ?? 'no test passed'}`);
    }
  });
  if (broken.length > 0) {
    console.log(`Red already without a mutant:\n${broken.map((line) => `  ${line}`).join('\n')}`);
    return 1;
  }

  const usualOf = (mutant: Mutant) => mutant.tests.reduce((sum, test) => sum + (usualS.get(test) ?? 0), 0);
  const longestFirst = [...fitting].sort((a, b) => usualOf(b) - usualOf(a));
  await inParallel(workshops, longestFirst, 'mutants', async (workshop, mutant) => {
    rows.push(await tryMutant(workshop, mutant, Math.max(LEAST_PATIENCE_S, PATIENCE * usualOf(mutant))));
  });
  rows.sort((a, b) => MUTANTS.indexOf(a.mutant) - MUTANTS.indexOf(b.mutant));
  printTable(rows);
  const noticed = rows.filter(({ verdict }) => verdict === 'noticed').length;
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`\n${noticed} of ${rows.length} mutants noticed, ${files.length} test files, ${seconds} s`);
  return noticed === rows.length ? 0 : 1;
}

async function tryMutant(workshop: Workshop, mutant: Mutant, timeoutS: number): Promise<Row> {
  const takeBack = workshop.plant(mutant);
  try {
    const { failed, unloaded, isTimedOut, endedBy, seconds } = await workshop.run(
      mutant.tests,
      timeoutS,
      mutant.only,
    );
    if (endedBy !== null) return { mutant, verdict: 'NOT RUN', detail: `ended by ${endedBy}`, seconds };
    if (unloaded.length > 0) return { mutant, verdict: 'NOT LOADED', detail: unloaded[0], seconds };
    if (isTimedOut) return { mutant, verdict: 'noticed', detail: 'the tests hang', seconds };
    if (failed.length === 0) return { mutant, verdict: 'SURVIVED', detail: mutant.breaks, seconds };
    const more = failed.length > 1 ? ` (+ ${failed.length - 1} more)` : '';
    return { mutant, verdict: 'noticed', detail: `${failed[0]}${more}`, seconds };
  } finally {
    takeBack();
  }
}

/** Hands the items to the workshops in order, one at a time each. */
async function inParallel<T>(
  workshops: readonly Workshop[],
  items: readonly T[],
  what: string,
  use: (workshop: Workshop, item: T) => Promise<void>,
): Promise<void> {
  let next = 0;
  let done = 0;
  const show = () => {
    if (process.stderr.isTTY) process.stderr.write(`\r${what}: ${done} of ${items.length}\x1b[K`);
  };
  show();
  await Promise.all(
    workshops.map(async (workshop) => {
      while (next < items.length) {
        await use(workshop, items[next++]);
        done += 1;
        show();
      }
    }),
  );
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}

function printTable(rows: readonly Row[]): void {
  const nameWidth = Math.max(...rows.map(({ mutant }) => mutant.name.length));
  const verdictWidth = Math.max(...rows.map(({ verdict }) => verdict.length));
  const indent = ' '.repeat(nameWidth + verdictWidth + 4);
  for (const { mutant, verdict, detail, seconds } of rows) {
    console.log(`${mutant.name.padEnd(nameWidth)}  ${verdict.padEnd(verdictWidth)}  ${mutant.breaks}`);
    console.log(
      `${indent}${verdict === 'noticed' ? 'red' : 'why'}: ${detail} [${mutant.file}, ${seconds.toFixed(1)} s]`,
    );
  }
}

process.exitCode = await main(process.argv.slice(2));
