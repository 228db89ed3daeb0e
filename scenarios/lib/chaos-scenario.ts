import { FormatError } from '../../core/errors.ts';
import { failureSignature } from '../../sim/chaos/failure.ts';
import { type ChaosMachine, type ChaosOutcome, runChaos } from '../../sim/chaos/run.ts';
import { type ChaosStory, historyOfStory } from '../../sim/chaos/story.ts';
import { faultText, whatIsDone } from '../../sim/chaos/words.ts';
import type { SimulationOptions } from '../../sim/simulation.ts';
import type { Scenario, ScenarioOutcome } from './scenario.ts';
import type { SimulatedRun } from './simulate.ts';
import { type Say, virtualTimeText } from './story.ts';

/** True for a value that a file exports and that holds a chaos history (docs/chaos.md, "Scenario files"). */
export function isChaosStory(value: unknown): value is ChaosStory {
  const { name, purpose, history } = (value ?? {}) as Record<string, unknown>;
  return [name, purpose].every((text) => typeof text === 'string') && typeof history === 'object';
}

/** A chaos history as a scenario. It is played by the simulation alone. Throws FormatError on a bad history. */
export function chaosScenario(story: ChaosStory): Scenario {
  const { name, purpose } = story;
  let history: ReturnType<typeof historyOfStory>;
  try {
    history = historyOfStory(story);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(`${name}: ${error.message}`);
  }
  return {
    name,
    purpose,
    layout: history.layout.group,
    needs: ['virtual-time'],
    history,
    run: async () => ({
      passed: false,
      isNotApplicable: true,
      summary: 'a history of chaos is played by the simulation alone',
    }),
  };
}

/** Plays the history of a scenario and tells it. The seed is the history's own. */
export async function playChaos(
  history: NonNullable<Scenario['history']>,
  machine: ChaosMachine,
  say: Say,
  options: Partial<Pick<SimulationOptions, 'log' | 'trace'>> = {},
): Promise<SimulatedRun> {
  say(`A history of chaos with seed ${history.seed} and ${history.faults.length} faults:`);
  for (const fault of history.faults) say(`  ${faultText(fault)}`);
  const outcome = await runChaos(history, machine, {
    ...(options.log == null ? {} : { log: options.log }),
    ...(options.trace == null ? {} : { trace: options.trace }),
    onOperation: (operation, _, nowUs) => say(`${virtualTimeText(nowUs)} > ${whatIsDone(operation)}`),
  });
  for (const line of outcome.failure?.message.split('\n') ?? []) say(`  ${line}`);
  return {
    result: verdictOf(outcome),
    figures: { virtualTimeUs: outcome.virtualTimeUs, eventCount: outcome.eventCount },
  };
}

function verdictOf({ failure, counts, writes, crashes, otherFaults }: ChaosOutcome): ScenarioOutcome {
  if (failure !== null) {
    const [first] = failure.message.split('\n');
    return { passed: false, summary: `${failureSignature(failure)}: ${first}` };
  }
  const { operations, judged } = counts;
  return {
    passed: true,
    summary: `${operations} operations, ${writes} writes, ${crashes} crashes, ${otherFaults} other faults, ${judged} images judged`,
  };
}
