import { siteScenario, VOL } from '../lib/site.ts';

export const n5 = siteScenario({
  name: 'n5-apply',
  purpose: 'Applying diffs up to a snapshot keeps that snapshot and drops the older ones',
  layout: 's0,s1/p0,p1/a0,a1',
  async tell(site) {
    const { s0, a0 } = site.servers;
    const first = await site.begin();
    site.load(s0);
    await site.sleep(0.5);
    const gid = await site.snapshot(s0, [a0]);
    await site.sleep(0.5);
    const before = await site.image(a0, gid);
    // What a restore left would spare the apply its work.
    for (const cold of await site.walbc.getCold(a0, VOL)) await site.walbc.delCold(a0, VOL, cold);
    await site.story.step(`walbc.apply(a0, VOL, ${gid})`, () => site.walbc.apply(a0, VOL, gid));
    const listed = await site.walbc.getRestorableGid(a0, VOL, 'all');
    site.story.check(listed[0] === gid && !listed.includes(first), `the oldest of [${listed}] is ${gid}`);
    const after = await site.verify(a0, gid);
    site.story.check(Buffer.compare(before, after) === 0, 'the image is the same before and after');
    // What was applied is gone for merges, too.
    await site.quiet();
    const kept = await site.snapshot(s0, [a0]);
    await site.write(s0);
    const last = await site.snapshot(s0, [a0]);
    await site.walbc.disableSnapshot(a0, VOL, [kept]);
    await site.walbc.runCtl(a0, ['merge', VOL, '0', 'gid', String(last)]);
    const isMerged = async () => !(await site.walbc.getRestorableGid(a0, VOL, 'all')).includes(kept);
    await site.eventually(isMerged, 20, `a merge from the beginning takes ${kept} away`);
    await site.verify(a0, last);
  },
});
