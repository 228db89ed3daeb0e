import { siteScenario } from '../lib/site.ts';

export const n1 = siteScenario({
  name: 'n1-full-backup',
  purpose: 'A full backup gives a clean snapshot that equals the device',
  layout: 's0,s1/p0,p1/a0,a1',
  async tell(site) {
    const { s0, s1, a0 } = site.servers;
    await site.init([s0, s1]);
    await site.write(s0);
    const gid = await site.fullBackup(s0);
    await site.state(s0, 'Target');
    await site.state(s1, 'Standby');
    await site.verify(a0, gid);
  },
});
