import { createHash } from 'node:crypto';
import type { Group } from '../core/control/group.ts';
import type { ServerConnectionParam } from '../core/control/server-layout.ts';
import { timeToPrintable } from '../core/format/time-text.ts';
import type { Gid, Lb } from '../core/units.ts';
import { LOGICAL_BLOCK_BYTES, MIB } from '../core/units.ts';
import { gidInfoToText } from '../core/snapshot/meta-text.ts';
import { KeyedRandom } from '../sim/random.ts';
import { fixtureImage } from './lib/fixtures.ts';
import { RecordedDevice } from './lib/recorded-device.ts';
import type { Scenario, ScenarioInput, ScenarioOutcome } from './lib/scenario.ts';
import type { Story } from './lib/story.ts';
import { RandomLoad, writeDifferences } from './lib/workload.ts';

/**
 * A basic backup day: the operator document "Basic backup operations" from "Initialize volumes" to "Shutdown
 * servers", in its order, on a real file system that changes from one generation to the next while an
 * application writes beside it. Every restored image is judged by the ledger.
 */

const VOL = 'vol0';
const DEVICE_MIB = 16;
const GROWN_MIB = 20;
const LB_PER_MIB = MIB / LOGICAL_BLOCK_BYTES;

/** A restored snapshot and what became of it: a row of the table at the end. */
export interface RestoredRow {
  readonly gid: Gid;
  readonly time: string;
  readonly isClean: boolean;
  readonly sizeBytes: number;
  readonly sha256: string;
  readonly isAdmissible: boolean;
  readonly reason: string;
}

/** What the story works with. */
interface Day {
  readonly group: Group;
  readonly story: Story;
  readonly input: ScenarioInput;
  readonly s0: ServerConnectionParam;
  readonly p0: ServerConnectionParam;
  readonly a0: ServerConnectionParam;
  readonly volume: RecordedDevice;
  readonly load: RandomLoad;
  /** The file system before and after. */
  readonly before: Uint8Array;
  readonly after: Uint8Array;
  readonly rows: RestoredRow[];
  /** Restored images by gid, for those who look into them. */
  readonly images: Map<Gid, Uint8Array>;
}

/** Restored images of the last run are handed to whoever asks at the point `restored`. */
export type RestoredImages = ReadonlyMap<Gid, Uint8Array>;

export const basicBackup: Scenario = {
  name: 'basic-backup',
  purpose: 'The basic backup day of an operator, end to end, on a real file system, judged block by block',
  layout: 's0/p0/a0',
  needs: ['kill', 'grow'],
  deviceMib: DEVICE_MIB,
  run: async (group, story, input) => (await runBasicBackup(group, story, input)).outcome,
};

/** As the scenario, and what it restored. */
export async function runBasicBackup(
  group: Group,
  story: Story,
  input: ScenarioInput,
): Promise<{ outcome: ScenarioOutcome; rows: readonly RestoredRow[]; images: RestoredImages }> {
  const day = makeDay(group, story, input);
  await initialize(day);
  await back(day);
  await takeSnapshots(day);
  await restoreAll(day);
  await lookAround(day);
  await grow(day);
  await removeRestored(day);
  await killEachServer(day);
  await overflow(day);
  await clearAndShutDown(day);
  return { outcome: judge(day), rows: day.rows, images: day.images };
}

function makeDay(group: Group, story: Story, input: ScenarioInput): Day {
  const [device] = group.devices('s0');
  if (device === undefined) throw new Error('The storage s0 has no walb device.');
  const before = input.image ?? fixtureImage(1);
  const after = input.image === null ? fixtureImage(2) : changedImage(input.image, input.seed);
  const volume = new RecordedDevice(device, { discardIsZero: true });
  const load = new RandomLoad(group, volume, new KeyedRandom(input.seed).at('basic-backup', 'load'), {
    beginLb: Math.ceil(before.length / LOGICAL_BLOCK_BYTES),
    endLb: DEVICE_MIB * LB_PER_MIB,
    maxIoLb: 128,
    intervalS: 0.05,
  });
  const [s0, p0, a0] = ['s0', 'p0', 'a0'].map((name) => group.server(name));
  return {
    group,
    story,
    input,
    s0: s0 as ServerConnectionParam,
    p0: p0 as ServerConnectionParam,
    a0: a0 as ServerConnectionParam,
    volume,
    load,
    before,
    after,
    rows: [],
    images: new Map(),
  };
}
