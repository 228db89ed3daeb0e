import { gidInfoToText } from '../../../core/snapshot/meta-text.ts';
import { LOGICAL_BLOCK_BYTES } from '../../../core/units.ts';
import { KeyedRandom } from '../../../sim/random.ts';
import { writeDifferences } from '../workload.ts';
import { type Day, LB_PER_MIB, VOL } from './day.ts';
import { restoreOne, takeSnapshot } from './verification.ts';

/**
 * The story, chapter by chapter, in its order. Steps that are refused belong to it: an operator sees what does not
 * work, and why. Each chapter throws what a step of it throws that should have worked.
 */

/** The volume is made known to its storage; what needs a backup is refused before there is one. */
export async function initialize({ group, story, s0, a0, volume, before }: Day): Promise<void> {
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

/** The whole device goes to the archive while an application writes beside the file system. */
export async function fullBackup({ group, story, s0, a0, volume, load, input }: Day): Promise<void> {
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

/** Snapshots before, while and after the file system changes to its second generation. */
export async function takeSnapshots(day: Day): Promise<void> {
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

/** All that can be restored is restored, and judged. */
export async function restoreAll(day: Day): Promise<void> {
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

/** What an operator asks servers for every day. */
export async function lookAround({ group, story, s0, p0, a0 }: Day): Promise<void> {
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

/** Storage and archive grow with the data device; nothing shrinks. */
export async function grow(day: Day): Promise<void> {
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

/** Restored volumes go again. */
export async function removeRestored({ group, story, a0 }: Day): Promise<void> {
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

/** Each server dies and starts again; what is written then is backed up all the same. */
export async function killEachServer(day: Day): Promise<void> {
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
export async function overflow(day: Day): Promise<void> {
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

/** The volume is taken from all servers, and they are shut down in every way. */
export async function clearAndShutDown({ group, story, s0, p0, a0 }: Day): Promise<void> {
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
