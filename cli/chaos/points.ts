import {
  type CallCounts,
  type CrashRun,
  DECLARED_STEPS,
  learnTour,
  planCrashes,
} from '../../sim/chaos/crash-points.ts';
import { type ErrorRun, planErrors } from '../../sim/chaos/error-points.ts';
import { EXCLUDED_STEPS } from '../../sim/chaos/excluded-steps.ts';
import type { ChaosMachine } from '../../sim/chaos/run.ts';
import { TOURS } from '../../sim/chaos/tours.ts';
import type { ChaosJob, ChaosResult } from './job.ts';

/** What strikes at the points of a run. */
export type PointKind = 'crash' | 'error';

/** The plan of a run over points, and the steps that no tour reaches. */
export interface PointPlan {
  readonly runs: readonly (CrashRun | ErrorRun)[];
  readonly unreached: readonly string[];
}

/** Points of one sort: a phase and a way to die, or a call and a way to fail. */
export interface SortCoverage {
  readonly sort: string;
  readonly points: number;
  readonly survived: number;
}

/** What a run over points covered. */
export interface PointCoverage {
  readonly declaredSteps: number;
  readonly excluded: readonly { readonly step: string; readonly reason: string }[];
  readonly points: number;
  /** Points that struck in a history that went on and converged. */
  readonly survived: number;
  readonly steps: number;
  readonly stepsSurvived: number;
  /** By what follows the step in the points' titles. */
  readonly sorts: readonly SortCoverage[];
  /** Steps that no tour reaches, though they are not excluded. */
  readonly unreached: readonly string[];
  /** Points whose histories went on without them. */
  readonly unstruck: readonly string[];
  /** Points whose histories were not run, for a failure or the operator ended it before. */
  readonly notRun: number;
}

/** Profiles whose runs strike every step in every way; the others strike each step once. */
const WHOLE_PROFILES: readonly string[] = ['nightly', 'cruel'];

/** Plans what strikes at the steps that the tours reach. */
export type PointPlanner = (kind: PointKind, profile: string, seed: number) => Promise<PointPlan>;

/** A planner that goes through the tours once, whatever is planned then. */
export function pointPlanner(newMachine: () => Promise<ChaosMachine>): PointPlanner {
  let learned: Promise<CallCounts[]> | null = null;
  return async (kind, profile, seed) => {
    learned ??= newMachine().then(learnTours);
    const plan = kind === 'crash' ? planCrashes : planErrors;
    return plan(await learned, WHOLE_PROFILES.includes(profile), seed);
  };
}

async function learnTours(machine: ChaosMachine): Promise<CallCounts[]> {
  const learned: CallCounts[] = [];
  for (const { history } of TOURS) learned.push(await learnTour(history, machine));
  return learned;
}

/** So many runs of the plan, evenly spread; which ones depends on the seed. */
export function sampleOf(plan: PointPlan, count: number, seed: number): PointPlan {
  const { length } = plan.runs;
  const chosen = new Set(
    Array.from({ length: count }, (_, i) => (Math.floor((i * length) / count) + seed) % length),
  );
  return { ...plan, runs: plan.runs.filter((_, i) => chosen.has(i)) };
}

/** Jobs of a plan; `seed` of each is its place in the plan. */
export function pointJobs({ runs }: PointPlan, profile: string, maxShrinkRuns: number): ChaosJob[] {
  return runs.map(({ history }, seed) => ({ seed, profile, maxShrinkRuns, wantsDigest: false, history }));
}

function hasStruck({ point }: CrashRun | ErrorRun, result: ChaosResult): boolean {
  return 'call' in point
    ? result.struckCalls.includes(`${point.step} ${point.call}`)
    : result.struckSteps.includes(point.step);
}

/** `results` of the jobs of the plan, in any order. */
export function pointCoverage(
  { runs, unreached }: PointPlan,
  results: readonly ChaosResult[],
): PointCoverage {
  const bySeed = new Map(results.map((result) => [result.seed, result]));
  const unstruck: string[] = [];
  const failedSteps = new Set<string>();
  const sorts = new Map<string, { points: number; survived: number }>();
  let [survived, notRun] = [0, 0];
  for (const [seed, run] of runs.entries()) {
    const { step, title } = run.point;
    const sort = title.slice(step.length + 1);
    const counts = sorts.get(sort) ?? { points: 0, survived: 0 };
    sorts.set(sort, counts);
    counts.points += 1;
    const result = bySeed.get(seed);
    const isStruck = result !== undefined && hasStruck(run, result);
    if (result === undefined) notRun += 1;
    else if (!isStruck) unstruck.push(title);
    if (isStruck && result.found === null) {
      survived += 1;
      counts.survived += 1;
    } else failedSteps.add(step);
  }
  const steps = new Set(runs.map(({ point }) => point.step));
  return {
    declaredSteps: DECLARED_STEPS.length,
    excluded: [...EXCLUDED_STEPS].map(([step, reason]) => ({ step, reason })),
    points: runs.length,
    survived,
    steps: steps.size + unreached.length,
    stepsSurvived: steps.size - failedSteps.size,
    sorts: [...sorts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([sort, counts]) => ({ sort, ...counts })),
    unreached,
    unstruck,
    notRun,
  };
}

export function pointCoverageText(kind: PointKind, coverage: PointCoverage): string {
  const { declaredSteps, excluded, points, survived, steps, stepsSurvived, unreached, unstruck, notRun } =
    coverage;
  const percent = ((100 * stepsSurvived) / steps).toFixed(1);
  const byReason = new Map<string, string[]>();
  for (const { step, reason } of excluded) byReason.set(reason, [...(byReason.get(reason) ?? []), step]);
  const width = Math.max(0, ...coverage.sorts.map(({ sort }) => sort.length));
  return [
    `${kind} points: ${survived} of ${points} struck and survived; steps ${stepsSurvived} of ${steps} (${percent} %), ${declaredSteps} declared, ${excluded.length} excluded`,
    ...coverage.sorts.map(({ sort, ...of }) => `  ${sort.padEnd(width)}  ${of.survived} of ${of.points}`),
    ...(unreached.length > 0 ? [`  never reached: ${unreached.join(', ')}`] : []),
    ...(notRun > 0 ? [`  not run: ${notRun}`] : []),
    ...(unstruck.length > 0 ? [`  never struck: ${unstruck.join(', ')}`] : []),
    '  excluded:',
    ...[...byReason].flatMap(([reason, names]) => [`    ${reason}:`, `      ${names.join(', ')}`]),
    '',
  ].join('\n');
}
