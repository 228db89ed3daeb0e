import { siteScenario, VOL } from '../lib/site.ts';

export const r4 = siteScenario({
  name: 'r4-replace-secondary-archive',
  purpose: 'A secondary archive is replaced by another host with its snapshots, and back',
  layout: 's0,s1/p0,p1/a0,a1',
  spares: '//a2',
  needs: ['kill'],
  async tell(site) {
    const { s0, a0, a1, a2 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.replicate(a0, a1, false);
    for (const [from, to] of [
      [a1, a2],
      [a2, a1],
    ] as const) {
      story.check(!(await walbc.isSynchronizing(from, VOL)), `${from.name} is not synchronising`);
      if (!site.group.isRunning(to.name)) await site.start(to);
      const latest = await walbc.getLatestCleanSnapshot(from, VOL);
      await site.replicate(from, to, false);
      await site.clearVol(from);
      await site.shutdown(from);
      await site.setLayout({ archives: ['a0', to.name] });
      story.check((await walbc.getLatestCleanSnapshot(to, VOL)) === latest, `${to.name} is at ${latest}`);
      await site.verify(to, latest);
      // What is written afterwards reaches the new one too.
      await site.write(s0);
      const later = await site.snapshot(s0, [a0]);
      await site.replicateOnce(a0, to);
      await site.verifySame(later, [a0, to]);
    }
  },
});
