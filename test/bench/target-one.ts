import { TARGET_CASES } from './target-cases.ts';

/**
 * Works on one case with a target: `prepare FOLDER` makes its data, `measure FOLDER` warms up and takes RUNS pairs of
 * yardstick and work by turns. Prints JSON.
 */
export const RUNS = 5;
/** Turns that do not count: so long V8 compiles, in threads that take the cores from the work. */
const WARM_UPS = 3;

/** Milliseconds of each turn. */
export interface TargetMeasured {
  readonly yardstickMs: readonly number[];
  readonly workMs: readonly number[];
}

const [name, action, folder] = process.argv.slice(2);
const found = TARGET_CASES.find((one) => one.name === name);
if (found === undefined) throw new RangeError(`there is no case ${name}`);
if (action === 'prepare') {
  await found.prepare(folder);
} else {
  const turns = await found.open(folder);
  const yardstickMs: number[] = [];
  const workMs: number[] = [];
  for (let i = 0; i < WARM_UPS + RUNS; i++) {
    const yardstick = await turns.yardstick();
    const work = await turns.work();
    if (i < WARM_UPS) continue;
    yardstickMs.push(yardstick);
    workMs.push(work);
  }
  await turns.close?.();
  process.stdout.write(JSON.stringify({ yardstickMs, workMs } satisfies TargetMeasured));
}
