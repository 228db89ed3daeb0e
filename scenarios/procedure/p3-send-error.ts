import { siteScenario, VOL } from '../lib/site.ts';

export const p3 = siteScenario({
  name: 'p3-send-error',
  purpose: 'A proxy that was refused for too long gives up and says so; a kick makes it send again',
  layout: 's0/p0/a0',
  proxyOptions: { retryTimeoutS: 5 },
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.stop(a0);
    await site.write(s0);
    const gid = await site.snapshotNbk(s0);
    await site.eventually(() => walbc.isWdiffSendError(p0, VOL, a0), 60, 'p0 gives up');
    await site.startVolume(a0);
    await site.neverRestorable(a0, gid, 10);
    await site.kickAll([p0]);
    await walbc.waitForRestorable(a0, VOL, gid, 100);
    story.check(!(await walbc.isWdiffSendError(p0, VOL, a0)), 'p0 has nothing to report any more');
    await site.verify(a0, gid);
  },
});
