import { siteScenario, VOL } from '../lib/site.ts';

export const p1 = siteScenario({
  name: 'p1-all-proxies-down',
  purpose: 'While all proxies are down the log grows on the device, and is sent when they are back',
  layout: 's0,s1/p0,p1/a0,a1',
  needs: ['kill'],
  async tell(site) {
    const { s0, p0, p1, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    for (const px of [p0, p1]) site.kill(px);
    const gids: number[] = [];
    for (let i = 0; i < 3; i++) {
      await site.write(s0);
      gids.push(await site.snapshotNbk(s0));
    }
    await site.sleep(30);
    story.check((await site.logUsage(s0)).usedPb > 0, 'the log waits on the device');
    for (const px of [p0, p1]) await site.start(px);
    await site.kickAll([s0]);
    // Each of them was asked for: none is joined with the next one.
    for (const gid of gids) {
      await walbc.waitForRestorable(a0, VOL, gid, 100);
      await site.verify(a0, gid);
    }
  },
});
