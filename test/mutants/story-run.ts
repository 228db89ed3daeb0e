import { SCENARIOS } from '../../scenarios/index.ts';
import { failureSignature } from '../../sim/chaos/failure.ts';
import { GuestHouse } from './guest-run.ts';
import type { Caught, NamedHistory, Stage } from './guest-words.ts';
import { misfit, type StoryMutant } from './mutant.ts';
import { inParallel, printRow, type Row } from './rows.ts';

/** How far mistakes are looked for. */
export interface StoryLimits {
  /** Seeds of chaos for each mutant. */
  readonly seedCount: number;
  /** Runs for shrinking what was found. */
  readonly maxShrinkRuns: number;
  /** Where the hint leads only; else the rest of chaos and the whole catalogue, too. */
  readonly isHintOnly: boolean;
}

/** Plants each mistake and looks which scenario or history of chaos turns red. */
export async function runStoryMutants(
  root: string,
  mutants: readonly StoryMutant[],
  jobs: number,
  limits: StoryLimits,
): Promise<Row[]> {
  const houses = Array.from({ length: Math.min(jobs, mutants.length) }, () => new GuestHouse(root));
  try {
    const rows: Row[] = [];
    await inParallel(houses, mutants, 'story mutants', async (house, mutant) => {
      const row = await tryMutant(root, house, mutant, limits);
      rows.push(row);
      printRow(row);
    });
    return await withoutRedAnyway(houses, rows);
  } finally {
    for (const house of houses) house.remove();
  }
}

/** Where the hint says first; then chaos, the catalogue, and worse chaos. */
function stagesOf({ hint }: StoryMutant, { seedCount, isHintOnly }: StoryLimits): Stage[] {
  const chaos = (profile: string, firstSeed: number, count: number): Stage => {
    return { kind: 'chaos', profile, firstSeed, seedCount: count };
  };
  const first: Stage =
    'scenarios' in hint
      ? { kind: 'scenarios', scenarios: hint.scenarios }
      : chaos(hint.profile, hint.firstSeed ?? 1, seedCount);
  if (isHintOnly) return [first];
  const catalogue: Stage = { kind: 'scenarios', scenarios: SCENARIOS.map(({ name }) => name) };
  const worse = chaos('nightly', 1, Math.ceil(seedCount / 2));
  const wide = [chaos('crashes', 1, seedCount), chaos('ci', 1, seedCount), catalogue, worse];
  return 'scenarios' in hint || hint.profile !== 'crashes' ? [first, ...wide] : [first, ...wide.slice(1)];
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
  const stages = stagesOf(mutant, limits);
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
      const { profile, seed, seedCount, failure, shrunk, shrinkRuns } = caught;
      const steps = stepCount(caught);
      const parts = `${shrunk.operations.length} operations, ${shrunk.faults.length} faults`;
      return `chaos, ${failureSignature(failure)} (${profile}, seed ${seed}, ${seedCount} run, shrunk to ${steps} steps: ${parts}; ${shrinkRuns} runs): ${firstLine(failure.message)}`;
    }
  }
}

/** Operations and faults of what was left. */
export function stepCount({ shrunk }: Extract<Caught, { by: 'chaos' }>): number {
  return shrunk.operations.length + shrunk.faults.length;
}

/** Everything that noticed a mistake must pass without one, else its red means nothing. */
async function withoutRedAnyway(houses: readonly GuestHouse[], rows: readonly Row[]): Promise<Row[]> {
  const scenarios = new Set<string>();
  const histories: NamedHistory[] = [];
  for (const { mutant, caught } of rows) {
    if (caught?.by === 'scenario') scenarios.add(caught.scenario);
    if (caught?.by !== 'chaos') continue;
    histories.push({ name: mutant.name, history: caught.history });
    histories.push({ name: mutant.name, history: caught.shrunk });
  }
  const red = new Map<string, string>();
  const parts = split([...scenarios], houses.length).map((part, i) => {
    return { scenarios: part, histories: split(histories, houses.length)[i] ?? [] };
  });
  await inParallel(houses, parts, 'without mistakes', async (house, part) => {
    const run = await house.run(null, { kind: 'verify', ...part });
    if (run.broken !== null) throw new Error(`The program without mistakes: ${run.broken}`);
    for (const { name, reason } of run.red) red.set(name, reason);
    if (run.caught !== null && run.caught.by === 'end') red.set(run.caught.what, run.caught.reason);
  });
  return rows.map((row) => {
    const name = row.caught?.by === 'scenario' ? row.caught.scenario : row.mutant.name;
    const reason = red.get(name);
    if (row.caught === null || reason === undefined) return row;
    const found: Row = { ...row, verdict: 'RED ANYWAY', detail: `without the mistake, too: ${reason}` };
    printRow(found);
    return found;
  });
}

function split<T>(items: readonly T[], count: number): T[][] {
  return Array.from({ length: count }, (_, at) => items.filter((_, i) => i % count === at));
}
