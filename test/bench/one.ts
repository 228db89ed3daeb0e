import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CASES } from './cases.ts';

/** Runs one case in a process of its own: a run to warm up, then RUNS that count. Prints JSON. */
export const RUNS = 5;

/** What a case gave: for each of its units the figures of all runs. */
export interface Measured {
  readonly figures: readonly (readonly number[])[];
  /** Largest resident memory of the process, of which the runtime and the loader of TypeScript have about 110 MiB. */
  readonly peakMib: number;
}

const found = CASES.find(({ name }) => name === process.argv[2]);
if (found === undefined) throw new RangeError(`there is no case ${process.argv[2]}`);
const folder = mkdtempSync(join(tmpdir(), 'walbox-bench-'));
try {
  const run = await found.prepare(folder);
  await run();
  const runs: (readonly number[])[] = [];
  for (let i = 0; i < RUNS; i++) runs.push(await run());
  const measured: Measured = {
    figures: found.units.map((_, unit) => runs.map((figures) => figures[unit])),
    peakMib: process.resourceUsage().maxRSS / 1024,
  };
  process.stdout.write(JSON.stringify(measured));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
