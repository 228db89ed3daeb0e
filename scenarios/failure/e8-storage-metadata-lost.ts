import { siteScenario } from '../lib/site.ts';

export const e8 = siteScenario({
  name: 'e8-storage-metadata-lost',
  purpose: 'A storage that lost its metadata registers its device again and a hash backup follows',
  layout: 's0,s1/p0,p1/a0,a1',
  needs: ['kill', 'data-loss'],
  async tell(site) {
    const { s0, a0 } = site.servers;
    await site.begin();
    await site.write(s0);
    await site.loseData(s0);
    await site.write(s0);
    await site.state(s0, 'Clear');
    await site.init([s0]);
    await site.write(s0);
    await site.verify(a0, await site.hashBackup(s0));
  },
});
