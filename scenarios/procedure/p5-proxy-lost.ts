import { siteScenario } from '../lib/site.ts';

export const p5 = siteScenario({
  name: 'p5-proxy-lost',
  purpose: 'A proxy that lost its data is told its archives again, for every volume, and hash backups follow',
  layout: 's0,s1/p0,p1/a0,a1',
  deviceCount: 2,
  needs: ['kill', 'data-loss'],
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { walbc, story } = site;
    const vols = ['vol0', 'vol1'];
    for (const vol of vols) await site.begin(vol);
    site.cutLink(p0, [a0]);
    for (const vol of vols) {
      await site.write(s0, vol);
      await site.snapshotNbk(s0, vol);
    }
    await site.sleep(3);
    site.healLink(p0, [a0]);
    await site.loseData(p0);
    for (const vol of vols) {
      await story.step(`walbc.startSynchronizing(a0, ${vol})`, () => walbc.startSynchronizing(a0, vol));
      await site.stopIfTarget(s0, vol);
      await site.verify(a0, await site.hashBackup(s0, vol), vol);
    }
  },
});
