import type { Group } from '../core/control/group.ts';
import type { Gid } from '../core/units.ts';
import {
  clearAndShutDown,
  fullBackup,
  grow,
  initialize,
  killEachServer,
  lookAround,
  overflow,
  removeRestored,
  restoreAll,
  takeSnapshots,
} from './lib/basic-backup/chapters.ts';
import { deviceMib, logMib, makeDay } from './lib/basic-backup/day.ts';
import { type RestoredRow, report } from './lib/basic-backup/report.ts';
import type { Scenario, ScenarioInput, ScenarioOutcome } from './lib/scenario.ts';
import type { Story } from './lib/story.ts';

/**
 * A basic backup day: the operator document "Basic backup operations" from "Initialize volumes" to "Shutdown
 * servers", in its order, on a real file system that changes from one generation to the next while an
 * application writes beside it. Every restored image is judged by the ledger.
 *
 * `lib/basic-backup/chapters.ts` tells the story, `verification.ts` restores and judges, `report.ts` makes the table at
 * the end, and `day.ts` has what all of them work with.
 */
export const basicBackup: Scenario = {
  name: 'basic-backup',
  purpose: 'The basic backup day of an operator, end to end, on a real file system, judged block by block',
  layout: 's0/p0/a0',
  needs: ['kill', 'grow'],
  deviceMib,
  logMib,
  run: async (group, story, input) => (await runBasicBackup(group, story, input)).outcome,
};

/** As the scenario, and what it restored; the images are kept only if there is a place for them. */
export async function runBasicBackup(
  group: Group,
  story: Story,
  input: ScenarioInput,
  images: Map<Gid, Uint8Array> | null = null,
): Promise<{ outcome: ScenarioOutcome; rows: readonly RestoredRow[] }> {
  const day = makeDay(group, story, input, images);
  await initialize(day);
  await fullBackup(day);
  await takeSnapshots(day);
  await restoreAll(day);
  await lookAround(day);
  await grow(day);
  await removeRestored(day);
  await killEachServer(day);
  await overflow(day);
  await clearAndShutDown(day);
  return { outcome: report(story, day.rows), rows: day.rows };
}
