import { readFileSync, writeFileSync, writeSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import '../fixed-seed.ts';
import './tests.ts';
import { type CollectedTest, collected } from './vitest-shim.ts';
import type { Job, Line, Measured, MeasuredTest, MutantJob } from './words.ts';

/**
 * The program that holds the tests of a folder and the sources with all changes behind switches (outside.ts bundles it).
 * Modules are loaded once; then one change after the other is switched on, and the tests that go by it are run.
 */

/** What the switches look at. */
interface Switches {
  activeMutant?: string;
  currentTestId?: string;
  hitCount?: number;
  hitLimit?: number;
  mutantCoverage?: {
    readonly static: Readonly<Record<string, number>>;
    readonly perTest: Readonly<Record<string, Readonly<Record<string, number>>>>;
  };
}

const switches: Switches = ((globalThis as { __stryker__?: Switches }).__stryker__ ??= {});

/** A test may take so many times its usual time, and so much more, before it counts as one that does not end. */
const PATIENCE = 5;
const LEAST_PATIENCE_MS = 2000;
/** Tests that show at the end that no change has left anything behind. */
const CONTROL_MS = 50;

/** When the process is to die, by its processor time; 0: never. */
const deadlineMs = new Float64Array(new SharedArrayBuffer(8));

async function main(job: Job): Promise<void> {
  startWatchdog();
  if (job.kind === 'measure') writeFileSync(job.output, JSON.stringify(await measure()));
  else if (job.kind === 'alone') {
    for (const test of job.tests) {
      const failure = await failureOf(collected[test] as CollectedTest);
      if (failure !== null) say({ kind: 'dependent', test, failure });
    }
  } else {
    for (const mutant of job.mutants) await tryMutant(mutant, job.usualMs);
    await control(job.usualMs);
  }
  say({ kind: 'done' });
}

async function measure(): Promise<Measured> {
  const loaded = Object.keys(switches.mutantCoverage?.static ?? {});
  const tests: MeasuredTest[] = [];
  for (const [i, test] of collected.entries()) {
    const id = `test ${i}`;
    switches.currentTestId = id;
    const beganMs = cpuMs();
    const failure = await failureOf(test);
    const ms = cpuMs() - beganMs;
    delete switches.currentTestId;
    tests.push({ name: test.name, ms, failure, hits: switches.mutantCoverage?.perTest[id] ?? {} });
  }
  return { tests, loaded };
}

async function tryMutant({ id, tests, hitLimit }: MutantJob, usualMs: readonly number[]): Promise<void> {
  current = id;
  say({ kind: 'begins', id });
  let noticedBy: string | null = null;
  for (const i of tests) {
    const test = collected[i] as CollectedTest;
    switches.activeMutant = id;
    switches.hitCount = 0;
    switches.hitLimit = hitLimit;
    deadlineMs[0] = cpuMs() + PATIENCE * (usualMs[i] ?? 0) + LEAST_PATIENCE_MS;
    const failure = await failureOf(test);
    deadlineMs[0] = 0;
    delete switches.activeMutant;
    if (failure === null) continue;
    noticedBy = test.name;
    break;
  }
  say({ kind: 'ends', id, noticedBy });
}

/** All changes are switched off: what is red now was spoilt by one of them. */
async function control(usualMs: readonly number[]): Promise<void> {
  current = 'control';
  for (const [i, test] of collected.entries()) {
    if ((usualMs[i] ?? Number.POSITIVE_INFINITY) > CONTROL_MS) continue;
    const failure = await failureOf(test);
    if (failure !== null) say({ kind: 'spoilt', test: test.name, failure });
  }
}

async function failureOf({ run }: CollectedTest): Promise<string | null> {
  try {
    await run();
    return null;
  } catch (error) {
    return (error instanceof Error ? error.message : String(error)) || 'an error without a message';
  }
}

/** In a thread of its own: a loop without end lets nothing else run in this one. */
function startWatchdog(): void {
  const text = `
    const { workerData } = require('node:worker_threads');
    setInterval(() => {
      const { user, system } = process.cpuUsage();
      if (workerData[0] > 0 && (user + system) / 1000 > workerData[0]) process.kill(process.pid, 'SIGKILL');
    }, 200);`;
  new Worker(text, { eval: true, workerData: deadlineMs }).unref();
}

/** Of the whole process. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function say(line: Line): void {
  writeSync(1, `${JSON.stringify(line)}\n`);
}

let current = 'nothing';
// Nobody waits for what throws here; it may also be left over from the change before.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    say({ kind: 'unhandled', id: current, reason });
    process.exit(0);
  });
}

await main(JSON.parse(readFileSync(process.argv[2] as string, 'utf8')) as Job);
process.exit(0);
