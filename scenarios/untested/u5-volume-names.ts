import { siteScenario } from '../lib/site.ts';

export const u5 = siteScenario({
  name: 'u5-volume-names',
  purpose: 'Volume names of every allowed form work, others are refused',
  layout: 's0/p0/a0',
  deviceCount: 3,
  deviceMib: 0.25,
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { walbc, story } = site;
    // The last digit names the device that the volume is on.
    const good = ['0', `${'x'.repeat(62)}-1`, '-2'];
    for (const vol of good) {
      await site.begin(vol);
      await site.write(s0, vol);
      await site.verify(a0, await site.snapshot(s0, [a0], vol), vol);
    }
    const listed = await walbc.getVolList(a0);
    story.check(
      good.every((vol) => listed.includes(vol)),
      `[${listed}] are all there`,
    );
    for (const vol of ['', 'x'.repeat(65), 'a_b', '../x', 'a/b', 'a.b', 'a b', 'ä']) {
      await story.refused(`walbc.initVol(a0, '${vol}')`, () => walbc.initVol(a0, vol), '');
      await story.refused(`walbc.getState(s0, '${vol}')`, () => walbc.getState(s0, vol), '');
    }
    const now = await walbc.getVolList(a0);
    story.check(String(now.sort()) === String(listed.sort()), `nothing was made: [${now}]`);
  },
});
