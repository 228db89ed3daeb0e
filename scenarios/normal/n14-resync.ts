import { siteScenario, VOL } from '../lib/site.ts';

export const n14 = siteScenario({
  name: 'n14-resync',
  purpose: 'A replica of another lineage is refused, and taken over when a resync is asked for',
  layout: 's0,s1/p0,p1/a0,a1',
  async tell(site) {
    const { s0, a0, a1 } = site.servers;
    await site.begin();
    await site.write(s0);
    const old = await site.snapshot(s0, [a0]);
    await site.replicate(a0, a1, false);
    // Leaves a cold snapshot at the replica, by whose gid the new history will come.
    await site.verify(a1, old);
    await site.stop(a0);
    await site.clearVol(a0);
    await site.stop(s0);
    await site.write(s0);
    const gid = await site.fullBackup(s0);
    await site.story.refused(
      'walbc.replicateOnce(a0, VOL, a1)',
      () => site.walbc.replicateOnce(a0, VOL, a1),
      'Archive uuids differ',
    );
    await site.replicateOnce(a0, a1, true);
    await site.verifySame(gid, [a0, a1]);
    await site.write(s0);
    const later = await site.snapshot(s0, [a0]);
    await site.replicateOnce(a0, a1);
    await site.verifySame(later, [a0, a1]);
    site.story.check(later >= old, `${later} is at or behind ${old}, of the history before`);
  },
});
