import type { GroupDevice, WalbDisk } from '../../core/control/group.ts';
import { KeyedRandom } from '../../sim/random.ts';
import { type CounterWriter, counterAt, writeCounters } from '../lib/counters.ts';
import { RecordedDevice } from '../lib/recorded-device.ts';
import type { Scenario } from '../lib/scenario.ts';
import { type Story, StoryError } from '../lib/story.ts';

/** Blocks that the writers use. */
const USED_LB = 64;
const NOTICED_WITHIN_S = 5;

interface Experiment {
  /** More writes in flight, which complete out of order. */
  readonly isReordering: boolean;
  readonly lossPercent: number;
  readonly isOverlapping: boolean;
  readonly mode: 'crash' | 'error-writes' | 'error-all';
  readonly disk: WalbDisk;
}

function experiments(): Experiment[] {
  const result: Experiment[] = [];
  for (const isReordering of [false, true])
    for (const lossPercent of [100, 90, 50])
      for (const isOverlapping of [false, true])
        for (const mode of ['crash', 'error-writes', 'error-all'] as const)
          for (const disk of ['log', 'data'] as const)
            result.push({ isReordering, lossPercent, isOverlapping, mode, disk });
  return result;
}

/** One block each; or six writers on seven blocks, in pairs that overlap. */
function writersOf({ isReordering, isOverlapping }: Experiment): CounterWriter[] {
  if (isOverlapping) {
    const ranges = [
      [0, 1],
      [0, 1],
      [1, 2],
      [2, 2],
      [4, 3],
      [5, 1],
    ] as const;
    return ranges.map(([addressLb, sizeLb], i) => ({ addressLb, sizeLb, first: i, step: ranges.length }));
  }
  const count = isReordering ? 16 : 8;
  return Array.from({ length: count }, (_, i) => ({ addressLb: i, sizeLb: 1, first: 0, step: 1 }));
}

export const c1: Scenario = {
  name: 'c1-device-crash',
  purpose: 'A walb device whose log or data disk fails keeps every flushed write and invents none',
  layout: 's0/p0/a0',
  needs: ['faulty-disks'],
  deviceMib: 0.25,
  logMib: 0.25,
  async run(group, story, input) {
    const random = new KeyedRandom(input.seed);
    const [device] = group.devices('s0') as [GroupDevice];
    let failed = 0;
    const all = experiments();
    for (const [i, experiment] of all.entries()) {
      const text = JSON.stringify(experiment);
      await device.remake({ format: true });
      const before = await device.read(0, USED_LB);
      const recorded = new RecordedDevice(device, { initial: before });
      const writers = writersOf(experiment);
      const writing = writeCounters(writers, {
        group,
        device: recorded,
        random: random.at('c1', i),
        writeIntervalS: experiment.isReordering ? 0.001 : 0.002,
        flushIntervalS: 0.005,
      });
      await group.clock.sleep(0.012 + random.at('c1', 'when', i).fraction() * 0.008);
      const faultUs = group.clock.nowUs();
      device.setDiskMode(experiment.disk, experiment.mode === 'crash' ? 'error-all' : experiment.mode);
      const windows = await writing;
      const tookS = (group.clock.nowUs() - faultUs) / 1e6;
      story.check(tookS < NOTICED_WITHIN_S, `${text}: the writers notice within ${NOTICED_WITHIN_S} s`);
      device.setDiskMode(experiment.disk, 'up');
      if (experiment.mode === 'crash') {
        device.loseUnflushed(experiment.disk, experiment.lossPercent);
        recorded.ledger.powerLoss();
      }
      await device.remake({ format: false });
      const image = await device.read(0, USED_LB);
      const wrong = windowsBroken(writers, windows, image, before);
      const verdict = recorded.ledger.judgeNow(image);
      if (wrong !== null || !verdict.admissible) {
        failed += 1;
        story.note(`WRONG ${text}: ${wrong ?? verdict.reason}`);
      }
    }
    tellCount(story, all.length);
    const summary =
      failed === 0
        ? `${all.length} crashes, every block within its window and admissible by the ledger`
        : `${failed} of ${all.length} crashes lost or invented something`;
    return { passed: failed === 0, summary };
  },
};

function tellCount(story: Story, count: number): void {
  if (count !== 72) throw new StoryError(`72 experiments are expected, not ${count}`);
  story.note(`${count} experiments`);
}

/** The first block whose counter is outside of the window of the writer that wrote it; null when none is. */
function windowsBroken(
  writers: readonly CounterWriter[],
  windows: readonly { flushed: number; latest: number }[],
  image: Uint8Array,
  before: Uint8Array,
): string | null {
  for (let lb = 0; lb < USED_LB; lb++) {
    const owners = writers.flatMap((writer, i) =>
      lb >= writer.addressLb && lb < writer.addressLb + writer.sizeLb ? [i] : [],
    );
    if (owners.length === 0) continue;
    const found = counterAt(image, lb);
    const isOld = found === counterAt(before, lb) && owners.every((i) => windows[i]?.flushed === -1);
    if (isOld) continue;
    const step = writers[owners[0] as number]?.step ?? 1;
    const owner = step === 1 ? owners[0] : owners.find((i) => i === found % step);
    if (owner === undefined) return `block ${lb} holds ${found}, which nobody wrote there`;
    const { flushed, latest } = windows[owner] as { flushed: number; latest: number };
    // Of two writers of one block the other one may have come later.
    const least = owners.length === 1 ? flushed : -1;
    if (found < least || found > latest)
      return `block ${lb} holds ${found}, not one of ${flushed} to ${latest}`;
  }
  return null;
}
