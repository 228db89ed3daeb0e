import { siteScenario, VOL } from '../lib/site.ts';

export const p6 = siteScenario({
  name: 'p6-survivor-becomes-primary',
  purpose: 'When the primary archive is lost, a synchronising one takes its place without a backup',
  layout: 's0,s1/p0,p1/a0,a1',
  needs: ['kill', 'data-loss'],
  async tell(site) {
    const { s0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    const first = await site.beginWithReplica();
    site.load(s0);
    await site.sleep(1);
    site.kill(a0);
    await site.group.loseData('a0');
    await story.step('walbc.stopSynchronizing(a0, VOL)', () => walbc.stopSynchronizing(a0, VOL));
    await site.setLayout({ archives: ['a1'] });
    await site.sleep(1);
    const gid = await site.snapshot(s0, [a1]);
    await site.verify(a1, gid);
    await site.verify(a1, first);
  },
});
