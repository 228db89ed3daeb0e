import { LB_PER_MIB, siteScenario, VOL } from '../lib/site.ts';

export const m3 = siteScenario({
  name: 'm3-storage-grown-only',
  purpose: 'Writes beyond the end of a smaller archive wait at the proxy until the archive is grown',
  layout: 's0,s1/p0,p1/a0,a1',
  needs: ['grow'],
  async tell(site) {
    const { s0, s1, p0, p1, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.snapshot(s0, [a0]);
    for (const sx of [s0, s1]) {
      await site.device(sx).device.growDataDevice(2 * LB_PER_MIB);
      await story.step(`walbc.resizeStorage(${sx.name}, VOL, 2)`, () => walbc.resizeStorage(sx, VOL, 2));
    }
    await site.writeIn(site.device(s0), { beginLb: LB_PER_MIB, endLb: 2 * LB_PER_MIB }, 8);
    const gid = await site.snapshotNbk(s0);
    await site.neverRestorable(a0, gid, 10);
    story.check(await walbc.isWdiffSendError(p0, VOL, a0), 'p0 reports that it cannot send');
    await story.step('walbc.resizeArchive(a0, VOL, 2, true)', () => walbc.resizeArchive(a0, VOL, 2, true));
    await site.kickAll([s0, s1, p0, p1]);
    await walbc.waitForRestorable(a0, VOL, gid, 100);
    story.check(!(await walbc.isWdiffSendError(p0, VOL, a0)), 'p0 has nothing to report any more');
    await site.verify(a0, gid);
  },
});
