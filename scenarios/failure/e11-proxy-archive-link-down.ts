import { siteScenario, VOL } from '../lib/site.ts';

export const e11 = siteScenario({
  name: 'e11-proxy-archive-link-down',
  purpose:
    'While nothing arrives between proxy and archive diffs wait, and a kick sends them once the link is back',
  layout: 's0/p0/a0',
  needs: ['network-faults'],
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    await site.begin();
    site.load(s0);
    await site.sleep(0.5);
    site.cutLink(p0, [a0]);
    await site.sleep(0.5);
    const gid = await site.snapshotNbk(s0);
    await site.neverRestorable(a0, gid, 10);
    site.healLink(p0, [a0]);
    await site.kickAll([p0]);
    await site.walbc.waitForRestorable(a0, VOL, gid, 100);
    await site.verify(a0, gid);
  },
});
