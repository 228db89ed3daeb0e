import { siteScenario, VOL } from '../lib/site.ts';

export const e6 = siteScenario({
  name: 'e6-primary-archive-lost',
  purpose:
    'After the loss of the primary archive nothing is restorable until a full backup; a resync mends its replica',
  layout: 's0,s1/p0,p1/a0,a1',
  needs: ['kill', 'data-loss'],
  async tell(site) {
    const { s0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.replicate(a0, a1, false);
    await site.loseData(a0);
    await site.state(a0, 'Clear');
    await story.step('walbc.initVol(a0, VOL)', () => walbc.initVol(a0, VOL));
    const lost = await site.snapshotNbk(s0);
    await site.neverRestorable(a0, lost, 10);
    await site.stop(s0);
    const gid = await site.fullBackup(s0);
    await site.verify(a0, gid);
    await site.replicate(a0, a1, false, true);
    const uuids = [await walbc.getArchiveUuid(a0, VOL), await walbc.getArchiveUuid(a1, VOL)];
    story.check(uuids[0] === uuids[1], 'a1 has taken over the archive uuid of a0');
    await site.verifySame(gid, [a0, a1]);
  },
});
