import { siteScenario } from '../lib/site.ts';

export const e3 = siteScenario({
  name: 'e3-storage-down',
  purpose: 'What is written while the storage server is down is sent after its start',
  layout: 's0,s1/p0,p1/a0,a1',
  needs: ['kill'],
  async tell(site) {
    const { s0, a0 } = site.servers;
    await site.begin();
    site.kill(s0);
    await site.write(s0);
    await site.start(s0);
    await site.verify(a0, await site.snapshot(s0, [a0]));
  },
});
