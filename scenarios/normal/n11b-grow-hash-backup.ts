import { LB_PER_MIB, siteScenario, VOL } from '../lib/site.ts';

export const n11b = siteScenario({
  name: 'n11b-grow-hash-backup',
  purpose: 'After growing without zero-clear over volumes full of old data, a hash backup makes all equal',
  layout: 's0,s1/p0/a0',
  needs: ['grow'],
  volumes: 'thick',
  async tell(site) {
    const { s0, s1, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    site.load(s0);
    await site.snapshot(s0, [a0]);
    await site.quiet();
    for (const sx of [s0, s1]) await site.device(sx).device.growDataDevice(2 * LB_PER_MIB);
    await story.step('walbc.resize(VOL, 2, false)', () => walbc.resize(VOL, 2, false));
    await site.write(s0);
    const unsure = await walbc.snapshot(s0, VOL, [a0]);
    const image = await site.image(a0, unsure);
    const isOld = image.subarray(1024 * 1024).some((byte) => byte !== 0);
    story.check(isOld, 'the new part at the archive holds old data, as thick volumes do');
    await site.goStandby(s0);
    await site.verify(a0, await site.hashBackup(s0));
  },
});
