import { siteScenario, VOL } from '../lib/site.ts';

export const e10 = siteScenario({
  name: 'e10-storage-proxy-link-overflow',
  purpose: 'A link that stays down until the log overflows costs a hash backup',
  layout: 's0/p0/a0',
  needs: ['network-faults'],
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    site.cutLink(s0, [p0]);
    await site.overflow(s0);
    story.check(await walbc.isOverflow(s0, VOL), 's0 reports the overflow');
    site.healLink(s0, [p0]);
    await site.stopIfTarget(s0);
    await site.verify(a0, await site.hashBackup(s0));
  },
});
