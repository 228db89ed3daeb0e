import { beforeAll, describe, expect, it } from 'vitest';
import {
  type CallCounts,
  CRASH_PHASES,
  type CrashPlan,
  DECLARED_STEPS,
  learnTour,
  planCrashes,
} from '../../../sim/chaos/crash-points.ts';
import { CRASH_CALLS, ERROR_CALLS } from '../../../sim/chaos/draw-faults.ts';
import { type ErrorPlan, planErrors } from '../../../sim/chaos/error-points.ts';
import { EXCLUDED_STEPS } from '../../../sim/chaos/excluded-steps.ts';
import { runChaos } from '../../../sim/chaos/run.ts';
import { TOURS } from '../../../sim/chaos/tours.ts';
import type { CrashFault } from '../../../sim/fault-kinds.ts';
import { machine } from './kit.ts';

const learned: CallCounts[] = [];
let whole: CrashPlan;
let once: CrashPlan;
let allErrors: ErrorPlan;
let oneError: ErrorPlan;
beforeAll(async () => {
  for (const { history } of TOURS) learned.push(await learnTour(history, machine));
  whole = planCrashes(learned, true, 1);
  once = planCrashes(learned, false, 1);
  allErrors = planErrors(learned, true, 1);
  oneError = planErrors(learned, false, 1);
});

describe('crash points', () => {
  it('are all declared steps but those that are excluded with a reason', () => {
    expect(new Set(DECLARED_STEPS).size).toBe(DECLARED_STEPS.length);
    expect(whole.unreached).toEqual([]);
    const steps = new Set(whole.runs.map(({ point }) => point.step));
    expect([...steps, ...EXCLUDED_STEPS.keys()].sort()).toEqual([...DECLARED_STEPS].sort());
    expect(new Set(once.runs.map(({ point }) => point.step))).toEqual(steps);
    expect(once.runs).toHaveLength(steps.size);
  });

  it('are before, in the middle and behind each step, killed and without power', () => {
    const bySteps = new Map<string, Set<string>>();
    for (const { point } of whole.runs) {
      const seen = bySteps.get(point.step) ?? new Set();
      bySteps.set(point.step, seen.add(`${point.phase} ${point.how}`));
    }
    for (const [step, seen] of bySteps) {
      expect(seen.size, step).toBe(CRASH_PHASES.length * (step.startsWith('device.') ? 1 : 2));
    }
  });

  it('differ by seed where each step is crashed once', () => {
    const points = (plan: CrashPlan) => plan.runs.map(({ point }) => `${point.phase} ${point.how}`);
    expect(points(planCrashes(learned, false, 2))).not.toEqual(points(once));
    expect(new Set(points(once)).size).toBe(6);
  });

  it('name excluded steps that no server and no device comes to in a tour', () => {
    const reached = new Set(learned.flatMap((counts) => [...counts.keys()]));
    expect([...EXCLUDED_STEPS.keys()].filter((step) => reached.has(step))).toEqual([]);
    for (const [step, reason] of EXCLUDED_STEPS) {
      expect(DECLARED_STEPS, step).toContain(step);
      expect(reason.length).toBeGreaterThan(30);
    }
  });

  it('strike: a sample of them, and the history goes on', async () => {
    const every = Math.floor(once.runs.length / 12);
    for (const { point, history } of once.runs.filter((_, i) => i % every === 0)) {
      const { failure, struckSteps } = await runChaos(history, machine);
      const title = `${point.step} ${point.phase} ${point.how}`;
      expect(failure?.message, title).toBeUndefined();
      expect([...struckSteps], title).toContain(point.step);
    }
  });

  it('are armed behind what the tour has of its own', () => {
    for (const { history, tour, point } of whole.runs) {
      const own = TOURS.find(({ name }) => name === tour)?.history.faults.length;
      const crash = history.faults.at(-1) as CrashFault;
      expect(history.faults).toHaveLength((own as number) + 1);
      expect(crash).toMatchObject({ kind: 'crash', step: point.step, phase: point.phase, how: point.how });
    }
  });
});

describe('faults that are drawn', () => {
  it('are at calls that there are', () => {
    const made = new Set(
      learned.flatMap((counts) =>
        [...counts.values()].flatMap((callers) =>
          [...callers.values()].flatMap((calls) => [...calls.keys()].map((call) => call.split(' ')[0])),
        ),
      ),
    );
    expect([...CRASH_CALLS, ...ERROR_CALLS].filter((call) => !made.has(call))).toEqual([]);
  });
});

describe('error points', () => {
  const stepsOf = ({ runs }: ErrorPlan) => [...new Set(runs.map(({ point }) => point.step))].sort();

  it('are at all declared steps but those that are excluded with a reason', () => {
    expect(allErrors.unreached).toEqual([]);
    expect([...stepsOf(allErrors), ...EXCLUDED_STEPS.keys()].sort()).toEqual([...DECLARED_STEPS].sort());
    expect(stepsOf(oneError)).toEqual(stepsOf(allErrors));
    expect(oneError.runs).toHaveLength(stepsOf(allErrors).length);
    expect(new Set(allErrors.runs.map(({ point }) => point.title)).size).toBe(allErrors.runs.length);
  });

  it('are every call of a step, each in the ways in which it can fail', () => {
    const waysAt = (step: string) =>
      allErrors.runs
        .filter(({ point }) => point.step === step)
        .map(({ point }) => point.title.slice(step.length + 1));
    const changing = (call: string) => [`${call} EIO none`, `${call} EIO whole`];
    expect(waysAt('storage.state.save')).toEqual([
      ...[...changing('file.open create-new'), 'file.open create-new ENOSPC none'],
      ...[...changing('file.write'), 'file.write EIO part', 'file.write ENOSPC none'],
      ...[...changing('file.sync'), ...changing('file.rename'), 'file.rename ENOSPC none'],
      ...[...changing('file.change-mode'), ...changing('file.sync-directory')],
    ]);
    expect(waysAt('archive.volume.load-uuid')).toEqual([
      ...['file.open read EIO none', 'file.size EIO none', 'file.read EIO none'],
    ]);
    expect(waysAt('repl-sync.send-latest')).toEqual([
      ...['net.write ECONNRESET none', 'net.write ECONNRESET whole', 'net.write ECONNRESET part'],
    ]);
  });

  it('differ by seed where each step fails once', () => {
    const titles = (plan: ErrorPlan) => plan.runs.map(({ point }) => point.title);
    expect(titles(planErrors(learned, false, 2))).not.toEqual(titles(oneError));
  });

  it('strike: a sample of them, and the history goes on', async () => {
    const every = Math.floor(allErrors.runs.length / 5);
    for (const { point, history } of allErrors.runs.filter((_, i) => i % every === 5)) {
      const { failure, struckCalls } = await runChaos(history, machine);
      expect(failure?.message, point.title).toBeUndefined();
      expect([...struckCalls], point.title).toContain(`${point.step} ${point.call}`);
    }
  });
});
