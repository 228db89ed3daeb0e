import { siteScenario } from '../lib/site.ts';

export const e9 = siteScenario({
  name: 'e9-storage-proxy-link-down',
  purpose: 'While nothing arrives between storage and proxy snapshots wait, and arrive once the link is back',
  layout: 's0/p0/a0',
  needs: ['network-faults'],
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    await site.begin();
    site.cutLink(s0, [p0]);
    await site.write(s0);
    const waiting = await site.snapshotNbk(s0);
    await site.neverRestorable(a0, waiting, 20);
    site.healLink(s0, [p0]);
    await site.verify(a0, await site.snapshot(s0, [a0]));
    await site.verify(a0, waiting);
  },
});
