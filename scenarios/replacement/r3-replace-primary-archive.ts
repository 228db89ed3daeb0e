import { siteScenario, VOL } from '../lib/site.ts';

export const r3 = siteScenario({
  name: 'r3-replace-primary-archive',
  purpose: 'The primary archive is replaced by another host without a new backup, and back',
  layout: 's0,s1/p0,p1/a0,a1',
  spares: '//a2',
  needs: ['kill'],
  async tell(site) {
    const { s0, a0, a2 } = site.servers;
    const { walbc, story } = site;
    const first = await site.begin();
    for (const [from, to] of [
      [a0, a2],
      [a2, a0],
    ] as const) {
      story.check(await walbc.isSynchronizing(from, VOL), `${from.name} is synchronising`);
      if (!site.group.isRunning(to.name)) await site.start(to);
      await site.replicate(from, to, true);
      await story.step(`walbc.stopSynchronizing(${from.name}, VOL)`, () =>
        walbc.stopSynchronizing(from, VOL),
      );
      await site.clearVol(from);
      await site.shutdown(from);
      await site.setLayout({ archives: [to.name, 'a1'] });
      await site.write(s0);
      await site.verify(to, await site.snapshot(s0, [to]));
      await site.verify(to, first);
    }
  },
});
