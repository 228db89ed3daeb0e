import { siteScenario } from '../lib/site.ts';

export const u10 = siteScenario({
  name: 'u10-proxy-disk-full',
  purpose: 'A proxy without room refuses logs, the other one takes them, and nothing acknowledged is lost',
  layout: 's0,s1/p0,p1/a0,a1',
  needs: ['full-disks'],
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { group, story } = site;
    await site.begin();
    for (const fileBytes of [0, 20_000, 60_000]) {
      group.leaveRoom('p0', { fileBytes });
      story.note(`p0 has room for ${fileBytes} bytes`);
      await site.write(s0);
      await site.verify(a0, await site.snapshot(s0, [a0]));
      const left = group
        .files('p0')
        .list()
        .filter((path) => path.includes('tmp'));
      story.check(left.length === 0, `no half file is left at ${p0.name}: [${left}]`);
      group.leaveRoom('p0', { fileBytes: null });
      await site.sleep(12);
    }
    await site.write(s0);
    await site.verify(a0, await site.snapshot(s0, [a0]));
  },
});
