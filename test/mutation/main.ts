import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { GROUPS, type MutationGroup, sourcesOf, testsOf } from './groups.ts';
import { Memory } from './memory.ts';
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
  --minutes N     ends after so long; the next run with the same sources and options goes on
`;

/** What became of the changes of a folder. */
interface Outcome {
  /** That Stryker knows. */
  readonly knownCount: number;
  /** Only gone by while modules are loaded, which is over before a change is switched on. */
  readonly loadedCount: number;
  readonly untested: readonly Mutant[];
  readonly noticedCount: number;
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
  /** No further change is begun then. */
  readonly isTimeUp: () => boolean;
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
      minutes: { type: 'string', default: '1000000' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const beganMs = performance.now();
  const limits: Limits = {
    sampleCount: Number(values.sample),
    seed: Number(values.seed),
    limitMs: values.limit === '0' ? Number.POSITIVE_INFINITY : Number(values.limit) * 1000,
    jobs: Number(values.jobs),
    isTimeUp: () => performance.now() - beganMs > Number(values.minutes) * 60_000,
  };
  const wanted = positionals.length === 0 ? GROUPS.map(({ folder }) => folder) : positionals;
  let fileCount = 0;
  let isWhole = true;
  for (const group of GROUPS) {
    const files = sourcesOf(ROOT, group, wanted);
    if (files.length === 0) continue;
    fileCount += files.length;
    const outcome = await tryGroup(group, files, limits);
    if (outcome !== null) tell(group, outcome);
    else isWhole = false;
  }
  if (fileCount > 0) return isWhole ? 0 : 1;
  console.error(`There is nothing to change in ${positionals.join(', ')}.`);
  return 1;
}

/** Null when the time was up; what was found is kept. */
async function tryGroup(
  group: MutationGroup,
  files: readonly string[],
  limits: Limits,
): Promise<Outcome | null> {
  const known = await allMutants(ROOT, files);
  const chosen = drawn(known, limits.sampleCount, limits.seed);
  const { sources, mutants } = await withSwitches(ROOT, chosen);
  const house = await MutationHouse.build(ROOT, sources, testsOf(ROOT, group));
  try {
    const memory = new Memory(house.program());
    if (memory.measured === null) {
      const fresh = await house.measure();
      memory.usable = await usableTests(house, fresh);
      memory.measured = fresh;
      memory.save();
    }
    const { measured, usable } = memory;
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
    const left = [...jobs.values()].map(({ job }) => job).filter(({ id }) => !memory.verdicts.has(id));
    const usualMs = measured.tests.map(({ ms }) => ms);
    await house.tryMutants(left, usualMs, limits, (id, noticedBy) => {
      const mutant = byId.get(id) as Mutant;
      memory.verdicts.set(id, noticedBy);
      memory.save();
      const verdict = noticedBy === null ? 'NOT NOTICED' : `noticed: ${noticedBy}`;
      console.log(
        `[${memory.verdicts.size}/${jobs.size}] ${placeOf(mutant)} ${mutant.mutatorName}: ${verdict}`,
      );
    });
    if (memory.verdicts.size < jobs.size) {
      console.log(`${group.folder}: the time is up, ${jobs.size - memory.verdicts.size} changes are left`);
      return null;
    }
    memory.forget();
    const survived = [...jobs].flatMap(([id, { job, cutCount }]) =>
      memory.verdicts.get(id) === null
        ? [{ mutant: byId.get(id) as Mutant, testCount: job.tests.length, cutCount }]
        : [],
    );
    const noticedCount = jobs.size - survived.length;
    return { knownCount: known.length, loadedCount: loaded.length, untested, noticedCount, survived };
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
function tell({ folder }: MutationGroup, outcome: Outcome): void {
  const { knownCount, loadedCount, untested, noticedCount, survived } = outcome;
  const count = noticedCount + survived.length + untested.length;
  const percent = ((100 * noticedCount) / Math.max(1, count)).toFixed(1);
  const cut = survived.filter(({ cutCount }) => cutCount > 0).length;
  console.log(
    `\n${folder}: ${count} of ${knownCount} changes (and ${loadedCount} of what only runs when modules are loaded), ${noticedCount} noticed (${percent} %), ${untested.length} that no test goes by, ${survived.length} not noticed, ${cut} of them with slower tests left`,
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
