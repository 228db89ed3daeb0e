import { type CrashPlan, DECLARED_STEPS, learnTour, planCrashes } from '../../sim/chaos/crash-points.ts';
import { EXCLUDED_STEPS } from '../../sim/chaos/excluded-steps.ts';
import type { ChaosMachine } from '../../sim/chaos/run.ts';
import { TOURS } from '../../sim/chaos/tours.ts';
import type { ChaosJob, ChaosResult } from './job.ts';

/** What a run over crash points covered. */
export interface CrashCoverage {
  readonly declaredSteps: number;
  readonly excluded: readonly { readonly step: string; readonly reason: string }[];
  readonly points: number;
  /** Points whose crash struck in a history that went on and converged. */
  readonly survived: number;
  readonly steps: number;
  readonly stepsSurvived: number;
  /** Steps that no tour reaches, though they are not excluded. */
  readonly unreached: readonly string[];
  /** Points whose crash never struck. */
  readonly unstruck: readonly string[];
}

/** Profiles whose runs crash every step in every way; the others crash each step once. */
const WHOLE_PROFILES: readonly string[] = ['nightly', 'cruel'];

/** Learns which steps the tours reach, and plans the crashes. */
export async function crashPlan(profile: string, seed: number, machine: ChaosMachine): Promise<CrashPlan> {
  const learned = [];
  for (const { history } of TOURS) learned.push(await learnTour(history, machine));
  return planCrashes(learned, WHOLE_PROFILES.includes(profile), seed);
}

/** So many runs of the plan, evenly spread; which ones depends on the seed. */
export function sampleOf(plan: CrashPlan, count: number, seed: number): CrashPlan {
  const { length } = plan.runs;
  const chosen = new Set(
    Array.from({ length: count }, (_, i) => (Math.floor((i * length) / count) + seed) % length),
  );
  return { ...plan, runs: plan.runs.filter((_, i) => chosen.has(i)) };
}

/** Jobs of a plan; `seed` of each is its place in the plan. */
export function crashJobs({ runs }: CrashPlan, profile: string, maxShrinkRuns: number): ChaosJob[] {
  return runs.map(({ history }, seed) => ({ seed, profile, maxShrinkRuns, wantsDigest: false, history }));
}

/** `results` of the jobs of the plan, in any order. */
export function crashCoverage(
  { runs, unreached }: CrashPlan,
  results: readonly ChaosResult[],
): CrashCoverage {
  const struck = new Map(results.map((result) => [result.seed, result]));
  const unstruck: string[] = [];
  const failedSteps = new Set<string>();
  let survived = 0;
  for (const [seed, { point }] of runs.entries()) {
    const result = struck.get(seed);
    const name = `${point.step} ${point.phase} ${point.how}`;
    const isStruck = result?.struckSteps.includes(point.step) === true;
    if (!isStruck) unstruck.push(name);
    if (isStruck && result?.found === null) survived += 1;
    else failedSteps.add(point.step);
  }
  const steps = new Set(runs.map(({ point }) => point.step));
  return {
    declaredSteps: DECLARED_STEPS.length,
    excluded: [...EXCLUDED_STEPS].map(([step, reason]) => ({ step, reason })),
    points: runs.length,
    survived,
    steps: steps.size + unreached.length,
    stepsSurvived: steps.size - failedSteps.size,
    unreached,
    unstruck,
  };
}

export function crashCoverageText(coverage: CrashCoverage): string {
  const { declaredSteps, excluded, points, survived, steps, stepsSurvived, unreached, unstruck } = coverage;
  const percent = ((100 * stepsSurvived) / steps).toFixed(1);
  const byReason = new Map<string, string[]>();
  for (const { step, reason } of excluded) byReason.set(reason, [...(byReason.get(reason) ?? []), step]);
  return [
    `crash points: ${survived} of ${points} struck and survived; steps ${stepsSurvived} of ${steps} (${percent} %), ${declaredSteps} declared, ${excluded.length} excluded`,
    ...(unreached.length > 0 ? [`  never reached: ${unreached.join(', ')}`] : []),
    ...(unstruck.length > 0 ? [`  never struck: ${unstruck.join(', ')}`] : []),
    '  excluded:',
    ...[...byReason].flatMap(([reason, names]) => [`    ${reason}:`, `      ${names.join(', ')}`]),
    '',
  ].join('\n');
}
