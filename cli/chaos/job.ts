import type { ChaosFailure } from '../../sim/chaos/failure.ts';
import type { ChaosHistory, ChaosOutcome } from '../../sim/chaos/run.ts';

/** One seed to run, as it is sent to a worker thread. */
export interface ChaosJob {
  readonly seed: number;
  readonly profile: string;
  /** Runs for shrinking a failure; 0: none. */
  readonly maxShrinkRuns: number;
  /** Whether the SHA-256 of the trace is wanted. */
  readonly wantsDigest: boolean;
  /** Run in place of the one that is drawn. */
  readonly history?: ChaosHistory;
}

/** How one seed went, as plain data. */
export interface ChaosResult {
  readonly seed: number;
  readonly operations: number;
  readonly writes: number;
  readonly crashes: number;
  readonly otherFaults: number;
  readonly judged: number;
  readonly eventCount: number;
  readonly virtualTimeUs: number;
  readonly realTimeS: number;
  readonly fired: readonly (readonly [string, number])[];
  readonly transitions: readonly string[];
  readonly steps: readonly string[];
  /** Steps at which a crash struck. */
  readonly struckSteps: readonly string[];
  /** Calls that failed by an injected error, as `STEP CALL`. */
  readonly struckCalls: readonly string[];
  readonly found: FoundFailure | null;
  /** SHA-256 of the trace's lines, where it is wanted. */
  readonly digest: string | null;
}

export interface FoundFailure {
  readonly failure: ChaosFailure;
  /** The history as it was drawn, or what shrinking left of it. */
  readonly history: ChaosHistory;
  readonly shrinkRuns: number;
}

export function resultOf(
  seed: number,
  outcome: ChaosOutcome,
  realTimeS: number,
  found: FoundFailure | null,
  digest: string | null = null,
): ChaosResult {
  return {
    seed,
    operations: outcome.counts.operations,
    writes: outcome.writes,
    crashes: outcome.crashes,
    otherFaults: outcome.otherFaults,
    judged: outcome.counts.judged,
    eventCount: outcome.eventCount,
    virtualTimeUs: outcome.virtualTimeUs,
    realTimeS,
    fired: [...outcome.fired],
    transitions: [...outcome.transitions.keys()],
    steps: [...outcome.steps.keys()],
    struckSteps: [...outcome.struckSteps],
    struckCalls: [...outcome.struckCalls],
    found,
    digest,
  };
}
