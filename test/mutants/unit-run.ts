import { goldenDir } from '../golden.ts';
import { type UnitMutant, unitMisfit } from './mutant.ts';
import { inParallel, type Progress, type Row } from './rows.ts';
import { Workshop } from './workshop.ts';

/** A mutant may make a test hang; this many times the usual time is long enough to call it noticed. */
const PATIENCE = 8;
const LEAST_PATIENCE_S = 60;
/** All test files together without a mistake. */
const UNCHANGED_S = 1800;

/** Runs the test files of each mutant with the mistake planted; false when they are red already without one. */
export async function runUnitMutants(
  root: string,
  mutants: readonly UnitMutant[],
  jobs: number,
  progress: Progress,
): Promise<boolean> {
  if (goldenDir() === null) console.log('golden: data absent, tests that need it notice nothing');
  const workshops = Array.from({ length: Math.min(jobs, mutants.length) }, () => new Workshop(root));
  try {
    return await work(root, mutants, workshops, progress);
  } finally {
    for (const workshop of workshops) workshop.remove();
  }
}

async function work(
  root: string,
  mutants: readonly UnitMutant[],
  workshops: readonly Workshop[],
  progress: Progress,
): Promise<boolean> {
  const fitting: UnitMutant[] = [];
  for (const mutant of mutants) {
    const detail = unitMisfit(root, mutant);
    if (detail === null) fitting.push(mutant);
    else progress.done({ mutant, verdict: 'DOES NOT FIT', detail, seconds: 0, caught: null });
  }

  // Without mistakes every named test must be green, else red would mean nothing.
  const files = [...new Set(fitting.flatMap(({ tests }) => tests))].sort();
  const [first] = workshops;
  if (files.length === 0 || first === undefined) return true;
  console.log(`without a mistake: ${files.length} test files`);
  const usual = await first.run(files, UNCHANGED_S, workshops.length, 0);
  const idle = files.filter((file) => (usual.fileS.get(file) ?? 0) === 0);
  const red = [
    ...(usual.endedBy === null ? [] : [`ended by ${usual.endedBy}`]),
    ...(usual.isTimedOut ? [`no end after ${UNCHANGED_S} s`] : idle.map((file) => `${file}: no test passed`)),
    ...usual.unloaded,
    ...usual.failed,
  ];
  if (red.length > 0) {
    console.log(`Red already without a mutant:\n${red.map((line) => `  ${line}`).join('\n')}`);
    return false;
  }

  const usualOf = (mutant: UnitMutant) =>
    mutant.tests.reduce((sum, test) => sum + (usual.fileS.get(test) ?? 0), 0);
  const longestFirst = [...fitting].sort((a, b) => usualOf(b) - usualOf(a));
  await inParallel(workshops, longestFirst, async (workshop, mutant) => {
    if (progress.isTimeUp()) return;
    const patienceS = Math.max(LEAST_PATIENCE_S, PATIENCE * usualOf(mutant));
    progress.done(await tryMutant(workshop, mutant, patienceS));
  });
  return true;
}

async function tryMutant(workshop: Workshop, mutant: UnitMutant, timeoutS: number): Promise<Row> {
  const takeBack = workshop.plant(mutant);
  try {
    const { failed, unloaded, isTimedOut, endedBy, seconds } = await workshop.run(
      mutant.tests,
      timeoutS,
      1,
      1,
    );
    const row = (verdict: Row['verdict'], detail: string): Row => {
      return { mutant, verdict, detail, seconds, caught: null };
    };
    if (endedBy !== null) return row('NOT RUN', `ended by ${endedBy}`);
    if (unloaded.length > 0) return row('NOT LOADED', unloaded[0] as string);
    if (isTimedOut) return row('noticed', 'the tests hang');
    if (failed.length === 0) return row('SURVIVED', mutant.breaks);
    return row('noticed', failed[0] as string);
  } finally {
    takeBack();
  }
}
