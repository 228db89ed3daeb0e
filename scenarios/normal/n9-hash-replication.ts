import { siteScenario, VOL } from '../lib/site.ts';

export const n9 = siteScenario({
  name: 'n9-hash-replication',
  purpose: 'A replica older than its source base is brought up to date by hashes',
  layout: 's0,s1/p0,p1/a0,a1',
  async tell(site) {
    const { s0, a0, a1 } = site.servers;
    await site.begin();
    await site.replicate(a0, a1, false);
    await site.write(s0);
    const applied = await site.snapshot(s0, [a0]);
    await site.story.step(`walbc.apply(a0, VOL, ${applied})`, () => site.walbc.apply(a0, VOL, applied));
    const listed = await site.walbc.getRestorableGid(a0, VOL);
    site.story.check(listed.length === 1, `[${listed}] is one snapshot`);
    await site.write(s0);
    const gid = await site.snapshot(s0, [a0]);
    await site.replicate(a0, a1, false);
    const latest = await site.walbc.getLatestCleanSnapshot(a1, VOL);
    site.story.check(latest === gid, `a1 is at ${latest}, as a0`);
    await site.verifySame(gid, [a0, a1]);
  },
});
