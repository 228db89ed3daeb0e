import { siteScenario, VOL } from '../lib/site.ts';

export const u19 = siteScenario({
  name: 'u19-different-archive-sets',
  purpose: 'Proxies that list different archives are reported, and made equal again without losing a diff',
  layout: 's0,s1/p0,p1/a0,a1',

  async tell(site) {
    const { s0, p0, p1, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.beginWithReplica();
    await story.step('walbc.delArchiveFromProxy(p1, VOL, a1, true)', () =>
      walbc.delArchiveFromProxy(p1, VOL, a1, true),
    );
    await story.refused('walbc.isSynchronizing(a1, VOL)', () => walbc.isSynchronizing(a1, VOL), 'some');
    await site.write(s0);
    const gid = await site.snapshot(s0, [a0]);
    await site.verify(a0, gid);
    // p0 takes logs with priority, so that a1 goes on; once p0 is down it falls behind.
    await site.stop(p0, 'empty');
    await site.write(s0);
    const behind = await site.snapshot(s0, [a0]);
    await site.startVolume(p0);
    await site.neverRestorable(a1, behind, 10);
    await story.step('walbc.synchronize(a0, VOL, a1)', () => walbc.synchronize(a0, VOL, a1));
    story.check(await walbc.isSynchronizing(a1, VOL), 'a1 is synchronising at both proxies');
    await site.write(s0);
    await site.verifySame(await site.snapshot(s0, [a0, a1]), [a0, a1]);
    await site.state(p1, 'Started');
  },
});
