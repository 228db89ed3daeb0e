import type { Group } from '../core/control/group.ts';
import type { ServerConnectionParam } from '../core/control/server-layout.ts';
import {
  loadConfig,
  runWorker,
  type WorkerConfig,
  type WorkerEvent,
  type WorkerOptions,
} from '../core/control/worker/index.ts';
import { ProcessStatus } from '../core/server/shared/process-status.ts';
import type { Gid, UnixTimeS } from '../core/units.ts';
import { LOGICAL_BLOCK_BYTES } from '../core/units.ts';
import { KeyedRandom } from '../sim/random.ts';
import { RecordedDevice } from './lib/recorded-device.ts';
import type { Scenario, ScenarioInput, ScenarioOutcome } from './lib/scenario.ts';
import type { Story } from './lib/story.ts';

/**
 * A month of automation: the worker alone looks after a group whose volumes are written to each hour. Every day the
 * archive is looked at: snapshots as old as they should be and no older, diffs and their bytes within bounds. In
 * the end every volume is restored and judged by its ledger.
 */

const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;
/** A burst is a few small writes at once, then a flush. */
const WRITES_PER_BURST = 4;
const IO_LB = 8;

/**
 * How the worker is told to look after the archive. A merge takes ten bursts, and the limit of size leaves what came
 * of it alone, so that there are snapshots old enough to apply (docs/worker.md, "Limits of merges").
 */
export const CONFIGURATION = {
  general: { addr: 'a0', port: 10_200, max_task: 2, kick_interval: 2 * HOUR_S },
  apply: { keep_period: '3d', interval: '1d' },
  merge: { interval: '6h', max_nr: 11, max_size: '196K', threshold_nr: 60 },
};

/**
 * More diffs than this are never there: what the keep period and the apply interval hold back and what the next
 * merge is not far from. Without merging there would be one for each hour of four days.
 */
const MAX_DIFFS = 32;
/** Diffs of so many bursts are merged into one at most: so far are snapshots apart. */
const MAX_MERGED_S = (CONFIGURATION.merge.max_nr + 1) * HOUR_S;
/** Pauses of the worker, and the work itself. */
const SLACK_S = CONFIGURATION.general.kick_interval + HOUR_S;

export interface WorkerStay {
  readonly days: number;
  readonly volumes: number;
}

/** What a day's look at the archive found. */
export interface WorkerDay {
  readonly day: number;
  readonly maxDiffs: number;
  readonly wdiffBytes: number;
  /** Ages of the oldest snapshots of all volumes. */
  readonly minBaseAgeS: number;
  readonly maxBaseAgeS: number;
}

interface Seat {
  readonly vol: string;
  readonly device: RecordedDevice;
  burstCount: number;
}

interface Stay {
  readonly group: Group;
  readonly story: Story;
  readonly config: WorkerConfig;
  readonly s0: ServerConnectionParam;
  readonly a0: ServerConnectionParam;
  readonly seats: readonly Seat[];
  readonly events: { readonly atUs: number; readonly event: WorkerEvent }[];
  readonly days: WorkerDay[];
}

/** The scenario, for as long and for as many volumes as wanted. */
export function workerStay({ days, volumes }: WorkerStay): Scenario {
  return {
    name: days === 30 ? 'worker-month' : `worker-${days}-days`,
    purpose: `The worker keeps ${volumes} volumes within their periods for ${days} days, alone`,
    layout: 's0/p0/a0',
    needs: ['virtual-time'],
    deviceCount: volumes,
    deviceMib: 1,
    logMib: 1,
    // What an operator sets who has many quiet volumes: servers ask each other seldom.
    storageOptions: { tsDeltaIntervalS: HOUR_S, heartBeatIntervalS: 60 },
    run: async (group, story, input) => (await runWorkerStay(group, story, input, days)).outcome,
  };
}

export const workerMonth: Scenario = workerStay({ days: 30, volumes: 20 });

/** As the scenario, and what was found each day. `options` are for those who want to see it fail. */
export async function runWorkerStay(
  group: Group,
  story: Story,
  input: ScenarioInput,
  days: number,
  options: WorkerOptions = {},
): Promise<{ outcome: ScenarioOutcome; days: readonly WorkerDay[] }> {
  const stay = await begin(group, story);
  const random = new KeyedRandom(input.seed);
  const eventsBefore = firedEvents(group);
  const status = new ProcessStatus();
  const worker = runWorker(group.world, stay.config, status, {
    ...options,
    onEvent: (event) => stay.events.push({ atUs: group.clock.nowUs(), event }),
  });
  const endUs = group.clock.nowUs() + days * DAY_S * 1e6;
  const applications = stay.seats.map((seat, i) => writeHourly(stay, seat, random, i, endUs));
  story.chapter('Days');
  story.tableLine('day  diffs (max)  wdiff bytes  oldest snapshot (h)  applies  merges');
  for (let day = 1; day <= days; day++) {
    await group.clock.sleep(DAY_S);
    await look(stay, day);
    await input.at?.(`day-${day}`, group);
  }
  await Promise.all(applications);
  status.shutdown('graceful');
  const report = await worker;
  const eventsAfter = firedEvents(group);
  story.chapter('Judgement');
  const restored = await judgeImages(stay);
  checkPeriods(stay);
  story.check(report.failedCount === 0, 'no task of the worker fails');
  const volumeDays = stay.seats.length * days;
  const perDay =
    eventsBefore === null || eventsAfter === null
      ? ''
      : `, ${Math.round((eventsAfter - eventsBefore) / volumeDays)} events per volume-day`;
  const summary = `${restored} volumes restored and admissible after ${days} days, ${countOf(stay, 'apply')} applies and ${countOf(stay, 'merge')} merges, at most ${Math.max(...stay.days.map((each) => each.maxDiffs))} diffs${perDay}`;
  return { outcome: { passed: true, summary }, days: stay.days };
}

async function begin(group: Group, story: Story): Promise<Stay> {
  const walbc = group.controller;
  const [s0, a0] = [group.server('s0'), group.server('a0')];
  story.chapter('Beginning');
  const seats = group.devices('s0').map((device, i) => ({
    vol: `vol${i}`,
    device: new RecordedDevice(device, { discardIsZero: true }),
    burstCount: 0,
  }));
  for (const { vol, device } of seats) {
    // The log of a burst is removed a second later, not at a beat of ten seconds.
    await device.device.setCheckpointInterval(500);
    await walbc.initStorage(s0, vol, device.device.path);
    await device.snapshot(async () => (await walbc.fullBackup(s0, vol)) as Gid);
  }
  story.note(`${seats.length} volumes are initialised and backed up`);
  story.note(`the worker begins: ${JSON.stringify(CONFIGURATION)}`);
  return { group, story, config: loadConfig([CONFIGURATION]), s0, a0, seats, events: [], days: [] };
}

/** An application that writes a burst each hour, at a minute of its own. */
async function writeHourly(
  { group, seats }: Stay,
  seat: Seat,
  random: KeyedRandom,
  index: number,
  endUs: number,
): Promise<void> {
  const stream = random.at('worker-month', seat.vol);
  const sizeLb = seat.device.device.sizeLb();
  await group.clock.sleep(Math.floor(((index + 1) * HOUR_S) / (seats.length + 1)));
  while (group.clock.nowUs() < endUs) {
    const writes = Array.from({ length: WRITES_PER_BURST }, () =>
      seat.device.write(stream.between(0, sizeLb - IO_LB), stream.bytes(IO_LB * LOGICAL_BLOCK_BYTES)),
    );
    await Promise.all(writes);
    await seat.device.flush();
    seat.burstCount += 1;
    await group.clock.sleep(HOUR_S);
  }
}

/** The evening's look at the archive. */
async function look(stay: Stay, day: number): Promise<void> {
  const { group, story, a0, seats } = stay;
  const walbc = group.controller;
  const nowS: UnixTimeS = group.world.clock.wallTimeS();
  const diffCounts: number[] = [];
  const baseAgesS: number[] = [];
  let wdiffBytes = 0;
  for (const { vol } of seats) {
    diffCounts.push(await walbc.getNumDiff(a0, vol));
    wdiffBytes += await walbc.getTotalDiffSize(a0, vol);
    const oldest = (await walbc.getRestorable(a0, vol, 'all'))[0];
    story.check(oldest !== undefined, `${vol} has a snapshot`);
    baseAgesS.push(nowS - (oldest?.timestamp ?? 0));
  }
  const found: WorkerDay = {
    day,
    maxDiffs: Math.max(...diffCounts),
    wdiffBytes,
    minBaseAgeS: Math.min(...baseAgesS),
    maxBaseAgeS: Math.max(...baseAgesS),
  };
  stay.days.push(found);
  const hours = (seconds: number) => (seconds / HOUR_S).toFixed(1);
  const cells = [
    String(day).padStart(3),
    String(found.maxDiffs).padStart(12),
    String(wdiffBytes).padStart(12),
    `${hours(found.minBaseAgeS)} - ${hours(found.maxBaseAgeS)}`.padStart(20),
    String(countOf(stay, 'apply')).padStart(8),
    String(countOf(stay, 'merge')).padStart(7),
  ];
  story.tableLine(cells.join(' '));
  checkDay(stay, found);
}

function checkDay({ story, config, seats }: Stay, found: WorkerDay): void {
  const { keepPeriodS, intervalS } = config.apply;
  story.check(found.maxDiffs <= MAX_DIFFS, `day ${found.day}: no volume has more than ${MAX_DIFFS} diffs`);
  // Compressed random data is as large as it was; headers and indexes come on top.
  const burstBytes = WRITES_PER_BURST * (IO_LB * LOGICAL_BLOCK_BYTES + 1024) + 4096;
  const heldS = keepPeriodS + intervalS + MAX_MERGED_S + SLACK_S;
  const maxBytes = seats.length * Math.ceil(heldS / HOUR_S) * burstBytes;
  story.check(found.wdiffBytes <= maxBytes, `day ${found.day}: the wdiffs are at most ${maxBytes} bytes`);
  story.check(found.maxBaseAgeS <= heldS, `day ${found.day}: no snapshot is kept for more than ${heldS} s`);
  if (found.day * DAY_S <= keepPeriodS) return;
  story.check(
    found.minBaseAgeS >= keepPeriodS,
    `day ${found.day}: snapshots of the last ${keepPeriodS} s are there`,
  );
}

/** Applies and merges of a volume keep their distance. */
function checkPeriods({ story, config, events }: Stay): void {
  const least = { apply: config.apply.intervalS, merge: config.merge.intervalS, repl: 0 };
  const lastUs = new Map<string, number>();
  for (const { atUs, event } of events) {
    if (event.kind !== 'selected') continue;
    const key = `${event.task.kind} of ${event.task.vol}`;
    const before = lastUs.get(key);
    lastUs.set(key, atUs);
    // The archive counts whole seconds.
    const isFar = before === undefined || (atUs - before) / 1e6 > least[event.task.kind] - 1;
    story.check(isFar, `${key}: at least ${least[event.task.kind]} s between two`);
  }
}

/** Restores the newest snapshot of each volume. */
async function judgeImages({ group, story, s0, a0, seats }: Stay): Promise<number> {
  const walbc = group.controller;
  for (const { vol, device, burstCount } of seats) {
    const gid = await device.snapshot(() => walbc.snapshot(s0, vol, [a0]));
    await walbc.restore(a0, vol, gid);
    const image = await group.readVolume(a0.name, await walbc.getRestoredPath(a0, vol, gid));
    const verdict = device.ledger.judge(gid, image);
    story.check(verdict.admissible, `${vol} after ${burstCount} bursts: ${verdict.reason}`);
    await walbc.delRestored(a0, vol, gid);
  }
  story.note(`the newest snapshots of all volumes are restored, and each block is admissible`);
  return seats.length;
}

function countOf({ events }: Stay, kind: WorkerEvent['task']['kind']): number {
  return events.filter(({ event }) => event.kind === 'done' && event.task.kind === kind).length;
}

/** Events of the simulation so far; null in a world that has none. */
function firedEvents(group: Group): number | null {
  const { simulation } = group as { simulation?: { kernel: { loop: { firedCount: number } } } };
  return simulation?.kernel.loop.firedCount ?? null;
}
