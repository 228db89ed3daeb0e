import { siteScenario, VOL } from '../lib/site.ts';

export const e7 = siteScenario({
  name: 'e7-secondary-archive-lost',
  purpose: 'After the loss of a replica backup goes on, and replicating again mends it',
  layout: 's0,s1/p0,p1/a0,a1',
  needs: ['kill', 'data-loss'],
  async tell(site) {
    const { s0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.write(s0);
    await site.replicate(a0, a1, true);
    await site.loseData(a1);
    await site.write(s0);
    const gid = await site.snapshotNbk(s0);
    await walbc.waitForRestorable(a0, VOL, gid, 100);
    await site.holdsFor(async () => (await walbc.getState(a1, VOL)) === 'Clear', 10, 'a1 has nothing');
    await site.replicate(a0, a1, true);
    await site.write(s0);
    const later = await site.snapshot(s0, [a0, a1]);
    await site.verifySame(later, [a0, a1]);
    await story.step('walbc.stopSynchronizing(a1, VOL)', () => walbc.stopSynchronizing(a1, VOL));
  },
});
