import { siteScenario, VOL } from '../lib/site.ts';

export const n8 = siteScenario({
  name: 'n8-diff-replication',
  purpose: 'A replica that is behind gets the missing diffs only',
  layout: 's0,s1/p0,p1/a0,a1',
  async tell(site) {
    const { s0, a0, a1 } = site.servers;
    await site.begin();
    await site.replicate(a0, a1, false);
    await site.write(s0);
    const gid = await site.snapshot(s0, [a0]);
    const latest = await site.walbc.getLatestCleanSnapshot(a1, VOL);
    site.story.check(latest < gid, `a1 is at ${latest}, before ${gid}`);
    await site.replicate(a0, a1, false);
    await site.verifySameList(a0, a1);
    await site.verifySame(gid, [a0, a1]);
  },
});
