import { expect, it } from 'vitest';
import { runOne } from '../../cli/run.ts';
import { crashPointsArchive, crashPointsTransfer } from '../../scenarios/crash-points.ts';

it.each([crashPointsTransfer, crashPointsArchive].map((scenario) => [scenario.name, scenario] as const))(
  '%s: passes',
  async (_, scenario) => {
    const story: string[] = [];
    const report = await runOne(scenario, { seed: 1, image: null }, (line) => story.push(line));
    expect(report.status, [report.summary, ...story.slice(-12)].join('\n')).toBe('passed');
    const count = (what: string) => story.filter((line) => line.includes(what)).length;
    // Each step has calls at which the power went, and ends with an attempt without such a call.
    expect(count(': dark')).toBeGreaterThan(25);
    expect(count(': no such call')).toBeGreaterThan(3);
  },
);
