import { FormatError } from '../../core/errors.ts';
import { type ChaosOutcome, runChaos } from '../../sim/chaos/run.ts';
import type { ChaosSite } from '../../sim/chaos/site.ts';
import { type ChaosStory, changedFields, historyOfStory } from '../../sim/chaos/story.ts';
import { operationText } from '../../sim/chaos/words.ts';
import { checkFault, type Fault } from '../../sim/fault-kinds.ts';
import type { SimGroup } from '../../sim/group.ts';
import type { TraceSink } from '../../sim/trace.ts';
import type { Scenario } from '../lib/scenario.ts';
import { simulateScenario } from '../lib/simulate.ts';
import { Site } from '../lib/site.ts';
import { StoryError } from '../lib/story.ts';
import { type SimulationFailure, Witness } from './failure.ts';
import { nodeMachine } from './machine.ts';

/** The group that a story is told in; what is left out is small and quiet. */
export interface SimulateOptions
  extends Pick<
    Scenario,
    'deviceCount' | 'spares' | 'storageOptions' | 'proxyOptions' | 'archiveOptions' | 'volumes'
  > {
  /** Of everything random; the same seed gives the same run. Default 1. */
  readonly seed?: number;
  /** Storages/proxies/archives. Default `s0/p0/a0`. */
  readonly layout?: string;
  /** Size of each walb device in MiB. Default 1. */
  readonly deviceMib?: number;
  /** Size of each log device in MiB. Default 2. */
  readonly logMib?: number;
  /** Armed once all servers run; `atUs` counts from the beginning of the run, where servers need about a second. */
  readonly faults?: readonly Fault[];
  /**
   * Whether, after the story, all faults end and every snapshot that an archive lists is restored and judged, as in
   * scenarios. Default true; a story that leaves servers down wants false.
   */
  readonly judgeAtEnd?: boolean;
}

/** How a run is watched: nothing of this changes it. */
export interface WatchOptions {
  /** Told each step. */
  readonly say?: (line: string) => void;
  /** Told every call, message and fault. */
  readonly trace?: TraceSink;
}

/** What a story gave and cost. */
export interface Simulated<T> {
  /** What the story returned. */
  readonly value: T;
  /** Restored images that the ledger judged at the end; all were admissible. */
  readonly summary: string;
  readonly virtualTimeUs: number;
  /** Events that the simulation fired. */
  readonly eventCount: number;
}

/** What a history gave, and the story after it. */
export interface SimulatedHistory<T> extends ChaosOutcome {
  readonly value: T;
}

/** A history of chaos; what its layout leaves out is as on a quiet day (`PLAIN_LAYOUT` of walbox/sim). */
export type HistoryToSimulate = ChaosStory['history'];

/**
 * Runs a story in a simulated backup group of its own: `simulate({ layout: 's0/p0/a0' }, async (site) => ...)`. The
 * site has servers, controller, devices whose writes the ledger hears, and faults (docs/writing-scenarios.md).
 * Throws SimulationFailure, whose message has the last steps and an expression that repeats the run, and whose
 * `cause` is what the story threw, and FormatError for an option or a fault that there is not.
 */
export function simulate<T>(
  options: SimulateOptions,
  story: (site: Site) => Promise<T>,
  watch?: WatchOptions,
): Promise<Simulated<T>>;
/**
 * Performs a history of chaos, judges all its properties (docs/chaos.md), and then tells `story` in the group, which has
 * converged. Throws SimulationFailure for a property that does not hold and for what the story throws, FormatError for
 * what is no history.
 */
export function simulate<T = void>(
  history: HistoryToSimulate,
  story?: (site: ChaosSite) => Promise<T>,
  watch?: WatchOptions,
): Promise<SimulatedHistory<T>>;
export async function simulate<T>(
  what: SimulateOptions | HistoryToSimulate,
  story?: ((site: Site) => Promise<T>) | ((site: ChaosSite) => Promise<T>),
  watch: WatchOptions = {},
): Promise<Simulated<T> | SimulatedHistory<T>> {
  if (isHistory(what)) {
    return simulateHistory(what, (story ?? noStory) as (site: ChaosSite) => Promise<T>, watch);
  }
  if (story === undefined) throw new TypeError('simulate(options, story): the story is missing.');
  return simulateStory(what, story as (site: Site) => Promise<T>, watch);
}

async function noStory(): Promise<void> {}

function isHistory(what: SimulateOptions | HistoryToSimulate): what is HistoryToSimulate {
  return 'version' in what && 'operations' in what;
}

async function simulateStory<T>(
  options: SimulateOptions,
  story: (site: Site) => Promise<T>,
  watch: WatchOptions,
): Promise<Simulated<T>> {
  checkOptions(options);
  const { seed = 1, layout = 's0/p0/a0', faults = [], judgeAtEnd = true, ...about } = options;
  const scenario: Scenario = {
    deviceMib: 1,
    logMib: 2,
    ...about,
    name: 'simulate',
    purpose: '',
    layout,
    needs: [],
    run: async () => ({ passed: true, summary: '' }),
  };
  const witness = new Witness();
  const say = (line: string) => {
    witness.step(line);
    watch.say?.(line);
  };
  const input = { seed, image: null };
  let group: SimGroup | null = null;
  try {
    const { result, figures } = await simulateScenario(
      scenario,
      input,
      say,
      async (made, teller) => {
        group = made;
        const site = new Site(made, teller, input);
        tellOfPowerLosses(made, site);
        for (const fault of faults) made.simulation.faults.arm(fault);
        const value = await story(site);
        return { value, summary: judgeAtEnd ? await judged(made, site) : '' };
      },
      {
        simulation: {
          log: (line) => witness.log(line),
          ...(watch.trace === undefined ? {} : { trace: watch.trace }),
        },
      },
    );
    return { ...result, ...figures };
  } catch (error) {
    const nowUs = (group as SimGroup | null)?.clock.nowUs() ?? 0;
    throw witness.failure(error, `await simulate(${JSON.stringify(options)}, story)`, nowUs);
  }
}

/** The options that there are. */
const OPTION_NAMES: Readonly<Record<keyof SimulateOptions, true>> = {
  ...{ seed: true, layout: true, spares: true, deviceMib: true, logMib: true, deviceCount: true },
  ...{ volumes: true, storageOptions: true, proxyOptions: true, archiveOptions: true },
  ...{ faults: true, judgeAtEnd: true },
};

/** A misspelt fault or option would leave out what a test is about, and pass. Throws FormatError. */
function checkOptions(options: SimulateOptions): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(OPTION_NAMES, name)) continue;
    throw new FormatError(
      `simulate: there is no option ${name}, there are ${Object.keys(OPTION_NAMES).join(', ')}.`,
    );
  }
  for (const [i, fault] of (options.faults ?? []).entries()) checkFault(fault, `simulate: fault ${i}`);
}

/** Whatever takes the power of a storage's host away, the ledgers of its devices hear of it. */
function tellOfPowerLosses(group: SimGroup, site: Site): void {
  for (const name of group.layout.storages) {
    group.host(name).watch = {
      powerLost: () => {
        for (const [i] of group.devices(name).entries()) {
          site.device(group.server(name), i).ledger.powerLoss();
        }
      },
    };
  }
}

/** The end of a story as in scenarios: applications rest, every listed snapshot is judged. A story may judge nothing. */
async function judged(group: SimGroup, site: Site): Promise<string> {
  group.simulation.faults.calm();
  try {
    return (await site.finish()).summary;
  } catch (error) {
    if (!(error instanceof StoryError)) throw error;
    throw new StoryError(`${error.message} (at the end; judgeAtEnd: false leaves this judgement out)`, {
      cause: error,
    });
  }
}

async function simulateHistory<T>(
  history: HistoryToSimulate,
  story: (site: ChaosSite) => Promise<T>,
  watch: WatchOptions,
): Promise<SimulatedHistory<T>> {
  const witness = new Witness();
  const told: { value?: T; error?: SimulationFailure } = {};
  const whole = historyOfStory({ history });
  const replay = `await simulate(${JSON.stringify({ ...whole, layout: changedFields(whole.layout) })})`;
  const outcome = await runChaos(whole, await nodeMachine(), {
    log: (line) => witness.log(line),
    onOperation: (operation) => {
      const line = operationText(operation);
      witness.step(line);
      watch.say?.(line);
    },
    ...(watch.trace === undefined ? {} : { trace: watch.trace }),
    afterwards: async (site) => {
      try {
        told.value = await story(site);
      } catch (error) {
        told.error = witness.failure(error, replay, site.simulation.nowUs);
      }
    },
  });
  if (told.error !== undefined) throw told.error;
  const { failure } = outcome;
  if (failure === null) return { ...outcome, value: told.value as T };
  const message = `the property ${failure.property} does not hold (${failure.place}): ${failure.message}`;
  throw witness.failure(new Error(message), replay, failure.atUs);
}
