import { describe, expect, it } from 'vitest';
import { simulateScenario } from '../../scenarios/lib/simulate.ts';
import { runWorkerStay, workerMonth, workerStay } from '../../scenarios/worker-month.ts';

const DAYS = 5;
const stay = workerStay({ days: DAYS, volumes: 2 });
const input = { seed: 3, image: null };

describe('the worker', () => {
  it('keeps volumes within their periods, and every image is admissible', async () => {
    const lines: string[] = [];
    const { result, figures } = await simulateScenario(
      stay,
      input,
      (line) => lines.push(line),
      (group, story) => runWorkerStay(group, story, input, DAYS),
    );
    expect(result.outcome.passed).toBe(true);
    expect(result.outcome.summary).toMatch(
      /^2 volumes restored and admissible after 5 days, 4 applies and \d+ merges, at most \d+ diffs, \d+ events per volume-day$/,
    );
    expect(result.days).toHaveLength(DAYS);
    // Nothing is old enough to be applied in the first days, then the base follows.
    expect(result.days[1]?.minBaseAgeS).toBeGreaterThanOrEqual(2 * 86_400);
    expect(result.days[4]?.maxBaseAgeS).toBeLessThan(5 * 86_400);
    expect(figures.virtualTimeUs / 86_400e6).toBeGreaterThan(DAYS);
  });

  it('is missed when it does nothing: diffs pile up', async () => {
    const idle = simulateScenario(
      stay,
      input,
      () => {},
      (group, story) => runWorkerStay(group, story, input, DAYS, { isDryRun: true }),
    );
    await expect(idle).rejects.toThrow('day 2: no volume has more than 32 diffs');
  });

  it('is missed when it only merges: snapshots are kept too long', async () => {
    const merging = simulateScenario(
      stay,
      input,
      () => {},
      (group, story) => runWorkerStay(group, story, input, 6, { onlyStep: 5 }),
    );
    await expect(merging).rejects.toThrow(/day [56]: no (snapshot is kept|volume has more)/);
  });

  it('has a month of its own', () => {
    expect(workerMonth).toMatchObject({ name: 'worker-month', deviceCount: 20 });
  });
});
