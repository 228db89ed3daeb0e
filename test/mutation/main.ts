import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { GROUPS, type MutationGroup, sourcesOf, testsOf } from './groups.ts';
import { MutationHouse } from './outside.ts';
import { drawn } from './sample.ts';
import { allMutants, type Mutant, withSwitches } from './stryker.ts';
import type { Measured, MutantJob } from './words.ts';

/**
 * `npm run mutation [-- OPTIONS FILE...]`: changes the core mechanically as Stryker does, and shows which changes no test
 * of the folder notices.
 */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
/** A change that is gone by so many times as often as without it is in a loop without end. */
const HIT_FACTOR = 100;
/** Whether a test is green in another order, too, is looked at for those up to here: state of their own is what small ones share. */
const REORDERED_MS = 300;

const HELP = `npm run mutation -- [OPTIONS] [FILE|FOLDER...]
  FILE|FOLDER     below core/server, core/device, core/snapshot; default all of them
  --sample N      changes of each folder, drawn (150); 0: all
  --seed S        draws others (1)
  --limit S       seconds of tests for each change, quickest tests first (20); 0: all that go by it
  --jobs N        processes at a time (2)
`;

/** What became of the changes of a folder. */
interface Outcome {
  /** That Stryker knows. */
  readonly knownCount: number;
  /** Only gone by while modules are loaded, which is over before a change is switched on. */
  readonly loaded: readonly Mutant[];
  readonly untested: readonly Mutant[];
  readonly noticed: readonly Mutant[];
  readonly survived: readonly {
    readonly mutant: Mutant;
    readonly testCount: number;
    readonly cutCount: number;
  }[];
}

interface Limits {
  readonly sampleCount: number;
  readonly seed: number;
  readonly limitMs: number;
  readonly jobs: number;
}

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      sample: { type: 'string', default: '150' },
      seed: { type: 'string', default: '1' },
      limit: { type: 'string', default: '20' },
      jobs: { type: 'string', default: '2' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const limits: Limits = {
    sampleCount: Number(values.sample),
    seed: Number(values.seed),
    limitMs: values.limit === '0' ? Number.POSITIVE_INFINITY : Number(values.limit) * 1000,
    jobs: Number(values.jobs),
  };
  const wanted = positionals.length === 0 ? GROUPS.map(({ folder }) => folder) : positionals;
  let fileCount = 0;
  for (const group of GROUPS) {
    const files = sourcesOf(ROOT, group, wanted);
    if (files.length === 0) continue;
    fileCount += files.length;
    const began = performance.now();
    const outcome = await tryGroup(group, files, limits);
    tell(group, outcome, (performance.now() - began) / 1000);
  }
  if (fileCount > 0) return 0;
  console.error(`There is nothing to change in ${positionals.join(', ')}.`);
  return 1;
}

async function tryGroup(group: MutationGroup, files: readonly string[], limits: Limits): Promise<Outcome> {
  const known = await allMutants(ROOT, files);
  const chosen = drawn(known, limits.sampleCount, limits.seed);
  const { sources, mutants } = await withSwitches(ROOT, chosen);
  const house = await MutationHouse.build(ROOT, sources, testsOf(ROOT, group));
  try {
    const measured = await house.measure();
    const usable = await usableTests(house, measured);
    const jobs = new Map<string, { readonly job: MutantJob; readonly cutCount: number }>();
    const loaded: Mutant[] = [];
    const untested: Mutant[] = [];
    for (const mutant of mutants) {
      const found = jobOf(mutant, measured, usable, limits.limitMs);
      if (found.job.tests.length > 0) jobs.set(mutant.id, found);
      else if (measured.loaded.includes(mutant.id)) loaded.push(mutant);
      else untested.push(mutant);
    }
    const byId = new Map(mutants.map((mutant) => [mutant.id, mutant]));
    const noticed: Mutant[] = [];
    const survived: Outcome['survived'][number][] = [];
    const usualMs = measured.tests.map(({ ms }) => ms);
    let doneCount = 0;
    await house.tryMutants(
      [...jobs.values()].map(({ job }) => job),
      usualMs,
      limits.jobs,
      (id, { noticedBy }) => {
        const mutant = byId.get(id) as Mutant;
        const { job, cutCount } = jobs.get(id) as { job: MutantJob; cutCount: number };
        doneCount += 1;
        if (noticedBy !== null) noticed.push(mutant);
        else survived.push({ mutant, testCount: job.tests.length, cutCount });
        const verdict = noticedBy === null ? 'NOT NOTICED' : `noticed: ${noticedBy}`;
        console.log(`[${doneCount}/${jobs.size}] ${placeOf(mutant)} ${mutant.mutatorName}: ${verdict}`);
      },
    );
    return { knownCount: known.length, loaded, untested, noticed, survived };
  } finally {
    house.remove();
  }
}

/** Tests by number, quickest first: those that are green, and also when the others run in this order. */
async function usableTests(house: MutationHouse, { tests }: Measured): Promise<number[]> {
  const green = tests.flatMap(({ failure }, i) => (failure === null ? [i] : []));
  const msOf = (i: number) => tests[i]?.ms ?? 0;
  green.sort((a, b) => msOf(a) - msOf(b));
  const dependent = await house.dependentTests(green.filter((i) => msOf(i) <= REORDERED_MS));
  tests.forEach(({ name, failure }, i) => {
    const reason = failure ?? dependent.get(i);
    if (reason !== undefined) console.log(`left out: ${name}: ${reason.split('\n')[0]}`);
  });
  if (green.length === 0) throw new Error('No test is green without a change.');
  const sumS = Math.round(green.reduce((sum, i) => sum + msOf(i), 0) / 1000);
  console.log(`${green.length - dependent.size} of ${tests.length} tests, ${sumS} s`);
  return green.filter((i) => !dependent.has(i));
}

/** The tests that go by a change, as many of the quickest as the limit allows, one at least. */
function jobOf(
  { id }: Mutant,
  { tests }: Measured,
  usable: readonly number[],
  limitMs: number,
): { readonly job: MutantJob; readonly cutCount: number } {
  const going = usable.filter((i) => tests[i]?.hits[id] !== undefined);
  let sumMs = 0;
  const within = going.filter((i, at) => {
    sumMs += tests[i]?.ms ?? 0;
    return at === 0 || sumMs <= limitMs;
  });
  const hits = Math.max(0, ...going.map((i) => tests[i]?.hits[id] ?? 0));
  return { job: { id, tests: within, hitLimit: hits * HIT_FACTOR }, cutCount: going.length - within.length };
}

/** Numbers of a folder, and every change that nothing noticed. */
function tell({ folder }: MutationGroup, outcome: Outcome, seconds: number): void {
  const { knownCount, loaded, untested, noticed, survived } = outcome;
  const count = noticed.length + survived.length + untested.length;
  const percent = ((100 * noticed.length) / Math.max(1, count)).toFixed(1);
  const cut = survived.filter(({ cutCount }) => cutCount > 0).length;
  console.log(
    `\n${folder}: ${count} of ${knownCount} changes (and ${loaded.length} of what only runs when modules are loaded), ${noticed.length} noticed (${percent} %), ${untested.length} that no test goes by, ${survived.length} not noticed, ${cut} of them with slower tests left; ${Math.round(seconds)} s`,
  );
  for (const mutant of untested) tellOne(mutant, 'no test');
  for (const { mutant, testCount, cutCount } of survived) {
    tellOne(mutant, `${testCount} tests${cutCount > 0 ? `, ${cutCount} slower ones left` : ''}`);
  }
  console.log();
}

function tellOne(mutant: Mutant, about: string): void {
  const { start, end } = mutant.location;
  const lines = readFileSync(join(ROOT, mutant.fileName), 'utf8').split('\n');
  const last = end.line === start.line ? end.column : undefined;
  console.log(`  ${placeOf(mutant)} ${mutant.mutatorName} (${about})`);
  console.log(`    in ${lines[start.line]?.trim()}`);
  console.log(`    - ${lines[start.line]?.slice(start.column, last)}`);
  console.log(`    + ${mutant.replacement.split('\n').slice(0, 3).join(' ')}`);
}

function placeOf({ fileName, location: { start } }: Mutant): string {
  return `${fileName}:${start.line + 1}:${start.column + 1}`;
}

process.exitCode = await main(process.argv.slice(2));
