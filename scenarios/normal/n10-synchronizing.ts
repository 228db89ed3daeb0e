import { siteScenario, VOL } from '../lib/site.ts';

export const n10 = siteScenario({
  name: 'n10-synchronizing',
  purpose: 'A synchronising replica follows by itself, and stands still once synchronising is stopped',
  layout: 's0,s1/p0,p1/a0,a1',
  async tell(site) {
    const { s0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    site.load(s0);
    await site.sleep(0.5);
    await site.replicate(a0, a1, true);
    story.check(await walbc.isSynchronizing(a1, VOL), 'a1 is synchronising');
    await site.sleep(0.5);
    const gid = await site.snapshotNbk(s0);
    for (const ax of [a0, a1]) await walbc.waitForRestorable(ax, VOL, gid, 100);
    await site.verifySame(gid, [a0, a1]);
    await story.step('walbc.stopSynchronizing(a1, VOL)', () => walbc.stopSynchronizing(a1, VOL));
    story.check(!(await walbc.isSynchronizing(a1, VOL)), 'a1 is not synchronising any more');
    await site.sleep(0.5);
    const later = await site.snapshot(s0, [a0]);
    const latest = await walbc.getLatestCleanSnapshot(a1, VOL);
    story.check(latest < later, `a1 stands at ${latest}, before ${later}`);
    await site.verify(a1, gid);
  },
});
