import { LB_PER_MIB, siteScenario, VOL } from '../lib/site.ts';

export const n11a = siteScenario({
  name: 'n11a-grow-zero-clear',
  purpose:
    'A volume grows while an application writes; its new part is zeros at the archives and then what is written',
  layout: 's0,s1/p0,p1/a0,a1',
  needs: ['grow'],
  volumes: 'thick',
  async tell(site) {
    const { s0, s1, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.beginWithReplica();
    const load = site.load(s0);
    await site.snapshot(s0, [a0, a1]);
    for (const sx of [s0, s1]) await site.device(sx).device.growDataDevice(2 * LB_PER_MIB);
    await story.step('walbc.resize(VOL, 2, true)', () => walbc.resize(VOL, 2, true));
    for (const ax of [a0, a1]) {
      story.check((await walbc.getVolSizeLb(ax, VOL)) === 2 * LB_PER_MIB, `${ax.name} has the new size`);
    }
    await site.writeIn(site.device(s0), { beginLb: LB_PER_MIB - 8, endLb: 2 * LB_PER_MIB }, 12);
    story.check(site.device(s0).device.sizeLb() === 2 * LB_PER_MIB, 'the device has the new size');
    load.setEnd(2 * LB_PER_MIB);
    await site.sleep(0.5);
    await site.verifySame(await site.snapshot(s0, [a0, a1]), [a0, a1]);
  },
});
