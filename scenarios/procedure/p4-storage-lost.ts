import { siteScenario } from '../lib/site.ts';

export const p4 = siteScenario({
  name: 'p4-storage-lost',
  purpose: 'A storage that lost the metadata of two volumes gets both back, each by a hash backup',
  layout: 's0/p0/a0',
  deviceCount: 2,
  needs: ['kill', 'data-loss'],
  async tell(site) {
    const { s0, a0 } = site.servers;
    const vols = ['vol0', 'vol1'];
    for (const vol of vols) await site.begin(vol);
    await site.loseData(s0);
    for (const vol of vols) {
      await site.write(s0, vol);
      await site.init([s0], vol);
      await site.verify(a0, await site.hashBackup(s0, vol), vol);
    }
  },
});
