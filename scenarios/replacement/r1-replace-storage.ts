import { siteScenario } from '../lib/site.ts';

export const r1 = siteScenario({
  name: 'r1-replace-storage',
  purpose: 'A storage is replaced by another host with another device, and back',
  layout: 's0,s1/p0,p1/a0,a1',
  spares: 's2//',
  needs: ['kill'],
  async tell(site) {
    const { s0, s2, a0 } = site.servers;
    await site.begin();
    await site.start(s2);
    await site.goStandby(s0);
    await site.setLayout({ storages: ['s2', 's1'] });
    await site.init([s2]);
    await site.write(s2);
    await site.verify(a0, await site.hashBackup(s2));
    await site.state(s0, 'Standby');
    await site.clearVol(s0);
    // And back.
    await site.init([s0]);
    await site.goStandby(s2);
    await site.setLayout({ storages: ['s0', 's1'] });
    await site.write(s0);
    await site.verify(a0, await site.hashBackup(s0));
    await site.clearVol(s2);
    await site.shutdown(s2);
  },
});
