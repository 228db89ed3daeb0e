import { goldenDir } from '../golden.ts';
import { type UnitMutant, unitMisfit } from './mutant.ts';
import { inParallel, printRow, type Row } from './rows.ts';
import { Workshop } from './workshop.ts';

/** A mutant may make a test hang; this many times the usual time is long enough to call it noticed. */
const PATIENCE = 8;
const LEAST_PATIENCE_S = 60;

/** Runs the test files of each mutant with the mistake planted; null when they are red already without one. */
export async function runUnitMutants(
  root: string,
  mutants: readonly UnitMutant[],
  jobs: number,
): Promise<Row[] | null> {
  if (goldenDir() === null) console.log('golden: data absent, tests that need it notice nothing');
  const workshops = Array.from({ length: Math.min(jobs, mutants.length) }, () => new Workshop(root));
  try {
    return await work(root, mutants, workshops);
  } finally {
    for (const workshop of workshops) workshop.remove();
  }
}

async function work(
  root: string,
  mutants: readonly UnitMutant[],
  workshops: readonly Workshop[],
): Promise<Row[] | null> {
  const rows: Row[] = [];
  const fitting: UnitMutant[] = [];
  for (const mutant of mutants) {
    const detail = unitMisfit(root, mutant);
    if (detail === null) fitting.push(mutant);
    else rows.push({ mutant, verdict: 'DOES NOT FIT', detail, seconds: 0, caught: null });
  }

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
    return null;
  }

  const usualOf = (mutant: UnitMutant) =>
    mutant.tests.reduce((sum, test) => sum + (usualS.get(test) ?? 0), 0);
  const longestFirst = [...fitting].sort((a, b) => usualOf(b) - usualOf(a));
  await inParallel(workshops, longestFirst, 'unit mutants', async (workshop, mutant) => {
    rows.push(await tryMutant(workshop, mutant, Math.max(LEAST_PATIENCE_S, PATIENCE * usualOf(mutant))));
  });
  for (const row of rows) printRow(row);
  return rows;
}

async function tryMutant(workshop: Workshop, mutant: UnitMutant, timeoutS: number): Promise<Row> {
  const takeBack = workshop.plant(mutant);
  try {
    const { failed, unloaded, isTimedOut, endedBy, seconds } = await workshop.run(mutant.tests, timeoutS);
    const row = (verdict: Row['verdict'], detail: string): Row => {
      return { mutant, verdict, detail, seconds, caught: null };
    };
    if (endedBy !== null) return row('NOT RUN', `ended by ${endedBy}`);
    if (unloaded.length > 0) return row('NOT LOADED', unloaded[0] as string);
    if (isTimedOut) return row('noticed', 'the tests hang');
    if (failed.length === 0) return row('SURVIVED', mutant.breaks);
    return row('noticed', `${failed[0]}${failed.length > 1 ? ` (+ ${failed.length - 1} more)` : ''}`);
  } finally {
    takeBack();
  }
}
