import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { failureSignature } from '../sim/chaos/failure.ts';
import { chaosProfile } from '../sim/chaos/profiles.ts';
import { runChaos } from '../sim/chaos/run.ts';
import { parseSaved, savedToText } from '../sim/chaos/saved.ts';
import { storyFileText } from '../sim/chaos/story.ts';
import { operationText } from '../sim/chaos/words.ts';
import { logLineToText } from '../sim/log.ts';
import type { ChaosJob, ChaosResult } from './chaos/job.ts';
import { chaosMachine } from './chaos/one.ts';
import {
  type PointKind,
  type PointPlanner,
  pointCoverage,
  pointCoverageText,
  pointJobs,
  pointPlanner,
  sampleOf,
} from './chaos/points.ts';
import { runChaosPool } from './chaos/pool.ts';
import { type ChaosReporter, chaosReport, type SavedFailure } from './chaos/reporters.ts';
import { ChaosTally } from './chaos/summary.ts';
import { tuneForSimulation } from './jit.ts';
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

/** `walbox chaos`. The exit code is 1 when a history failed. */
export async function chaos(
  options: ChaosOptions,
  runPool = runChaosPool,
  makePlan = pointPlanner(chaosMachine),
): Promise<number> {
  tuneForSimulation();
  chaosProfile(options.profile);
  if (options.crashPoints || options.errorPoints) {
    let code = 0;
    if (options.crashPoints) code = await strikeEverywhere('crash', options, runPool, makePlan);
    if (options.errorPoints)
      code = Math.max(code, await strikeEverywhere('error', options, runPool, makePlan));
    return code;
  }
  const beganMs = performance.now();
  const elapsedS = () => (performance.now() - beganMs) / 1000;
  const count = options.seeds ?? (options.minutes === null ? DEFAULT_SEEDS : Number.POSITIVE_INFINITY);
  const tally = new ChaosTally();
  const saved: SavedFailure[] = [];
  const bar = new ProgressBar(count, options.minutes);
  const digests: string[] = [];
  let next = 0;
  const nextJob = (): ChaosJob | null => {
    if (next >= count || (options.bail && tally.failures.length > 0)) return null;
    if (options.minutes !== null && elapsedS() > options.minutes * 60) return null;
    const isShrunk = options.shrink && !options.digests && tally.failures.length < MAX_SHRUNK;
    const seed = options.seed + next++;
    return {
      seed,
      profile: options.profile,
      maxShrinkRuns: isShrunk ? MAX_SHRINK_RUNS : 0,
      wantsDigest: options.digests,
    };
  };
  await runPool(options.jobs ?? availableParallelism(), nextJob, (result) => {
    tally.add(result);
    if (result.digest !== null) digests[result.seed - options.seed] = `${result.seed} ${result.digest}\n`;
    if (result.found !== null) saved.push({ result, ...saveFailure(options, result) });
    bar.show(tally.count, tally.failures.length, elapsedS());
  });
  bar.end();
  saved.sort((a, b) => a.result.seed - b.result.seed);
  if (options.digests) process.stdout.write(digests.join(''));
  else process.stdout.write(chaosReport(options.reporter, tally.summary(options.profile, elapsedS()), saved));
  return tally.failures.length > 0 ? 1 : 0;
}

/**
 * `walbox chaos --crash-points` and `--error-points`. The exit code is 1 when one was not survived or never struck, or a step
 * was never reached.
 */
async function strikeEverywhere(
  kind: PointKind,
  options: ChaosOptions,
  runPool: typeof runChaosPool,
  makePlan: PointPlanner,
): Promise<number> {
  const beganMs = performance.now();
  const elapsedS = () => (performance.now() - beganMs) / 1000;
  const all = await makePlan(kind, options.profile, options.seed);
  const plan = options.seeds === null ? all : sampleOf(all, options.seeds, options.seed);
  const profile = `${options.profile}-${kind}`;
  const jobs = pointJobs(plan, profile, options.shrink ? MAX_SHRINK_RUNS : 0);
  const tally = new ChaosTally();
  const results: ChaosResult[] = [];
  const saved: SavedFailure[] = [];
  const bar = new ProgressBar(jobs.length, null);
  const isOver = () => options.bail && tally.failures.length > 0;
  let next = 0;
  await runPool(
    options.jobs ?? availableParallelism(),
    () => (isOver() ? null : (jobs[next++] ?? null)),
    (result) => {
      tally.add(result);
      results.push(result);
      if (result.found !== null) {
        saved.push({ result, ...saveFailure({ ...options, profile }, result) });
      }
      bar.show(tally.count, tally.failures.length, elapsedS());
    },
  );
  bar.end();
  const coverage = pointCoverage(plan, results);
  const summary = tally.summary(options.profile, elapsedS());
  saved.sort((a, b) => a.result.seed - b.result.seed);
  if (options.reporter === 'json') {
    const report = JSON.parse(chaosReport('json', summary, saved)) as object;
    process.stdout.write(`${JSON.stringify({ ...report, coverage }, null, 2)}\n`);
  } else {
    process.stdout.write(chaosReport(options.reporter, summary, saved));
    (options.reporter === 'text' ? process.stdout : process.stderr).write(pointCoverageText(kind, coverage));
  }
  return coverage.survived === coverage.points && coverage.unreached.length === 0 ? 0 : 1;
}

/** Writes a failure as a scenario file that runs by itself, and as a history that `walbox replay` reads. */
function saveFailure(
  { failures, profile }: ChaosOptions,
  { seed, found }: ChaosResult,
): Pick<SavedFailure, 'path' | 'historyPath'> {
  const name = `chaos-${profile}-${seed}`;
  const paths = { path: join(failures, `${name}.ts`), historyPath: join(failures, `${name}.json`) };
  if (found === null) return paths;
  mkdirSync(failures, { recursive: true });
  const { failure, history } = found;
  const saved = { walbox: packageVersion(), profile, failure, history };
  writeFileSync(paths.historyPath, savedToText(saved));
  writeFileSync(paths.path, storyFileText(saved, name));
  return paths;
}

export interface ReplayOptions {
  /** Print what servers log and operators do. */
  readonly verbose: boolean;
  readonly trace: string | null;
}

/** `walbox replay FILE`: repeats the history and says whether it went as it did. The exit code is 1 when it failed. */
export async function replay(path: string, options: ReplayOptions): Promise<number> {
  const saved = parseSaved(readFileSync(path, 'utf8'));
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
