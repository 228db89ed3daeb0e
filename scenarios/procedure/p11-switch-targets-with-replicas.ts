import { siteScenario, VOL } from '../lib/site.ts';

export const p11 = siteScenario({
  name: 'p11-switch-targets-with-replicas',
  purpose: 'Target and standby change places while two archives follow; the replica is synchronised anew',
  layout: 's0,s1/p0,p1/a0,a1',

  async tell(site) {
    const { s0, s1, a0, a1 } = site.servers;
    await site.beginWithReplica();
    await site.write(s0);
    await site.verifySame(await site.snapshot(s0, [a0, a1]), [a0, a1]);
    await site.goStandby(s0);
    await site.write(s1);
    await site.verify(a0, await site.hashBackup(s1));
    // A backup leaves the primary archive alone synchronising.
    site.story.check(!(await site.walbc.isSynchronizing(a1, VOL)), 'a1 is not synchronising');
    await site.replicate(a0, a1, true);
    await site.write(s1);
    await site.verifySame(await site.snapshot(s1, [a0, a1]), [a0, a1]);
    await site.state(s0, 'Standby');
    await site.state(s1, 'Target');
  },
});
