import { siteScenario, VOL } from '../lib/site.ts';

export const u8 = siteScenario({
  name: 'u8-clock-jumps',
  purpose: 'Wall clocks that jump by hours at each server change no order and stall nothing',
  layout: 's0,s1/p0,p1/a0,a1',
  needs: ['clock-step'],
  async tell(site) {
    const { s0, p0, a0, a1 } = site.servers;
    await site.beginWithReplica();
    let last = 0;
    for (const [server, hours] of [
      [s0, 5],
      [p0, -7],
      [a0, 30],
      [s0, -12],
      [p0, 9],
      [a1, -100],
    ] as const) {
      site.group.stepClock(server.name, hours * 3600);
      site.story.note(`the clock of ${server.name} jumps by ${hours} hours`);
      await site.write(s0, VOL, 8);
      const begunUs = site.group.clock.nowUs();
      const gid = await site.snapshot(s0, [a0, a1]);
      site.story.check(gid > last, `gid ${gid} comes behind ${last}`);
      const tookS = (site.group.clock.nowUs() - begunUs) / 1e6;
      site.story.check(tookS < 15, `the snapshot took ${tookS.toFixed(1)} s`);
      last = gid;
      await site.verifySame(gid, [a0, a1]);
    }
    await site.walbc.apply(a0, VOL, last);
    await site.verify(a0, last);
  },
});
