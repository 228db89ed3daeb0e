import { createHash } from 'node:crypto';
import type { Group } from '../core/control/group.ts';
import type { ServerConnectionParam } from '../core/control/server-layout.ts';
import { timeToPrintable } from '../core/format/time-text.ts';
import { gidInfoToText } from '../core/snapshot/meta-text.ts';
import type { Gid } from '../core/units.ts';
import { LOGICAL_BLOCK_BYTES, MIB } from '../core/units.ts';
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
/** Room behind the file system, for an application. */
const ROOM_MIB = 4;
/** By so much the volume grows. */
const GROWTH_MIB = 4;
const LOG_MIB = 8;
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
  /** Restored images by gid, the first of each, for those who look into them. */
  readonly images: Map<Gid, Uint8Array> | null;
  /** Size of the volume in MiB before and after it grows. */
  readonly sizeMib: number;
  readonly grownMib: number;
}

export const basicBackup: Scenario = {
  name: 'basic-backup',
  purpose: 'The basic backup day of an operator, end to end, on a real file system, judged block by block',
  layout: 's0/p0/a0',
  needs: ['kill', 'grow'],
  deviceMib,
  // While the volume is standby nobody sends its log, and the whole image is written.
  logMib: (input) => (input.image === null ? LOG_MIB : LOG_MIB + 2 * deviceMib(input)),
  run: async (group, story, input) => (await runBasicBackup(group, story, input)).outcome,
};

function deviceMib({ image }: Pick<ScenarioInput, 'image'>): number {
  return Math.ceil((image ?? fixtureImage(1)).length / MIB) + ROOM_MIB;
}

/** As the scenario, and what it restored; the images are kept only if there is a place for them. */
export async function runBasicBackup(
  group: Group,
  story: Story,
  input: ScenarioInput,
  images: Map<Gid, Uint8Array> | null = null,
): Promise<{ outcome: ScenarioOutcome; rows: readonly RestoredRow[] }> {
  const day = makeDay(group, story, input, images);
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
  return { outcome: judge(day), rows: day.rows };
}

function makeDay(group: Group, story: Story, input: ScenarioInput, images: Map<Gid, Uint8Array> | null): Day {
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

async function initialize({ group, story, s0, a0, volume, before }: Day): Promise<void> {
  const walbc = group.controller;
  story.chapter('Initialize volumes');
  await story.step('walbc.getAliveServer()', () => walbc.getAliveServer());
  await story.step(
    'walbc.getStateAll(VOL)',
    () => walbc.getStateAll(VOL),
    () => '',
  );
  await story.refused('walbc.snapshotNbk(s0, VOL)', () => walbc.snapshotNbk(s0, VOL), 'bad state:Clear');
  await story.refused('walbc.getUuid(s0, VOL)', () => walbc.getUuid(s0, VOL), 'bad state:Clear');
  await story.step(`walbc.initStorage(s0, VOL, '${volume.device.path}')`, () =>
    walbc.initStorage(s0, VOL, volume.device.path),
  );
  await story.refused(
    'walbc.initStorage(s0, VOL, ...) once more',
    () => walbc.initStorage(s0, VOL, volume.device.path),
    'bad state:Standby:Clear:InitVol',
  );
  await story.step(
    'walbc.getStateAll(VOL)',
    () => walbc.getStateAll(VOL),
    () => '',
  );
  await story.refused(
    'walbc.snapshotNbk(s0, VOL) before a backup',
    () => walbc.snapshotNbk(s0, VOL),
    'bad state:Standby',
  );
  await story.refused('walbc.restore(a0, VOL, 0)', () => walbc.restore(a0, VOL, 0), 'bad state');
  const writtenLb = await writeDifferences(volume, new Uint8Array(before.length), before, 128);
  await volume.flush();
  story.note(`the file system's first generation is written: ${writtenLb} blocks of 512 bytes`);
}

async function back({ group, story, s0, a0, volume, load, input }: Day): Promise<void> {
  const walbc = group.controller;
  story.chapter('Full backup');
  load.start();
  story.note('an application begins to write beside the file system');
  await story.step('walbc.setFullScanBps(s0, "4m")', () => walbc.setFullScanBps(s0, '4m'));
  // The first snapshot ends the copy; the application's writing may add implicit ones meanwhile.
  const gids = await volume.snapshots(async () => {
    await story.step('walbc.fullBackup(s0, VOL, { block: false })', () =>
      walbc.fullBackup(s0, VOL, { block: false }),
    );
    await group.eventually(async () => (await walbc.getProgressLb(a0, VOL)) > 0, 10, 'the backup gets on');
    await story.step('walbc.monitorProgress(a0, VOL, 100)', () => walbc.monitorProgress(a0, VOL, 100));
    await group.eventually(
      async () => (await walbc.getRestorableGid(a0, VOL)).length > 0,
      100,
      'a snapshot is restorable',
    );
    return walbc.getRestorableGid(a0, VOL, 'all');
  });
  await story.step('walbc.getRestorableGid(a0, VOL, "all")', async () => gids);
  await story.step(
    'walbc.getStateAll(VOL)',
    () => walbc.getStateAll(VOL),
    () => '',
  );
  await story.refused('walbc.fullBackup(s0, VOL) of a target', () => walbc.fullBackup(s0, VOL), 'bad state');
  await input.at?.('full-backup', group);
}

/** Takes a snapshot that is waited for, and records it. */
function takeSnapshot({ group, story, s0, a0, volume }: Day): Promise<Gid> {
  return volume.snapshot(() =>
    story.step('walbc.snapshot(s0, VOL, [a0])', () => group.controller.snapshot(s0, VOL, [a0])),
  );
}

async function takeSnapshots(day: Day): Promise<void> {
  const { group, story, s0, a0, volume, input } = day;
  const walbc = group.controller;
  story.chapter('Snapshots');
  await group.clock.sleep(1);
  await takeSnapshot(day);
  await input.at?.('before-second-snapshot', group);
  const changing = writeDifferences(volume, day.before, day.after, 64);
  await group.clock.sleep(0.005);
  const gid = await volume.snapshot(() =>
    story.step('walbc.snapshotNbk(s0, VOL) while the file system changes', () => walbc.snapshotNbk(s0, VOL)),
  );
  const writtenLb = await changing;
  await volume.flush();
  story.note(`the file system's second generation is written: ${writtenLb} blocks`);
  await takeSnapshot(day);
  await story.step(`walbc.waitForRestorable(a0, VOL, ${gid})`, () =>
    walbc.waitForRestorable(a0, VOL, gid, 100),
  );
  await group.clock.sleep(12);
  story.note('an implicit snapshot is taken every ten seconds while something is written');
  await takeSnapshot(day);
  await story.step(
    'walbc.getRestorable(a0, VOL)',
    () => walbc.getRestorable(a0, VOL),
    (list) => list.map(gidInfoToText).join(', '),
  );
  await story.step('walbc.getRestorableGid(a0, VOL, "all")', () => walbc.getRestorableGid(a0, VOL, 'all'));
  await story.step('walbc.printDiffList(a0, VOL)', () => walbc.printDiffList(a0, VOL));
  await input.at?.('snapshots', group);
}

/** Restores a gid, reads the image and lets the ledger judge it. */
async function restoreOne(day: Day, gid: Gid, isClean = true): Promise<void> {
  const { group, story, a0, volume, input, rows, images } = day;
  const walbc = group.controller;
  const info = (await walbc.getRestorable(a0, VOL, 'all')).find((candidate) => candidate.gid === gid);
  await story.step(`walbc.restore(a0, VOL, ${gid}, 100)`, () => walbc.restore(a0, VOL, gid, 100));
  const path = await story.step(`walbc.getRestoredPath(a0, VOL, ${gid})`, () =>
    walbc.getRestoredPath(a0, VOL, gid),
  );
  await input.at?.(`restored ${gid}`, group);
  const image = await group.readVolume(a0.name, path);
  const verdict = volume.ledger.judge(gid, image);
  const where = verdict.badBlocksLb.length === 0 ? '' : ` (blocks ${verdict.badBlocksLb.join(', ')})`;
  story.note(
    verdict.admissible
      ? `the image at gid ${gid} is admissible`
      : `NOT admissible: ${verdict.reason}${where}`,
  );
  if (images !== null && !images.has(gid)) images.set(gid, image);
  rows.push({
    gid,
    time: timeToPrintable(info?.timestamp ?? 0),
    isClean,
    sizeBytes: image.length,
    sha256: createHash('sha256').update(image).digest('hex'),
    isAdmissible: verdict.admissible,
    reason: verdict.reason,
  });
}

async function restoreAll(day: Day): Promise<void> {
  const { group, story, a0 } = day;
  const walbc = group.controller;
  story.chapter('Restore');
  for (const gid of await walbc.getRestorableGid(a0, VOL)) await restoreOne(day, gid);
  const [first = 0] = await walbc.getRestored(a0, VOL);
  await story.step('walbc.getRestored(a0, VOL)', () => walbc.getRestored(a0, VOL));
  await story.refused(
    `walbc.restore(a0, VOL, ${first}) once more`,
    () => walbc.restore(a0, VOL, first),
    'already restored',
  );
  await story.refused(
    'walbc.restore(a0, VOL, 999999)',
    () => walbc.restore(a0, VOL, 999_999),
    'bad gid to restore',
  );
}

async function lookAround({ group, story, s0, p0, a0 }: Day): Promise<void> {
  const walbc = group.controller;
  story.chapter('Status');
  await story.step(
    'walbc.status()',
    () => walbc.status(),
    () => '',
  );
  await story.step(
    'walbc.status([s0, p0, a0], VOL)',
    () => walbc.status([s0, p0, a0], VOL),
    () => '',
  );
  await story.step('walbc.getHostType(p0)', () => walbc.getHostType(p0));
  await story.step('walbc.getArchiveInfoList(p0, VOL)', () => walbc.getArchiveInfoList(p0, VOL));
  await story.step('walbc.getUuid(s0, VOL) == walbc.getUuid(a0, VOL)', async () => {
    const own = await walbc.getUuid(s0, VOL);
    story.check(own === (await walbc.getUuid(a0, VOL)), 'storage and archive know one log');
    return own;
  });
  await story.step('walbc.isOverflow(s0, VOL)', () => walbc.isOverflow(s0, VOL));
}

async function grow(day: Day): Promise<void> {
  const { group, story, s0, a0, volume, load, sizeMib, grownMib } = day;
  const walbc = group.controller;
  story.chapter('Resize');
  await story.refused(
    `walbc.resize(VOL, ${sizeMib - 4}, true)`,
    () => walbc.resize(VOL, sizeMib - 4, true),
    'shrink is not supported',
  );
  await story.refused(
    `walbc.resizeStorage(s0, VOL, ${sizeMib - 4})`,
    () => walbc.resizeStorage(s0, VOL, sizeMib - 4),
    'shrink is not supported',
  );
  await story.refused(
    `walbc.resizeStorage(s0, VOL, ${grownMib}) before its data device has grown`,
    () => walbc.resizeStorage(s0, VOL, grownMib),
    'ioctl error',
  );
  await volume.device.growDataDevice(grownMib * LB_PER_MIB);
  story.note(`the data device is grown to ${grownMib} MiB`);
  await story.step(`walbc.resize(VOL, ${grownMib}, true)`, () => walbc.resize(VOL, grownMib, true));
  await story.step('walbc.getVolSizeLb(a0, VOL)', () => walbc.getVolSizeLb(a0, VOL));
  load.setEnd(grownMib * LB_PER_MIB);
  await group.clock.sleep(2);
  const gid = await takeSnapshot(day);
  await restoreOne(day, gid);
  story.check((await walbc.getState(s0, VOL)) === 'Target', 'the storage goes on as target');
  story.check((await walbc.getVolSizeLb(a0, VOL)) === grownMib * LB_PER_MIB, 'the archive has the new size');
}

async function removeRestored({ group, story, a0 }: Day): Promise<void> {
  const walbc = group.controller;
  story.chapter('Remove restored volumes');
  for (const gid of await walbc.getRestored(a0, VOL)) {
    await story.step(`walbc.delRestored(a0, VOL, ${gid})`, () => walbc.delRestored(a0, VOL, gid));
  }
  await story.step('walbc.getRestored(a0, VOL)', () => walbc.getRestored(a0, VOL));
  await story.refused(
    'walbc.delRestored(a0, VOL, 999999)',
    () => walbc.delRestored(a0, VOL, 999_999),
    'volume not found',
  );
}

async function killEachServer(day: Day): Promise<void> {
  const { group, story, s0, p0, a0 } = day;
  const walbc = group.controller;
  story.chapter('Sudden death of each server');
  for (const server of [a0, p0, s0]) {
    group.kill(server.name);
    story.note(`kill -9 ${server.name}`);
    await group.clock.sleep(2);
    await story.step('walbc.getAliveServer()', () => walbc.getAliveServer());
    await story.step(`start ${server.name}`, () => group.startServer(server.name));
    await story.step('walbc.kickAll([s0, p0])', () => walbc.kickAll([s0, p0]));
    const gid = await takeSnapshot(day);
    await restoreOne(day, gid);
    await story.step(`walbc.delRestored(a0, VOL, ${gid})`, () => walbc.delRestored(a0, VOL, gid));
  }
}

/** The log overflows while no proxy takes it; a new full backup begins a new history. */
async function overflow(day: Day): Promise<void> {
  const { group, story, s0, p0, a0, volume, load } = day;
  const walbc = group.controller;
  story.chapter('Log overflow');
  await story.step('walbc.shutdown(p0, "empty")', () => walbc.shutdown(p0, 'empty'));
  await group.eventually(() => !group.isRunning(p0.name), 100, 'p0 has ended');
  const random = new KeyedRandom(day.input.seed).at('basic-backup', 'overflow');
  while (!(await walbc.isOverflow(s0, VOL))) {
    const addressLb = Math.ceil(day.before.length / LOGICAL_BLOCK_BYTES) + random.below(2048);
    await volume.write(addressLb, random.bytes(512 * LOGICAL_BLOCK_BYTES));
  }
  story.note('the log overflows: nobody takes it');
  await story.refused('walbc.snapshotNbk(s0, VOL)', () => walbc.snapshotNbk(s0, VOL), 'wlog overflow');
  await story.step('start p0', () => group.startServer(p0.name));
  await group.eventually(
    async () => (await walbc.getState(s0, VOL)) === 'Stopped',
    400,
    's0 stops the volume by itself',
  );
  await story.refused('walbc.start(s0, VOL)', () => walbc.start(s0, VOL), 'overflow');
  await story.step('walbc.stop(a0, VOL, "force")', () => walbc.stop(a0, VOL, 'force'));
  await story.step('walbc.resetVol(a0, VOL)', () => walbc.resetVol(a0, VOL));
  const gid = await volume.snapshot(async () => {
    const first = await story.step('walbc.fullBackup(s0, VOL)', () =>
      walbc.fullBackup(s0, VOL, { timeoutS: 1000 }),
    );
    story.check(first !== null, 'a blocking backup gives a gid');
    return first ?? 0;
  });
  await restoreOne(day, gid);
  await load.stop();
  story.note('the application has stopped writing');
  await restoreOne(day, await takeSnapshot(day));
}

async function clearAndShutDown({ group, story, s0, p0, a0 }: Day): Promise<void> {
  const walbc = group.controller;
  story.chapter('Clear volumes');
  for (const server of [s0, p0, a0]) {
    await story.step(`walbc.clearVol(${server.name}, VOL)`, () => walbc.clearVol(server, VOL));
  }
  await story.step(
    'walbc.getStateAll(VOL)',
    () => walbc.getStateAll(VOL),
    () => '',
  );
  story.chapter('Shutdown servers');
  await story.refused('walbc.shutdown(a0, "empty")', () => walbc.shutdown(a0, 'empty'), 'for proxies only');
  await story.refused('walbc.shutdown(s0, "empty")', () => walbc.shutdown(s0, 'empty'), 'for proxies only');
  await story.step('walbc.shutdown(s0, "force")', () => walbc.shutdown(s0, 'force'));
  await group.eventually(() => !group.isRunning(s0.name), 100, 's0 has ended');
  await story.step('start s0', () => group.startServer(s0.name));
  await story.step(
    'walbc.shutdownList([s0], "graceful")',
    () => walbc.shutdownList([s0], 'graceful'),
    () => '',
  );
  await group.eventually(() => !group.isRunning(s0.name), 100, 's0 has ended');
  await story.step('start s0', () => group.startServer(s0.name));
  await story.step(
    'walbc.shutdownAll("empty")',
    () => walbc.shutdownAll('empty'),
    () => '',
  );
  for (const { name } of [s0, p0, a0]) {
    await group.eventually(() => !group.isRunning(name), 100, `${name} has ended`);
  }
  await story.step('walbc.getAliveServer()', () => walbc.getAliveServer());
}

/** The table at the end: every restored snapshot and its verdict. */
function judge({ story, rows }: Day): ScenarioOutcome {
  story.chapter('Restored snapshots');
  const lines = [
    ['gid', 'time', 'clean', 'bytes', 'SHA-256', 'admissible'],
    ...rows.map((row) => [
      String(row.gid),
      row.time,
      row.isClean ? 'yes' : 'no',
      String(row.sizeBytes),
      row.sha256,
      row.isAdmissible ? 'yes' : 'no',
    ]),
  ];
  const widths = (lines[0] as string[]).map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? '').length)),
  );
  for (const line of lines)
    story.tableLine(line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '));
  const bad = rows.filter((row) => !row.isAdmissible).length;
  return {
    passed: bad === 0 && rows.length > 0,
    details: rows.map((row) => ({ ...row })),
    summary:
      bad === 0
        ? `${rows.length} restored images, all admissible by the ledger`
        : `${bad} of ${rows.length} restored images are NOT admissible by the ledger`,
  };
}
