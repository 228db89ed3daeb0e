import { DEVICE_STEPS } from '../../core/device/steps.ts';
import { ARCHIVE_STEPS } from '../../core/server/archive/steps.ts';
import { PROXY_STEPS } from '../../core/server/proxy/steps.ts';
import { STORAGE_STEPS } from '../../core/server/storage/steps.ts';
import { allTransitions } from '../../sim/chaos/transitions.ts';
import type { ChaosResult } from './job.ts';

/** How much of something there is was reached. */
export interface Reached {
  readonly reached: number;
  readonly total: number;
  readonly missing: readonly string[];
}

/** The figures of a chaos run. */
export interface ChaosSummary {
  readonly profile: string;
  readonly histories: number;
  readonly failures: number;
  readonly realTimeS: number;
  readonly historiesPerS: number;
  readonly eventsPerS: number;
  readonly virtualTimeS: number;
  readonly medians: {
    readonly operations: number;
    readonly writes: number;
    readonly crashes: number;
    readonly otherFaults: number;
    readonly judged: number;
  };
  readonly fired: Readonly<Record<string, number>>;
  readonly transitions: Reached;
  readonly steps: Reached;
}

/** Every declared step of servers and device. */
export const ALL_STEPS: readonly string[] = [STORAGE_STEPS, PROXY_STEPS, ARCHIVE_STEPS, DEVICE_STEPS].flatMap(
  (table) => Object.values(table),
);

/** Collects results; keeps figures, not histories. */
export class ChaosTally {
  readonly failures: ChaosResult[] = [];
  readonly #figures: Record<keyof ChaosSummary['medians'], number[]> = {
    operations: [],
    writes: [],
    crashes: [],
    otherFaults: [],
    judged: [],
  };
  readonly #fired = new Map<string, number>();
  readonly #transitions = new Set<string>();
  readonly #steps = new Set<string>();
  count = 0;
  #eventCount = 0;
  #virtualTimeUs = 0;

  add(result: ChaosResult): void {
    this.count += 1;
    if (result.found !== null) this.failures.push(result);
    for (const [name, values] of Object.entries(this.#figures)) {
      values.push(result[name as keyof ChaosSummary['medians']]);
    }
    for (const [kind, count] of result.fired) this.#fired.set(kind, (this.#fired.get(kind) ?? 0) + count);
    for (const name of result.transitions) this.#transitions.add(name);
    for (const name of result.steps) this.#steps.add(name);
    this.#eventCount += result.eventCount;
    this.#virtualTimeUs += result.virtualTimeUs;
  }

  summary(profile: string, realTimeS: number): ChaosSummary {
    return {
      profile,
      histories: this.count,
      failures: this.failures.length,
      realTimeS,
      historiesPerS: this.count / realTimeS,
      eventsPerS: this.#eventCount / realTimeS,
      virtualTimeS: this.#virtualTimeUs / 1e6,
      medians: {
        operations: median(this.#figures.operations),
        writes: median(this.#figures.writes),
        crashes: median(this.#figures.crashes),
        otherFaults: median(this.#figures.otherFaults),
        judged: median(this.#figures.judged),
      },
      fired: Object.fromEntries([...this.#fired].sort(([a], [b]) => (a < b ? -1 : 1))),
      transitions: reached(allTransitions(), this.#transitions),
      steps: reached(ALL_STEPS, this.#steps),
    };
  }
}

function reached(all: readonly string[], seen: ReadonlySet<string>): Reached {
  const missing = all.filter((name) => !seen.has(name));
  return { reached: all.length - missing.length, total: all.length, missing };
}

function median(values: readonly number[]): number {
  if (values.length === 0) return 0;
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
