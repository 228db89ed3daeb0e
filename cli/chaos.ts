import { availableParallelism } from 'node:os';
import { errorText, FormatError } from '../core/errors.ts';
import { failureSignature } from '../sim/chaos/failure.ts';
import { chaosProfile } from '../sim/chaos/profiles.ts';
import { runChaos } from '../sim/chaos/run.ts';
import { parseSaved, type SavedHistory } from '../sim/chaos/saved.ts';
import { operationText } from '../sim/chaos/words.ts';
import { logLineToText } from '../sim/log.ts';
import type { ChaosJob, ChaosResult } from './chaos/job.ts';
import { chaosMachine } from './chaos/one.ts';
import {
  type PointKind,
  type PointPlan,
  pointCoverage,
  pointJobs,
  pointPlanner,
  sampleOf,
} from './chaos/points.ts';
import { runChaosPool } from './chaos/pool.ts';
import { type ChaosReport, type ChaosReporter, chaosReports, type SavedFailure } from './chaos/reporters.ts';
import { checkFailuresFolder, saveFailure } from './chaos/save.ts';
import { ChaosTally } from './chaos/summary.ts';
import { tuneForSimulation } from './jit.ts';
import { isScenarioHistory, readText } from './run/history.ts';
import { openTraceFile } from './run/trace-file.ts';
import { packageVersion } from './version.ts';

export interface ChaosOptions {
  readonly seed: number;
  readonly seeds: number | null;
  /** Real time after which no history is begun any more; null: none. */
  readonly minutes: number | null;
  /** Threads; null: as many as there are cores. */
  readonly jobs: number | null;
  readonly profile: string;
  readonly reporter: ChaosReporter;
  /** Ends with the first failure. */
  readonly bail: boolean;
  readonly shrink: boolean;
  /** In place of drawn histories, one for each crash at a step (docs/chaos.md, "Crash points"). */
  readonly crashPoints: boolean;
  /** In place of drawn histories, one for each call of a step that fails (docs/chaos.md, "Error points"). */
  readonly errorPoints: boolean;
  /** In place of the report, the SHA-256 of each seed's trace. */
  readonly digests: boolean;
  /** Folder for histories of failures. */
  readonly failures: string;
}

const DEFAULT_SEEDS = 200;
const MAX_SHRINK_RUNS = 400;
/** Failures that are shrunk; further ones are only saved. */
const MAX_SHRUNK = 10;
const BAR_INTERVAL_MS = 200;
const BAR_WIDTH = 24;

/** Told when the operator wants no more; the reason is the number of the signal. */
type Interruption = Pick<AbortSignal, 'aborted' | 'reason' | 'addEventListener'>;

/**
 * `walbox chaos`. The exit code is 1 when a history failed; of points, when one was not survived or never struck, or a step was
 * never reached. When it is interrupted, it is 128 and the signal, and the report is of what has ended by then; what still runs
 * is left to whoever ends the process. Throws FormatError where failures cannot be written.
 */
export async function chaos(
  options: ChaosOptions,
  runPool = runChaosPool,
  makePlan = pointPlanner(chaosMachine),
  interruption: Interruption = new AbortController().signal,
): Promise<number> {
  tuneForSimulation();
  chaosProfile(options.profile);
  checkFailuresFolder(options.failures);
  const interrupted = new Promise<null>((resolve) => {
    if (interruption.aborted) resolve(null);
    interruption.addEventListener('abort', () => resolve(null), { once: true });
  });
  const run: Run = { options, runPool, interruption, interrupted };
  const kinds: PointKind[] = [
    ...(options.crashPoints ? (['crash'] as const) : []),
    ...(options.errorPoints ? (['error'] as const) : []),
  ];
  const reports: ChaosReport[] = [];
  if (kinds.length === 0) reports.push(await runDrawn(run));
  for (const kind of kinds) {
    const plan = await Promise.race([makePlan(kind, options.profile, options.seed), interrupted]);
    if (plan === null || interruption.aborted) break;
    reports.push(await runPoints(run, kind, plan));
  }
  if (interruption.aborted) process.stderr.write('walbox: interrupted; told is what had ended by then\n');
  if (!options.digests) process.stdout.write(chaosReports(options.reporter, reports));
  if (interruption.aborted) return 128 + Number(interruption.reason);
  return reports.some(isBad) ? 1 : 0;
}

function isBad({ summary, coverage }: ChaosReport): boolean {
  if (coverage === null) return summary.failures > 0;
  return coverage.survived !== coverage.points || coverage.unreached.length > 0;
}

/** What a run of histories is done with. */
interface Run {
  readonly options: ChaosOptions;
  readonly runPool: typeof runChaosPool;
  readonly interruption: Interruption;
  /** Settles at the interruption. */
  readonly interrupted: Promise<null>;
}

/** Histories that are drawn, seed by seed. */
async function runDrawn(run: Run): Promise<ChaosReport> {
  const { options } = run;
  const count = options.seeds ?? (options.minutes === null ? DEFAULT_SEEDS : Number.POSITIVE_INFINITY);
  const digests: string[] = [];
  let begun = 0;
  const nextJob = (failed: number, elapsedS: number): ChaosJob | null => {
    if (begun >= count || (options.minutes !== null && elapsedS > options.minutes * 60)) return null;
    const isShrunk = options.shrink && !options.digests && failed < MAX_SHRUNK;
    const seed = options.seed + begun++;
    return {
      seed,
      profile: options.profile,
      maxShrinkRuns: isShrunk ? MAX_SHRINK_RUNS : 0,
      wantsDigest: options.digests,
    };
  };
  const { summary, failures } = await runAll(run, options.profile, count, nextJob, ({ seed, digest }) => {
    if (digest !== null) digests[seed - options.seed] = `${seed} ${digest}\n`;
  });
  if (options.digests) process.stdout.write(digests.join(''));
  return { kind: null, summary, failures, coverage: null };
}

/** `walbox chaos --crash-points` and `--error-points`: a history for each point, or for a sample of them. */
async function runPoints(run: Run, kind: PointKind, all: PointPlan): Promise<ChaosReport> {
  const { options } = run;
  const plan = options.seeds === null ? all : sampleOf(all, options.seeds, options.seed);
  const profile = `${options.profile}-${kind}`;
  const jobs = pointJobs(plan, profile, options.shrink ? MAX_SHRINK_RUNS : 0);
  const results: ChaosResult[] = [];
  let begun = 0;
  const nextJob = () => jobs[begun++] ?? null;
  const { summary, failures } = await runAll(run, profile, jobs.length, nextJob, (result) =>
    results.push(result),
  );
  return { kind, summary, failures, coverage: pointCoverage(plan, results) };
}

/** Runs at most `count` jobs over the threads, saves what fails, and counts. */
async function runAll(
  { options, runPool, interruption, interrupted }: Run,
  profile: string,
  count: number,
  nextJob: (failed: number, elapsedS: number) => ChaosJob | null,
  onResult: (result: ChaosResult) => void,
): Promise<Pick<ChaosReport, 'summary' | 'failures'>> {
  const beganMs = performance.now();
  const elapsedS = () => (performance.now() - beganMs) / 1000;
  const tally = new ChaosTally();
  const failures: SavedFailure[] = [];
  const bar = new ProgressBar(count, options.minutes);
  const next = () => {
    const failed = tally.failures.length;
    return interruption.aborted || (options.bail && failed > 0) ? null : nextJob(failed, elapsedS());
  };
  // A thread without a history only takes time to begin.
  const threads = Math.min(options.jobs ?? availableParallelism(), count);
  const done = runPool(threads, next, (result) => {
    if (interruption.aborted) return;
    tally.add(result);
    onResult(result);
    if (result.found !== null) failures.push({ result, ...saveFailure(options.failures, profile, result) });
    bar.show(tally.count, tally.failures.length, elapsedS());
  });
  await Promise.race([done, interrupted]);
  bar.end();
  failures.sort((a, b) => a.result.seed - b.result.seed);
  return { summary: tally.summary(options.profile, elapsedS()), failures };
}

export interface ReplayOptions {
  /** Print what servers log and operators do. */
  readonly verbose: boolean;
  readonly trace: string | null;
}

/** `walbox replay FILE`: repeats the history and says whether it went as it did. The exit code is 1 when it failed. */
export async function replay(path: string, options: ReplayOptions): Promise<number> {
  const saved = readSaved(path);
  const version = packageVersion();
  if (saved.walbox !== '' && saved.walbox !== version) {
    process.stderr.write(
      `The file was written by walbox ${saved.walbox}; this is ${version}, where the history may go another way.\n`,
    );
  }
  const trace = options.trace === null ? null : openTraceFile(options.trace);
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const outcome = await runChaos(saved.history, await chaosMachine(), {
    ...(trace === null ? {} : { trace: trace.sink }),
    ...(options.verbose
      ? {
          log: (line) => {
            if (line.level !== 'debug') say(`  ${logLineToText(line)}`);
          },
          onOperation: (operation) => say(operationText(operation)),
        }
      : {}),
  });
  trace?.end();
  const { failure } = outcome;
  const expected = saved.failure === null ? 'passed' : failureSignature(saved.failure);
  const found = failure === null ? 'passed' : failureSignature(failure);
  if (failure !== null) say(`${failure.message}`);
  say(`${found} after ${(outcome.virtualTimeUs / 1e6).toFixed(3)} s of virtual time`);
  if (found !== expected) say(`The file says: ${expected}`);
  return failure === null ? 0 : 1;
}

/** Throws FormatError with the name of the file, and what else may be done with it. */
function readSaved(path: string): SavedHistory {
  if (/\.[cm]?[jt]s$/.test(path)) {
    throw new FormatError(`${path} is a scenario file, not a history: walbox run ${path}`);
  }
  const text = readText(path);
  try {
    return parseSaved(text);
  } catch (error) {
    const again = isScenarioHistory(text) ? `it is the history of a scenario: walbox run ${path}` : null;
    throw new FormatError(`${path} is no history of chaos: ${again ?? errorText(error)}`);
  }
}

/** `[=====     ] 120/2000, 8.1 histories/s, 0 failed` on terminals. */
class ProgressBar {
  readonly #count: number;
  readonly #minutes: number | null;
  #shownMs = 0;

  constructor(count: number, minutes: number | null) {
    this.#count = count;
    this.#minutes = minutes;
  }

  show(done: number, failed: number, elapsedS: number): void {
    const nowMs = performance.now();
    if (process.stderr.isTTY !== true || nowMs - this.#shownMs < BAR_INTERVAL_MS) return;
    this.#shownMs = nowMs;
    const byTime = this.#minutes === null ? 0 : elapsedS / (this.#minutes * 60);
    const share = Math.min(1, Math.max(byTime, done / this.#count));
    const filled = '='.repeat(Math.round(share * BAR_WIDTH)).padEnd(BAR_WIDTH);
    const of = Number.isFinite(this.#count) ? `${done}/${this.#count}` : String(done);
    const rate = (done / elapsedS).toFixed(1);
    process.stderr.write(`\r[${filled}] ${of}, ${rate} histories/s, ${failed} failed\x1b[K`);
  }

  end(): void {
    if (process.stderr.isTTY === true) process.stderr.write('\r\x1b[K');
  }
}
