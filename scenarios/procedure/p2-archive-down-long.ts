import { siteScenario, VOL } from '../lib/site.ts';

export const p2 = siteScenario({
  name: 'p2-archive-down-long',
  purpose: 'An archive that is down for long fills the proxy, then the log; room and a hash backup mend it',
  layout: 's0/p0/a0',
  logMib: 1,
  needs: ['kill', 'full-disks'],
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { walbc, story, group } = site;
    const first = await site.begin();
    await site.shutdown(a0);
    group.leaveRoom('p0', { fileBytes: 300_000 });
    story.note('p0 has room for 300000 bytes');
    let count = 0;
    for (; !(await walbc.isOverflow(s0, VOL)); count++) {
      story.check(count < 400, 'the log overflows at last');
      await site.writeIn(site.device(s0), { beginLb: 0, endLb: 2048 }, 4);
      await site.sleep(2);
    }
    story.check(count > 10, 'the proxy takes what it has room for');
    group.leaveRoom('p0', { fileBytes: null });
    await site.start(a0);
    await site.stopIfTarget(s0);
    await site.verify(a0, await site.hashBackup(s0));
    await site.verify(a0, first);
  },
});
