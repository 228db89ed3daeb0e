import { ARCHIVE_STEPS } from '../../core/server/archive/steps.ts';
import { type Site, siteScenario, VOL } from '../lib/site.ts';

/** Longer than a storage goes without a snapshot of its own while somebody writes. */
const IMPLICIT_S = 15;

export const e18 = siteScenario({
  name: 'e18-two-logs-at-proxy',
  purpose:
    'Diffs of a log that was given up and of the log after it wait together; only the old ones are dropped',
  layout: 's0/p0/a0',
  needs: ['network-faults', 'power-loss', 'crash-points'],
  async tell(site) {
    const { s0 } = site.servers;
    await site.begin();
    // Diffs that begin with a snapshot of an operator are sent one by one, others as one.
    await twoLogs(site, async () => {
      await site.snapshotNbk(s0);
    });
    await twoLogs(site, () => site.sleep(IMPLICIT_S));
    await darkBehindTheDiff(site);
  },
});

/** The log is given up while diffs of it wait; more of the next log wait with them. */
async function twoLogs(site: Site, endDiff: () => Promise<void>): Promise<void> {
  const { s0, p0, a0 } = site.servers;
  await giveUpLog(site, endDiff);
  await hashBackup(site);
  await site.eventually(async () => (await site.walbc.getState(s0, VOL)) === 'Target', 60, 's0 is a target');
  // Their gids go on where those of the archive end, among those that wait.
  for (let i = 0; i < 6; i++) {
    await site.write(s0);
    await endDiff();
  }
  const gid = await site.snapshotNbk(s0);
  await site.sleep(3);
  site.healLink(p0, [a0]);
  await site.kickAll([p0]);
  await site.walbc.waitForRestorable(a0, VOL, gid, 100);
  await site.verify(a0, gid);
}

/** Three diffs of a log wait at the proxy, and the log is given up, with the record of the gids that it gave. */
async function giveUpLog(site: Site, endDiff: () => Promise<void>): Promise<void> {
  const { s0, p0, a0 } = site.servers;
  site.cutLink(p0, [a0]);
  for (let i = 0; i < 3; i++) {
    await site.write(s0);
    await endDiff();
  }
  await site.sleep(3);
  await site.clearVol(s0);
  // It begins as a standby.
  await site.init([s0]);
  await site.stop(s0);
  site.forgetSnapshots();
}

/** `walbc.hashBackup` would add the archive to the proxies anew, which gives up what waits. */
async function hashBackup({ story, walbc, servers }: Site): Promise<void> {
  await story.step(`walbc s0 hash-bkp ${VOL}`, () => walbc.runCtl(servers.s0, ['hash-bkp', VOL]));
}

/** Calls that give a diff its name; with the last one it is durable. */
const PUBLISH_CALLS = 3;

/** Where the diff of a hash backup is durable, so is the log that it belongs to: nothing of the old one follows it. */
async function darkBehindTheDiff(site: Site): Promise<void> {
  const { s0, p0, a0 } = site.servers;
  const { group, story, walbc } = site;
  await giveUpLog(site, async () => {
    await site.snapshotNbk(s0);
  });
  await site.write(s0);
  group.powerLossAt(a0.name, { step: ARCHIVE_STEPS.publishWdiff, nth: PUBLISH_CALLS });
  await hashBackup(site);
  await site.eventually(() => !group.isRunning(a0.name), 60, 'a0 is dark');
  group.powerOn(a0.name);
  await site.start(a0);
  await site.eventually(async () => (await walbc.getState(s0, VOL)) === 'SyncReady', 60, 's0 gives up');
  const before = await walbc.getRestorableGid(a0, VOL, 'all');
  site.healLink(p0, [a0]);
  await site.kickAll([p0]);
  await site.sleep(15);
  // What it takes is the log of the backup that was cut, behind which nothing was written.
  const later = (await walbc.getRestorableGid(a0, VOL, 'all')).filter((gid) => !before.includes(gid));
  const { device } = site.device(s0);
  const content = await device.read(0, device.sizeLb());
  for (const gid of later) {
    const image = (await site.image(a0, gid)).subarray(0, content.length);
    const isSame = image.every((byte, i) => byte === content[i]);
    story.check(isSame, `gid ${gid} at a0 is what the device holds, and nothing of the old log`);
  }
  await site.write(s0);
  await site.verify(a0, await site.hashBackup(s0));
}
