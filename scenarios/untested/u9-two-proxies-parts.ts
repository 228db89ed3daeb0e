import { siteScenario, VOL } from '../lib/site.ts';

export const u9 = siteScenario({
  name: 'u9-two-proxies-parts',
  purpose: 'Two proxies that each hold part of the sequence deliver it in order, whichever starts first',
  layout: 's0,s1/p0,p1/a0,a1',
  needs: ['kill', 'network-faults'],
  async tell(site) {
    const { s0, p0, p1, a0 } = site.servers;
    const { walbc } = site;
    await site.begin();
    for (const [early, late] of [
      [p0, p1],
      [p1, p0],
    ] as const) {
      site.cutLink(a0, [p0, p1]);
      // Four parts, by turns at one proxy and the other.
      const gids = [];
      for (const down of [p1, p0, p1, p0]) {
        site.cutLink(down, [s0]);
        await site.write(s0, VOL, 6);
        gids.push(await site.snapshotNbk(s0));
        await site.kickAll([s0]);
        await site.eventually(async () => (await site.logUsage(s0)).usedPb === 0, 300, 'the log is sent');
        site.healLink(down, [s0]);
      }
      for (const px of [p0, p1]) site.kill(px);
      site.healLink(a0, [p0, p1]);
      await site.start(early);
      await site.sleep(5);
      await site.start(late);
      for (const gid of gids) await walbc.waitForRestorable(a0, VOL, gid, 600);
      for (const gid of gids) await site.verify(a0, gid);
    }
  },
});
