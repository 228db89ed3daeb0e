import { siteScenario, VOL } from '../lib/site.ts';

export const n7 = siteScenario({
  name: 'n7-full-replication',
  purpose: 'A replica of an archive without the volume gets every snapshot',
  layout: 's0,s1/p0,p1/a0,a1',
  async tell(site) {
    const { s0, a0, a1 } = site.servers;
    await site.begin();
    await site.write(s0);
    const gid = await site.snapshot(s0, [a0]);
    await site.replicate(a0, a1, false);
    // A full replication sends the base of its time and the diffs behind it.
    await site.verifySameList(a0, a1);
    await site.verifySame(gid, [a0, a1]);
    const uuids = [await site.walbc.getArchiveUuid(a0, VOL), await site.walbc.getArchiveUuid(a1, VOL)];
    site.story.check(uuids[0] === uuids[1], 'both archives are of one lineage');
  },
});
