import { siteScenario, VOL } from '../lib/site.ts';

export const p9 = siteScenario({
  name: 'p9-switch-by-full-backup',
  purpose: 'Switching the target by a full backup works, and drops the history',
  layout: 's0,s1/p0,p1/a0,a1',

  async tell(site) {
    const { s0, s1, a0 } = site.servers;
    await site.begin();
    await site.write(s0);
    const old = await site.snapshot(s0, [a0]);
    await site.goStandby(s0);
    await site.stop(a0);
    await site.resetVol(a0);
    await site.write(s1);
    const gid = await site.fullBackup(s1);
    await site.verify(a0, gid);
    const listed = await site.walbc.getRestorableGid(a0, VOL, 'all');
    site.story.check(gid === old || !listed.includes(old), `the old snapshots are gone: [${listed}]`);
    await site.state(s0, 'Standby');
    await site.state(s1, 'Target');
  },
});
