import { siteScenario, VOL } from '../lib/site.ts';

export const n6 = siteScenario({
  name: 'n6-merge',
  purpose: 'Merging the diffs between two snapshots keeps both and drops what lies between',
  layout: 's0,s1/p0,p1/a0,a1',
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    site.load(s0);
    const gidB = await site.snapshot(s0, [a0]);
    await site.sleep(1);
    // A stop of storage and proxy ends a diff, so that there are several between the two snapshots.
    await site.stop(s0);
    await site.stop(p0, 'empty');
    await site.startVolume(s0);
    await site.startVolume(p0);
    await site.sleep(12);
    const gidE = await site.snapshot(s0, [a0]);
    const listed = await walbc.getRestorableGid(a0, VOL, 'all');
    story.check(listed.indexOf(gidE) - listed.indexOf(gidB) >= 2, `something lies between in [${listed}]`);
    await story.step(`walbc.merge(a0, VOL, ${gidB}, ${gidE})`, () => walbc.merge(a0, VOL, gidB, gidE));
    const merged = await walbc.getRestorableGid(a0, VOL, 'all');
    story.check(merged.indexOf(gidE) - merged.indexOf(gidB) === 1, `nothing lies between in [${merged}]`);
    await site.verify(a0, gidB);
    await site.verify(a0, gidE);
  },
});
