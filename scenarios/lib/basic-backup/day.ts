import type { Group } from '../../../core/control/group.ts';
import type { ServerConnectionParam } from '../../../core/control/server-layout.ts';
import type { Gid } from '../../../core/units.ts';
import { LOGICAL_BLOCK_BYTES, MIB } from '../../../core/units.ts';
import { KeyedRandom } from '../../../sim/random.ts';
import { fixtureImage } from '../fixtures.ts';
import { RecordedDevice } from '../recorded-device.ts';
import type { ScenarioInput } from '../scenario.ts';
import type { Story } from '../story.ts';
import { RandomLoad } from '../workload.ts';
import type { RestoredRow } from './report.ts';

/** The volume, as the story calls it. */
export const VOL = 'vol0';
/** Room behind the file system, for an application. */
const ROOM_MIB = 4;
/** By so much the volume grows. */
const GROWTH_MIB = 4;
const LOG_MIB = 8;
export const LB_PER_MIB = MIB / LOGICAL_BLOCK_BYTES;

/** What the story works with. */
export interface Day {
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
  /** Restored images by gid, the first of each, for those who look into them. */
  readonly images: Map<Gid, Uint8Array> | null;
  /** Size of the volume in MiB before and after it grows. */
  readonly sizeMib: number;
  readonly grownMib: number;
}

/** Size of the walb device in MiB: the file system and room behind it. */
export function deviceMib({ image }: Pick<ScenarioInput, 'image'>): number {
  return Math.ceil((image ?? fixtureImage(1)).length / MIB) + ROOM_MIB;
}

/** Size of the log device in MiB. */
export function logMib(input: ScenarioInput): number {
  // While the volume is standby nobody sends its log, and the whole image is written.
  return input.image === null ? LOG_MIB : LOG_MIB + 2 * deviceMib(input);
}

/** The device, its application and both generations of the file system, before anything has happened. */
export function makeDay(
  group: Group,
  story: Story,
  input: ScenarioInput,
  images: Map<Gid, Uint8Array> | null,
): Day {
  const [device] = group.devices('s0');
  if (device === undefined) throw new Error('The storage s0 has no walb device.');
  const before = input.image ?? fixtureImage(1);
  const after = input.image === null ? fixtureImage(2) : changedImage(input.image, input.seed);
  const sizeMib = deviceMib(input);
  const volume = new RecordedDevice(device, { discardIsZero: true });
  const load = new RandomLoad(group, volume, new KeyedRandom(input.seed).at('basic-backup', 'load'), {
    beginLb: Math.ceil(before.length / LOGICAL_BLOCK_BYTES),
    endLb: sizeMib * LB_PER_MIB,
    maxIoLb: 32,
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
    sizeMib,
    grownMib: sizeMib + GROWTH_MIB,
    before,
    after,
    rows: [],
    images,
  };
}

/** A user's image has no second generation: some of its blocks change at random. */
function changedImage(image: Uint8Array, seed: number): Uint8Array {
  const random = new KeyedRandom(seed).at('basic-backup', 'change');
  const changed = image.slice();
  const sizeLb = Math.floor(image.length / LOGICAL_BLOCK_BYTES);
  for (let i = 0; i < Math.min(sizeLb, 200); i++) {
    changed.set(random.bytes(LOGICAL_BLOCK_BYTES), random.below(sizeLb) * LOGICAL_BLOCK_BYTES);
  }
  return changed;
}
