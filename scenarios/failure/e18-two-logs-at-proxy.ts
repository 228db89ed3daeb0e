import { type Site, siteScenario, VOL } from '../lib/site.ts';

/** Longer than a storage goes without a snapshot of its own while somebody writes. */
const IMPLICIT_S = 15;

export const e18 = siteScenario({
  name: 'e18-two-logs-at-proxy',
  purpose:
    'Diffs of a log that was given up and of the log after it wait together; only the old ones are dropped',
  layout: 's0/p0/a0',
  needs: ['network-faults'],
  async tell(site) {
    const { s0 } = site.servers;
    await site.begin();
    // Diffs that begin with a snapshot of an operator are sent one by one, others as one.
    await twoLogs(site, async () => {
      await site.snapshotNbk(s0);
    });
    await twoLogs(site, () => site.sleep(IMPLICIT_S));
  },
});

/** The log is given up while diffs of it wait; more of the next log wait with them. */
async function twoLogs(site: Site, endDiff: () => Promise<void>): Promise<void> {
  const { s0, p0, a0 } = site.servers;
  site.cutLink(p0, [a0]);
  for (let i = 0; i < 3; i++) {
    await site.write(s0);
    await endDiff();
  }
  await site.sleep(3);
  await site.stop(s0);
  await site.resetVol(s0);
  site.forgetSnapshots();
  // `walbc.hashBackup` would add the archive to the proxies anew, which gives up what waits.
  await site.story.step(`walbc s0 hash-bkp ${VOL}`, () => site.walbc.runCtl(s0, ['hash-bkp', VOL]));
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
