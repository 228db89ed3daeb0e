import { expect, it } from 'vitest';
import { runOne } from '../../cli/run.ts';
import { crashPointsArchive, crashPointsTransfer } from '../../scenarios/crash-points.ts';
import { SAVE_CALLS } from '../../scenarios/lib/crash-points.ts';

it.each([
  [crashPointsTransfer.name, crashPointsTransfer, 10],
  [crashPointsArchive.name, crashPointsArchive, 20],
] as const)('%s: passes', async (_, scenario, leastSteps) => {
  const story: string[] = [];
  const report = await runOne(scenario, { seed: 1, image: null }, (line) => story.push(line));
  expect(report.status, [report.summary, ...story.slice(-12)].join('\n')).toBe('passed');
  // Each step has calls at which the power went, and ends with an attempt without such a call.
  const outcomes = outcomesByStep(story);
  expect(outcomes.size).toBeGreaterThanOrEqual(leastSteps);
  for (const [step, [first, ...later]] of outcomes) {
    expect(first, step).toBe('dark');
    const isAll = later.at(-1) === 'no such call' || later.length + 1 === SAVE_CALLS;
    expect(isAll, `${step}: ${[first, ...later].join(', ')}`).toBe(true);
  }
});

/** What became of the attempts of each host's steps, as the story tells it. */
function outcomesByStep(story: readonly string[]): Map<string, string[]> {
  const outcomes = new Map<string, string[]>();
  for (const line of story) {
    const [, step, what] = /(\w+: [\w.-]+), call \d+: (dark|no such call)/.exec(line) ?? [];
    if (step === undefined || what === undefined) continue;
    outcomes.set(step, [...(outcomes.get(step) ?? []), what]);
  }
  return outcomes;
}
