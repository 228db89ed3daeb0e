import { siteScenario, VOL } from '../lib/site.ts';

export const e2 = siteScenario({
  name: 'e2-archive-down',
  purpose: 'While the archive is down diffs wait at the proxies, and nothing is lost',
  layout: 's0,s1/p0,p1/a0,a1',
  needs: ['kill'],
  async tell(site) {
    const { s0, p0, p1, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.shutdown(a0);
    await site.writeMuch(s0);
    story.check(!(await walbc.isOverflow(s0, VOL)), 'the log has not overflowed');
    const gid = await site.snapshotNbk(s0);
    await story.refused('walbc.getRestorableGid(a0, VOL)', () => walbc.getRestorableGid(a0, VOL), 'a0');
    await site.sleep(15);
    const texts = [p0, p1].map((px) => walbc.runCtl(px, ['status', VOL]));
    const waiting = /numDiff [1-9]/.test((await Promise.all(texts)).join(' '));
    story.check(waiting, 'diffs wait at the proxies');
    await site.start(a0);
    await walbc.waitForRestorable(a0, VOL, gid, 100);
    const later = await site.snapshot(s0, [a0]);
    // Nothing was written between the two.
    const [first, second] = [await site.verify(a0, gid), await site.verify(a0, later)];
    story.check(Buffer.compare(first, second) === 0, 'both snapshots are equal');
  },
});
