import { siteScenario } from '../lib/site.ts';

export const n3 = siteScenario({
  name: 'n3-hash-backup',
  purpose: 'A hash backup after standby brings the archive up to date and keeps its older snapshots',
  layout: 's0,s1/p0,p1/a0,a1',
  async tell(site) {
    const { s0, a0 } = site.servers;
    const first = await site.begin();
    await site.goStandby(s0);
    await site.write(s0);
    const gid = await site.hashBackup(s0);
    site.story.check(gid > first, `the new gid ${gid} is above ${first}`);
    await site.verify(a0, gid);
    await site.verify(a0, first);
    // Only what differs was sent: the diff is smaller than the device.
    const diffBytes = await site.walbc.getTotalDiffSize(a0, 'vol0');
    const deviceBytes = site.device(s0).device.sizeLb() * 512;
    site.story.check(diffBytes < deviceBytes * 0.8, `${diffBytes} bytes of diffs for ${deviceBytes} bytes`);
  },
});
