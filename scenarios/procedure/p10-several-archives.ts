import { siteScenario, VOL } from '../lib/site.ts';

export const p10 = siteScenario({
  name: 'p10-several-archives',
  purpose: 'Three archives are synchronised; one is frozen, one follows another, all agree',
  layout: 's0,s1/p0,p1/a0,a1,a2',

  async tell(site) {
    const { s0, a0, a1, a2 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.replicate(a0, a1, true);
    await site.replicate(a0, a2, true);
    site.load(s0);
    await site.sleep(1);
    await site.verifySame(await site.snapshot(s0, [a0, a1, a2]), [a0, a1, a2]);
    await story.step('walbc.stopSynchronizing(a1, VOL)', () => walbc.stopSynchronizing(a1, VOL));
    const later = await site.snapshot(s0, [a0, a2]);
    const frozen = await walbc.getLatestCleanSnapshot(a1, VOL);
    story.check(frozen < later, `a1 stands at ${frozen}, before ${later}`);
    // The chain a0 -> a2 -> a1.
    await site.replicateOnce(a2, a1);
    await site.verifySame(later, [a0, a1, a2]);
    await site.replicate(a2, a1, true);
    await site.verifySame(await site.snapshot(s0, [a0, a1, a2]), [a0, a1, a2]);
  },
});
