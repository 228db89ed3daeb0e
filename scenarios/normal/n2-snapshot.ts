import { siteScenario } from '../lib/site.ts';

export const n2 = siteScenario({
  name: 'n2-snapshot',
  purpose: 'A snapshot of a target becomes restorable, and later writes do not touch it',
  layout: 's0,s1/p0,p1/a0,a1',
  async tell(site) {
    const { s0, a0 } = site.servers;
    await site.begin();
    await site.write(s0);
    const gid = await site.snapshot(s0, [a0]);
    const listed = await site.walbc.getRestorableGid(a0, 'vol0');
    site.story.check(listed.includes(gid), `gid ${gid} is listed in [${listed}]`);
    await site.verify(a0, gid);
    await site.write(s0);
    await site.snapshot(s0, [a0]);
    await site.verify(a0, gid);
  },
});
