import { createHash } from 'node:crypto';
import { createTurn } from '../../native/turn.ts';
import { portablePool } from '../../scenarios/lib/portable-pool.ts';
import type { ChaosFailure } from '../../sim/chaos/failure.ts';
import { drawHistory } from '../../sim/chaos/generate.ts';
import { chaosProfile } from '../../sim/chaos/profiles.ts';
import { type ChaosHistory, type ChaosMachine, runChaos } from '../../sim/chaos/run.ts';
import { shrinkHistory } from '../../sim/chaos/shrink.ts';
import { type TraceSink, traceLineToText } from '../../sim/trace.ts';
import { type ChaosJob, type ChaosResult, resultOf } from './job.ts';

/** What this machine gives to simulations. */
export async function chaosMachine(): Promise<ChaosMachine> {
  return { newTurn: createTurn, codecs: await portablePool() };
}

/** A shrinking takes at most so long. */
const MAX_SHRINK_S = 120;

/** Draws and runs one seed; a failure is shrunk. */
export async function runChaosJob(job: ChaosJob, machine: ChaosMachine): Promise<ChaosResult> {
  const history = job.history ?? drawHistory(job.seed, chaosProfile(job.profile));
  const beganMs = performance.now();
  const trace = job.wantsDigest ? new TraceDigest() : null;
  const outcome = await withoutStacks(() =>
    runChaos(history, machine, trace === null ? {} : { trace: trace.sink }),
  );
  const digest = trace?.hex() ?? null;
  const realTimeS = (performance.now() - beganMs) / 1000;
  const { failure } = outcome;
  if (failure === null) return resultOf(job.seed, outcome, realTimeS, null, digest);
  if (job.maxShrinkRuns === 0) {
    const found = { failure: await toldAgain(history, failure, machine), history, shrinkRuns: 0 };
    return resultOf(job.seed, outcome, realTimeS, found, digest);
  }
  const deadlineMs = performance.now() + MAX_SHRINK_S * 1000;
  const shrunk = await shrinkHistory(history, failure, {
    run: async (candidate) => (await withoutStacks(() => runChaos(candidate, machine))).failure,
    maxRuns: job.maxShrinkRuns,
    isTimeUp: () => performance.now() > deadlineMs,
  });
  const told = await toldAgain(shrunk.history, shrunk.failure, machine);
  const found = { failure: told, history: shrunk.history, shrinkRuns: shrunk.runs };
  return resultOf(job.seed, outcome, realTimeS, found, digest);
}

/** Errors are what faults are answered by: noting each time where one was made takes more than making it. */
async function withoutStacks<T>(run: () => Promise<T>): Promise<T> {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    return await run();
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/** The failure of a history as it is told where errors know where they were made. */
async function toldAgain(
  history: ChaosHistory,
  failure: ChaosFailure,
  machine: ChaosMachine,
): Promise<ChaosFailure> {
  return (await runChaos(history, machine)).failure ?? failure;
}

/** SHA-256 of the lines of a trace. */
class TraceDigest {
  readonly #hash = createHash('sha256');
  readonly sink: TraceSink = (line) => {
    this.#hash.update(`${traceLineToText(line)}\n`);
  };

  hex(): string {
    return this.#hash.digest('hex');
  }
}
