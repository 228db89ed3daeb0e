import { siteScenario, VOL } from '../lib/site.ts';

export const u18 = siteScenario({
  name: 'u18-two-losses',
  purpose: 'Losses of two things at a time are mended by the documented procedures',
  layout: 's0,s1/p0,p1/a0,a1',
  needs: ['kill', 'data-loss'],
  async tell(site) {
    const { s0, p0, p1, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    // A proxy and the log.
    for (const px of [p0, p1]) site.kill(px);
    await site.group.loseData('p0');
    await site.overflow(s0);
    for (const px of [p0, p1]) await site.start(px);
    await story.step('walbc.startSynchronizing(a0, VOL)', () => walbc.startSynchronizing(a0, VOL));
    await site.stopIfTarget(s0);
    await site.verify(a0, await site.hashBackup(s0));
    // The primary archive and a proxy.
    for (const server of [a0, p0]) {
      site.kill(server);
      await site.group.loseData(server.name);
    }
    for (const server of [a0, p0]) await site.start(server);
    await story.step('walbc.startSynchronizing(a0, VOL)', () => walbc.startSynchronizing(a0, VOL));
    await site.write(s0);
    await site.stopIfTarget(s0);
    await site.verify(a0, await site.fullBackup(s0));
    // Storage and archive at once.
    for (const server of [s0, a0]) {
      site.kill(server);
      await site.group.loseData(server.name);
    }
    for (const server of [s0, a0]) await site.start(server);
    await site.init([s0]);
    await site.write(s0);
    await site.verify(a0, await site.fullBackup(s0));
  },
});
