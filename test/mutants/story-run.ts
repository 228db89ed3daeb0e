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

/** Scenarios and histories that are run without a mistake at a time. */
const VERIFIED_AT_ONCE = 6;

/** Plants each mistake and looks which scenario or history of chaos turns red. */
export async function runStoryMutants(
  root: string,
  mutants: readonly StoryMutant[],
  jobs: number,
  limits: StoryLimits,
  progress: Progress,
): Promise<Row[]> {
  const houses = Array.from({ length: Math.min(jobs, mutants.length) }, () => new GuestHouse(root));
  try {
    const rows: Row[] = [];
    await inParallel(houses, mutants, async (house, mutant) => {
      const row = await tryMutant(root, house, mutant, limits);
      rows.push(row);
      progress.done(row);
    });
    return await withoutRedAnyway(houses, rows);
  } finally {
    for (const house of houses) house.remove();
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
async function withoutRedAnyway(houses: readonly GuestHouse[], rows: readonly Row[]): Promise<Row[]> {
  const scenarios = new Set<string>();
  const histories: NamedHistory[] = [];
  for (const { mutant, caught } of rows) {
    if (caught?.by === 'scenario') scenarios.add(caught.scenario);
    if (caught?.by !== 'chaos') continue;
    if (caught.history !== null) histories.push({ name: mutant.name, history: caught.history });
    histories.push({ name: mutant.name, history: caught.shrunk });
  }
  const red = new Map<string, string>();
  const parts = [
    ...pieces([...scenarios]).map((piece) => ({ scenarios: piece, histories: [] })),
    ...pieces(histories).map((piece) => ({ scenarios: [], histories: piece })),
  ];
  console.log(`without a mistake: ${scenarios.size} scenarios, ${histories.length} histories of chaos`);
  await inParallel(houses, parts, async (house, part) => {
    const run = await house.run(null, { kind: 'verify', ...part });
    if (run.broken !== null) throw new Error(`The program without mistakes: ${run.broken}`);
    for (const { name, reason } of run.red) red.set(name, reason);
    if (run.caught !== null && run.caught.by === 'end') red.set(run.caught.what, run.caught.reason);
  });
  return rows.map((row) => {
    const name = row.caught?.by === 'scenario' ? row.caught.scenario : row.mutant.name;
    const reason = red.get(name);
    if (row.caught === null || reason === undefined) return row;
    return { ...row, verdict: 'RED ANYWAY', detail: `without the mistake, too: ${reason}` };
  });
}

function pieces<T>(items: readonly T[]): T[][] {
  const count = Math.ceil(items.length / VERIFIED_AT_ONCE);
  return Array.from({ length: count }, (_, i) =>
    items.slice(i * VERIFIED_AT_ONCE, (i + 1) * VERIFIED_AT_ONCE),
  );
}
