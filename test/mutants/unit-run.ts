import { goldenDir } from '../golden.ts';
import { type UnitMutant, unitMisfit } from './mutant.ts';
import { inParallel, type Progress, type Row } from './rows.ts';
import { type TestRun, Workshop } from './workshop.ts';

/** A mutant may make a test hang; this many times the usual time is long enough to call it noticed, on a busy machine too. */
const PATIENCE = 8;
const LEAST_PATIENCE_S = 600;
/** A test file without a mistake. */
const UNCHANGED_S = 900;

/** Runs the test files of each mutant with the mistake planted; without one they must be green. */
export async function runUnitMutants(
  root: string,
  mutants: readonly UnitMutant[],
  jobs: number,
  progress: Progress,
): Promise<void> {
  if (goldenDir() === null) console.log('golden: data absent, tests that need it notice nothing');
  const workshops = Array.from({ length: Math.min(jobs, mutants.length) }, () => new Workshop(root));
  const unchanged = new Map<string, Promise<TestRun>>();
  try {
    await inParallel(workshops, mutants, async (workshop, mutant) => {
      if (progress.isTimeUp()) return;
      const detail = unitMisfit(root, mutant);
      progress.done(
        detail === null
          ? await tryMutant(workshop, mutant, unchanged)
          : { mutant, verdict: 'DOES NOT FIT', detail, seconds: 0, caught: null },
      );
    });
  } finally {
    for (const workshop of workshops) workshop.remove();
  }
}

/** `unchanged`: runs of test files without a mistake so far. */
async function tryMutant(
  workshop: Workshop,
  mutant: UnitMutant,
  unchanged: Map<string, Promise<TestRun>>,
): Promise<Row> {
  const began = performance.now();
  const row = (verdict: Row['verdict'], detail: string): Row => {
    return { mutant, verdict, detail, seconds: (performance.now() - began) / 1000, caught: null };
  };
  let usualS = 0;
  for (const file of mutant.tests) {
    const run = unchanged.get(file) ?? workshop.run([file], UNCHANGED_S, 0);
    unchanged.set(file, run);
    const usual = await run;
    const red = redOf(usual);
    if (red !== null) return row('RED ANYWAY', `${file}, without the mistake, too: ${red}`);
    usualS += usual.seconds;
  }
  const takeBack = workshop.plant(mutant);
  try {
    const patienceS = Math.max(LEAST_PATIENCE_S, PATIENCE * usualS);
    const { failed, unloaded, isTimedOut, endedBy } = await workshop.run(mutant.tests, patienceS, 1);
    if (endedBy !== null) return row('NOT RUN', `ended by ${endedBy}`);
    if (unloaded.length > 0) return row('NOT LOADED', unloaded[0] as string);
    if (isTimedOut) return row('noticed', 'the tests hang');
    if (failed.length === 0) return row('SURVIVED', mutant.breaks);
    return row('noticed', failed[0] as string);
  } finally {
    takeBack();
  }
}

/** What is wrong in a run without a mistake. */
function redOf({ failed, unloaded, isTimedOut, endedBy, passedCount }: TestRun): string | null {
  if (endedBy !== null) return `ended by ${endedBy}`;
  if (isTimedOut) return `no end after ${UNCHANGED_S} s`;
  return [...unloaded, ...failed][0] ?? (passedCount === 0 ? 'no test passed' : null);
}
