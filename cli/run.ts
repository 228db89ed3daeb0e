import { availableParallelism } from 'node:os';
import { FormatError } from '../core/errors.ts';
import { FAILURES_FOLDER } from './defaults.ts';
import { tuneForSimulation } from './jit.ts';
import { chooseJobs, loadScenario } from './run/choose.ts';
import { exitCodeOf, type RunJob, type RunReport } from './run/job.ts';
import { outcomeLine, runJob } from './run/one.ts';
import { runJobs } from './run/pool.ts';
import { createReporter, failureLines, type ReporterName } from './run/reporters.ts';

export { exitCodeOf, type RunReport } from './run/job.ts';
export { runOne } from './run/one.ts';

export interface RunOptions {
  readonly seed: number;
  /** Runs with so many seeds, from `seed` on. */
  readonly repeat: number;
  readonly reporter: ReporterName;
  /** Scenarios at a time; null: as many as there are cores. */
  readonly jobs: number | null;
  /** Path of a disk image to use in place of the fixture. */
  readonly image: string | null;
  /** Where the trace of the one run is written. */
  readonly trace: string | null;
  /** No story, only the outcome. */
  readonly quiet: boolean;
}

/** Real time after which a scenario counts as one that does not end. */
const LIMIT_S = 120;

/** `walbox run`: one run tells its story, several are run side by side. The exit code is 1 when one failed. */
export async function runScenarios(args: readonly string[], options: RunOptions): Promise<number> {
  tuneForSimulation();
  const seeds = Array.from({ length: options.repeat }, (_, i) => options.seed + i);
  const jobs = await chooseJobs(args, seeds, options.image);
  if (options.trace !== null) traceInto(jobs, options.trace);
  const [only] = jobs;
  if (jobs.length === 1 && only !== undefined && options.reporter === 'text')
    return tell(only, options.quiet);
  return exitCodeOf(await runSideBySide(jobs, options));
}

/** Throws FormatError unless there is one run. */
function traceInto(jobs: RunJob[], tracePath: string): void {
  const [only] = jobs;
  if (jobs.length !== 1 || only === undefined)
    throw new FormatError(`A trace is of one run; these are ${jobs.length}.`);
  jobs[0] = { ...only, tracePath };
}

/** Runs jobs over the cores and shows them by the reporter. */
export async function runSideBySide(
  jobs: readonly RunJob[],
  options: { readonly reporter: ReporterName | 'none'; readonly jobs: number | null },
): Promise<RunReport[]> {
  const beganMs = performance.now();
  const workerCount = Math.max(1, Math.min(options.jobs ?? availableParallelism(), jobs.length));
  const reporter = createReporter(options.reporter, process.stdout, process.stderr);
  const reports = await runJobs(jobs, { workerCount, limitS: LIMIT_S, failures: FAILURES_FOLDER }, reporter);
  reporter.finished(reports, (performance.now() - beganMs) / 1000, workerCount);
  return reports;
}

/** Tells the story of one run on stdout: the same seed gives the same bytes. */
async function tell(job: RunJob, isQuiet: boolean): Promise<number> {
  const say = isQuiet ? () => {} : (line: string) => process.stdout.write(`${line}\n`);
  const { name, purpose } = await loadScenario(job);
  if (!isQuiet) say(`# ${name}: ${purpose} (seed ${job.seed})`);
  const report = await runJob(job, say, FAILURES_FOLDER);
  process.stdout.write(`\n${outcomeLine(report)}\n`);
  for (const line of failureLines(report)) process.stderr.write(`${line}\n`);
  return exitCodeOf([report]);
}
