import { describe, expect, it } from 'vitest';
import type { ChaosResult } from '../../../cli/chaos/job.ts';
import {
  CHAOS_REPORTERS,
  type ChaosReporter,
  chaosReports,
  type SavedFailure,
} from '../../../cli/chaos/reporters.ts';
import { ALL_STEPS, type ChaosSummary, ChaosTally } from '../../../cli/chaos/summary.ts';
import { allTransitions } from '../../../sim/chaos/transitions.ts';
import { smallHistory } from '../../sim/chaos/kit.ts';

const RESULT: ChaosResult = {
  seed: 1,
  operations: 30,
  writes: 200,
  crashes: 3,
  otherFaults: 2,
  judged: 5,
  eventCount: 4000,
  virtualTimeUs: 60_000_000,
  realTimeS: 0.5,
  fired: [
    ['kill', 2],
    ['cut', 1],
  ],
  transitions: ['storage Clear>InitVol', 'storage nonsense'],
  steps: ['storage.start.take-base', 'other.step'],
  struckSteps: [],
  struckCalls: [],
  found: null,
  digest: null,
};
const MESSAGE = 'v0: <gone> & "lost", 50%\nsecond: line\u0007';
const FAILED: ChaosResult = {
  ...RESULT,
  seed: 7,
  operations: 50,
  found: {
    failure: { property: 'coverage', place: 'chain', message: MESSAGE, atUs: 3_500_000 },
    history: smallHistory(),
    shrinkRuns: 12,
  },
};
const SAVED = [{ result: FAILED, path: 'failures/chaos-ci-7.ts', historyPath: 'failures/chaos-ci-7.json' }];

function summaryOf(results: readonly ChaosResult[]) {
  const tally = new ChaosTally();
  for (const result of results) tally.add(result);
  return tally.summary('ci', 2);
}
const summary = summaryOf([RESULT, FAILED, { ...RESULT, seed: 2, writes: 300 }]);

describe('the figures of a run', () => {
  it('are counts, rates, medians and what was reached', () => {
    expect(summary).toMatchObject({
      ...{ histories: 3, failures: 1, historiesPerS: 1.5, eventsPerS: 6000, virtualTimeS: 180 },
      medians: { operations: 30, writes: 200, crashes: 3, otherFaults: 2, judged: 5 },
      fired: { cut: 3, kill: 6 },
      transitions: { reached: 1, total: allTransitions().length },
      steps: { reached: 1, total: ALL_STEPS.length },
    });
    expect(summary.steps.missing).not.toContain('storage.start.take-base');
    expect(summary.steps.missing).toHaveLength(ALL_STEPS.length - 1);
    expect(summaryOf([]).medians.operations).toBe(0);
  });
});

/** The report of drawn histories. */
const reportOf = (reporter: ChaosReporter, of: ChaosSummary, failures: readonly SavedFailure[]) =>
  chaosReports(reporter, [{ kind: null, summary: of, failures, coverage: null }]);

describe('the report', () => {
  it('as text names failure, size, and the commands that show it again', () => {
    const text = reportOf('text', summary, SAVED);
    for (const part of [
      'FAILED seed 7: coverage chain at 3.500 s',
      'v0: <gone> & "lost", 50%',
      '6 operations, 0 faults after 12 runs of shrinking',
      'npx walbox run ./failures/chaos-ci-7.ts',
      'npx walbox replay failures/chaos-ci-7.json',
      '3 histories (ci) in 2.0 s: 1 failed',
      'at the median 30 operations, 200 writes, 3 crashes, 2 other faults',
      'cut 3, kill 6',
    ]) {
      expect(text).toContain(part);
    }
    const one = reportOf('text', summaryOf([RESULT]), []);
    expect(one).toMatch(/^1 history \(ci\)/);
    expect(one).not.toContain('FAILED');
  });

  it('as JSON can be read by programs', () => {
    const value = JSON.parse(reportOf('json', summary, SAVED)) as Record<string, unknown>;
    expect(value).toMatchObject({
      histories: 3,
      found: [
        {
          ...{ seed: 7, property: 'coverage', place: 'chain', message: MESSAGE, shrinkRuns: 12 },
          ...{ path: 'failures/chaos-ci-7.ts', historyPath: 'failures/chaos-ci-7.json' },
        },
      ],
    });
  });

  it('as JUnit is XML with one case for each failure and one for the rest', () => {
    const text = reportOf('junit', summary, SAVED);
    expect(text).toContain('tests="2" failures="1"');
    expect(text).toContain('name="2 histories without failure"');
    expect(text).toContain('<failure message="coverage chain">');
    expect(text).toContain('v0: &lt;gone&gt; &amp; &quot;lost&quot;, 50%\nsecond: line?');
    for (const name of ['testsuites', 'testsuite', 'failure'])
      expect(text.split(`<${name}`).length - 1 - (name === 'testsuite' ? 1 : 0)).toBe(
        text.split(`</${name}>`).length - 1,
      );
  });

  it('for GitHub is an annotation for each failure and a group with the figures', () => {
    const lines = reportOf('github', summary, SAVED).split('\n');
    expect(lines[0]).toMatch(/^::error file=failures\/chaos-ci-7\.ts,title=seed 7%3A coverage chain::v0: </);
    expect(lines[0]).toContain('50%25%0Asecond: line');
    expect(lines[1]).toBe('::group::walbox chaos');
    expect(lines.at(-2)).toBe('::endgroup::');
  });

  it('of any kind ends with a line of its own', () => {
    for (const name of CHAOS_REPORTERS) {
      expect(reportOf(name, summaryOf([RESULT]), [])).toMatch(/\S\n$/);
    }
  });
});
