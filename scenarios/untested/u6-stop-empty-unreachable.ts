import { siteScenario, VOL } from '../lib/site.ts';

export const u6 = siteScenario({
  name: 'u6-stop-empty-unreachable',
  purpose: 'Stopping a proxy empty while its archive is out of reach gives up after a minute and goes on',
  layout: 's0/p0/a0',
  needs: ['network-faults'],
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    site.cutLink(p0, [a0]);
    await site.write(s0);
    const gid = await site.snapshotNbk(s0);
    await site.sleep(3);
    await story.step("walbc.stopNbk(p0, VOL, 'empty')", () => walbc.stopNbk(p0, VOL, 'empty'));
    await site.sleep(80);
    const state = await walbc.getState(p0, VOL);
    story.check(state === 'Started' || state === 'WaitForEmpty', `p0 is ${state}: nothing was lost`);
    site.healLink(p0, [a0]);
    await site.kickAll([p0]);
    await site.eventually(
      async () => ['Started', 'Stopped'].includes(await walbc.getState(p0, VOL)),
      200,
      'p0 rests',
    );
    if ((await walbc.getState(p0, VOL)) === 'Stopped') await site.startVolume(p0);
    await walbc.waitForRestorable(a0, VOL, gid, 100);
    await site.verify(a0, gid);
  },
});
