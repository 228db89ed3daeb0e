import { describe, expect, it } from 'vitest';
import type { ChaosJob } from '../../../cli/chaos/job.ts';
import { chaosMachine } from '../../../cli/chaos/one.ts';
import { type PointPlanner, pointPlanner } from '../../../cli/chaos/points.ts';
import type { runChaosPool } from '../../../cli/chaos/pool.ts';
import { chaos } from '../../../cli/chaos.ts';
import type { CrashRun } from '../../../sim/chaos/crash-points.ts';
import type { ErrorRun } from '../../../sim/chaos/error-points.ts';
import { TOURS } from '../../../sim/chaos/tours.ts';
import { captured, chaosFolder, chaosOptions, PASSED, ROT, ROTTEN } from './chaos-kit.ts';

const folder = chaosFolder();
const OPTIONS = chaosOptions(folder);

describe('walbox chaos --crash-points', () => {
  const crashOptions = { ...OPTIONS, crashPoints: true, seeds: 40, shrink: false };
  // The tours are learned once: here it matters what is told of their crashes.
  const onePlan = pointPlanner(chaosMachine);

  /** Every crash strikes and is survived, but for one that does not strike and one that fails. */
  const pool =
    (unstruck: number, failing: number): typeof runChaosPool =>
    async (_, next, onResult) => {
      let count = 0;
      for (let job = next(); job !== null; job = next(), count++) {
        const crash = job.history?.faults.at(-1);
        const step = crash?.kind === 'crash' && crash.step !== null ? crash.step : '';
        const found = count === failing ? { failure: ROT, history: ROTTEN, shrinkRuns: 0 } : null;
        onResult({ ...PASSED, seed: job.seed, found, struckSteps: count === unstruck ? ['other'] : [step] });
      }
    };

  it('tells what was covered, and ends with 0 where all was survived', async () => {
    const { code, out } = await captured(() => chaos(crashOptions, pool(-1, -1), onePlan));
    const { coverage } = JSON.parse(out) as { coverage: Record<string, number> };
    expect(coverage).toMatchObject({ points: 40, survived: 40, steps: 40, stepsSurvived: 40, unstruck: [] });
    expect(code).toBe(0);
  });

  it('ends with 1 where a crash did not strike', async () => {
    const { code, out } = await captured(() => chaos(crashOptions, pool(3, -1), onePlan));
    expect(JSON.parse(out)).toMatchObject({ coverage: { survived: 39, unstruck: [expect.any(String)] } });
    expect(code).toBe(1);
  });

  it('ends with 1 where a crash was not survived', async () => {
    const failed = await captured(() => chaos({ ...crashOptions, reporter: 'text' }, pool(-1, 3), onePlan));
    expect(failed.out).toContain('crash points: 39 of 40 struck and survived');
    expect(failed.out).toContain("a call of the operator's program");
    expect(failed.code).toBe(1);
  });
});

describe('walbox chaos --crash-points --error-points', () => {
  const [{ history, name }] = TOURS as [(typeof TOURS)[number]];
  const makePlan: PointPlanner = async (kind) => ({
    runs: ['storage.state.save', 'archive.wdiff.sync'].map((step) => {
      const crash = { step, phase: 'before', how: 'kill', title: `${step} before kill` } as const;
      const error = { step, call: 'file.sync', code: 'EIO', effect: 'none' } as const;
      const point = kind === 'crash' ? crash : { ...error, title: `${step} file.sync EIO none` };
      return { history, tour: name, point } as CrashRun | ErrorRun;
    }),
    unreached: kind === 'crash' ? ['proxy.never'] : [],
  });
  const pool: typeof runChaosPool = async (_, next, onResult) => {
    for (let job = next(); job !== null; job = next()) {
      const [struckSteps, struckCalls] = [['storage.state.save'], ['storage.state.save file.sync']];
      onResult({ ...PASSED, seed: job.seed, struckSteps, struckCalls });
    }
  };
  const both = { ...OPTIONS, crashPoints: true, errorPoints: true, seeds: null };

  it('is one document in each format, which tells what is wrong', async () => {
    const json = await captured(() => chaos(both, pool, makePlan));
    expect(JSON.parse(json.out)).toMatchObject({
      crashPoints: { histories: 2, coverage: { unreached: ['proxy.never'], notRun: 0 } },
      errorPoints: { histories: 2, coverage: { unstruck: ['archive.wdiff.sync file.sync EIO none'] } },
    });
    const { out } = await captured(() => chaos({ ...both, reporter: 'junit' }, pool, makePlan));
    expect(out.split('<?xml').length - 1).toBe(1);
    expect(out).toContain('name="walbox chaos --crash-points" tests="3" failures="2"');
    expect(out).toContain('name="walbox chaos --error-points" tests="2" failures="1"');
    expect(out).toContain(
      'name="proxy.never" time="0">\n      <failure message="no tour reaches the step"/>',
    );
    const github = await captured(() => chaos({ ...both, reporter: 'github' }, pool, makePlan));
    expect(github.out).toContain('::error title=archive.wdiff.sync before kill::the point never struck\n');
    expect(github.out).toContain('crash points: 1 of 2 struck and survived');
    expect([json.code, github.code]).toEqual([1, 1]);
  });

  it('does not call points unstruck that were not run', async () => {
    const fails: typeof runChaosPool = async (_, next, onResult) => {
      const job = next() as ChaosJob;
      const found = { failure: ROT, history: ROTTEN, shrinkRuns: 0 };
      onResult({ ...PASSED, seed: job.seed, struckSteps: ['storage.state.save'], found });
      expect(next()).toBeNull();
    };
    const options = { ...both, errorPoints: false, bail: true, reporter: 'text' } as const;
    const { code, out } = await captured(() => chaos(options, fails, makePlan));
    expect(out).toContain('\n  not run: 1\n');
    expect(out).not.toContain('never struck');
    expect(code).toBe(1);
  });
});

describe('walbox chaos --error-points', () => {
  it('tells which failing calls were survived, by call and way', async () => {
    const point = (step: string, call: string) => ({ step, call, code: 'EIO', effect: 'none' }) as const;
    const points = [
      ...['file.sync', 'file.rename'].map((call) => point('storage.state.save', call)),
      ...['file.sync', 'file.open'].map((call) => point('archive.wdiff.sync', call)),
    ];
    const [{ history, name }] = TOURS as [(typeof TOURS)[number]];
    const makePlan: PointPlanner = async (kind) => {
      expect(kind).toBe('error');
      const runs = points.map((of) => ({
        point: { ...of, title: `${of.step} ${of.call} EIO none` },
        ...{ history, tour: name },
      }));
      return { runs, unreached: [] };
    };
    const pool =
      (unstruck: number): typeof runChaosPool =>
      async (_, next, onResult) => {
        for (let job = next(); job !== null; job = next()) {
          const { step, call } = points[job.seed] as (typeof points)[number];
          const struckCalls = job.seed === unstruck ? [] : [`${step} ${call}`];
          onResult({ ...PASSED, seed: job.seed, struckCalls });
        }
      };
    const options = { ...OPTIONS, seeds: null, errorPoints: true, reporter: 'text' } as const;
    const { code, out } = await captured(() => chaos(options, pool(2), makePlan));
    expect(out).toContain('error points: 3 of 4 struck and survived; steps 1 of 2');
    expect(out).toContain('\n  file.sync EIO none    1 of 2\n');
    expect(out).toContain('never struck: archive.wdiff.sync file.sync EIO none');
    expect(code).toBe(1);
    expect((await captured(() => chaos(options, pool(-1), makePlan))).code).toBe(0);
  });
});
