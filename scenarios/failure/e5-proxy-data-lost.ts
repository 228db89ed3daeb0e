import { siteScenario, VOL } from '../lib/site.ts';

export const e5 = siteScenario({
  name: 'e5-proxy-data-lost',
  purpose: 'A gap that lost diffs of a proxy leave is never bridged, and a hash backup repairs',
  layout: 's0,s1/p0,p1/a0,a1',
  needs: ['kill', 'data-loss'],
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.stop(a0, 'force');
    await site.write(s0);
    await site.snapshotNbk(s0);
    await site.sleep(3);
    await site.loseData(p0);
    await site.state(p0, 'Clear');
    await site.startVolume(a0);
    await story.step('walbc.startSynchronizing(a0, VOL)', () => walbc.startSynchronizing(a0, VOL));
    await site.write(s0);
    const gid = await site.snapshotNbk(s0);
    await site.neverRestorable(a0, gid, 10);
    await site.stopIfTarget(s0);
    await site.verify(a0, await site.hashBackup(s0));
  },
});
