import { SCENARIOS } from '../../scenarios/index.ts';
import { failureSignature } from '../../sim/chaos/failure.ts';
import { GuestHouse } from './guest-run.ts';
import type { Caught, NamedHistory, Stage } from './guest-words.ts';
import { misfit, type StoryMutant } from './mutant.ts';
import { readRecord } from './records.ts';
import { inParallel, type Progress, type Row } from './rows.ts';

/** How far mistakes are looked for. */
export interface StoryLimits {
  /** Seeds of chaos for each mutant. */
  readonly seedCount: number;
  /** Runs for shrinking what was found. */
  readonly maxShrinkRuns: number;
  /** Where the hint leads only; else the rest of chaos and the whole catalogue, too. */
  readonly isHintOnly: boolean;
  /** As if no mutant had a record of what noticed it. */
  readonly isFresh: boolean;
}

/** Plants each mistake and looks which scenario or history of chaos turns red. */
export async function runStoryMutants(
  root: string,
  mutants: readonly StoryMutant[],
  jobs: number,
  limits: StoryLimits,
  progress: Progress,
): Promise<void> {
  const houses = Array.from({ length: Math.min(jobs, mutants.length) }, () => {
    return { guilty: new GuestHouse(root), innocent: new GuestHouse(root) };
  });
  const innocence = new Innocence();
  try {
    await inParallel(houses, mutants, async ({ guilty, innocent }, mutant) => {
      if (progress.isTimeUp()) return;
      const row = await tryMutant(root, guilty, mutant, limits);
      progress.done(await innocence.proven(innocent, row));
    });
  } finally {
    for (const { guilty, innocent } of houses) for (const house of [guilty, innocent]) house.remove();
  }
}

/** What is recorded first, then where the hint says; then chaos, the catalogue, and worse chaos. */
function stagesOf(root: string, { name, hint }: StoryMutant, limits: StoryLimits): Stage[] {
  const { seedCount, isHintOnly, isFresh } = limits;
  const chaos = (profile: string, count: number): Stage => {
    return { kind: 'chaos', profile, seedCount: count };
  };
  const saved = isFresh ? null : readRecord(root, name);
  const first: Stage[] = saved === null ? [] : [{ kind: 'record', saved }];
  if ('scenarios' in hint) first.push({ kind: 'scenarios', scenarios: hint.scenarios });
  else first.push(chaos(hint.profile, seedCount));
  if (isHintOnly) return first;
  const catalogue: Stage = { kind: 'scenarios', scenarios: SCENARIOS.map(({ name }) => name) };
  const worse = chaos('nightly', Math.ceil(seedCount / 2));
  const wide = [chaos('crashes', seedCount), chaos('ci', seedCount), catalogue, worse];
  return 'profile' in hint && hint.profile === 'crashes' ? [...first, ...wide.slice(1)] : [...first, ...wide];
}

async function tryMutant(
  root: string,
  house: GuestHouse,
  mutant: StoryMutant,
  limits: StoryLimits,
): Promise<Row> {
  const none = { mutant, seconds: 0, caught: null };
  const detail = misfit(root, mutant);
  if (detail !== null) return { ...none, verdict: 'DOES NOT FIT', detail };
  const stages = stagesOf(root, mutant, limits);
  const { maxShrinkRuns } = limits;
  const run = await house.run(mutant, { kind: 'search', stages, maxShrinkRuns });
  const { seconds, caught, broken } = run;
  if (broken !== null) return { ...none, seconds, verdict: 'NOT LOADED', detail: broken };
  if (caught === null) return { ...none, seconds, verdict: 'SURVIVED', detail: mutant.breaks };
  return { mutant, seconds, caught, verdict: 'noticed', detail: caughtText(caught) };
}

/** In a line: what noticed it and how. */
export function caughtText(caught: Caught): string {
  const firstLine = (text: string) => text.split('\n')[0]?.slice(0, 160) ?? '';
  switch (caught.by) {
    case 'scenario':
      return `scenario ${caught.scenario}: ${firstLine(caught.reason)}`;
    case 'end':
      return `${caught.what}: ${firstLine(caught.reason)}`;
    case 'chaos': {
      const { profile, seed, failure, history, shrunk, shrinkRuns } = caught;
      const parts = `${shrunk.operations.length} operations, ${shrunk.faults.length} faults`;
      const how = history === null ? 'its record' : `found and shrunk by ${shrinkRuns} runs`;
      return `chaos ${profile}, seed ${seed}, ${parts} (${how}): ${failureSignature(failure)}: ${firstLine(failure.message)}`;
    }
  }
}

/** Operations and faults of what was left. */
export function stepCount({ shrunk }: Extract<Caught, { by: 'chaos' }>): number {
  return shrunk.operations.length + shrunk.faults.length;
}

/** Everything that noticed a mistake must pass without one, else its red means nothing. */
class Innocence {
  /** Why a scenario is red without a mistake; null when it is green. */
  readonly #scenarios = new Map<string, Promise<string | null>>();

  /** The row, or one that says that it means nothing. `house`: where to look. */
  async proven(house: GuestHouse, row: Row): Promise<Row> {
    const reason = await this.#redAnyway(house, row);
    if (reason === null) return row;
    return { ...row, verdict: 'RED ANYWAY', detail: `without the mistake, too: ${reason}` };
  }

  #redAnyway(house: GuestHouse, { mutant: { name }, caught }: Row): Promise<string | null> {
    if (caught === null || caught.by === 'end') return Promise.resolve(null);
    if (caught.by === 'chaos') {
      const histories = caught.history === null ? [caught.shrunk] : [caught.history, caught.shrunk];
      const named = histories.map((history) => ({ name, history }));
      return redWithout(house, { scenarios: [], histories: named });
    }
    const { scenario } = caught;
    const known =
      this.#scenarios.get(scenario) ?? redWithout(house, { scenarios: [scenario], histories: [] });
    this.#scenarios.set(scenario, known);
    return known;
  }
}

async function redWithout(
  house: GuestHouse,
  what: { readonly scenarios: readonly string[]; readonly histories: readonly NamedHistory[] },
): Promise<string | null> {
  const { caught, red, broken } = await house.run(null, { kind: 'verify', ...what });
  if (broken !== null) throw new Error(`The program without mistakes: ${broken}`);
  return red[0]?.reason ?? (caught?.by === 'end' ? caught.reason : null);
}
