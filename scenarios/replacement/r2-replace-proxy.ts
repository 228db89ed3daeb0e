import { siteScenario, VOL } from '../lib/site.ts';

export const r2 = siteScenario({
  name: 'r2-replace-proxy',
  purpose: 'A proxy is replaced by another host without a gap, and back',
  layout: 's0,s1/p0,p1/a0,a1',
  spares: '/p2/',
  needs: ['kill'],
  async tell(site) {
    const { s0, p0, p2, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    for (const [from, to] of [
      [p0, p2],
      [p2, p0],
    ] as const) {
      await site.write(s0);
      if (!site.group.isRunning(to.name)) await site.start(to);
      await story.step(`walbc.copyArchiveInfo(${from.name}, VOL, ${to.name})`, () =>
        walbc.copyArchiveInfo(from, VOL, to),
      );
      await site.stop(from, 'empty');
      await site.clearVol(from);
      await site.shutdown(from);
      await site.setLayout({ proxies: [to.name, 'p1'] });
      await site.write(s0);
      await site.verify(a0, await site.snapshot(s0, [a0]));
      story.check(await walbc.isSynchronizing(a0, VOL), 'both proxies send to a0');
    }
  },
});
