import { siteScenario, VOL } from '../lib/site.ts';

export const p7 = siteScenario({
  name: 'p7-primary-lost-alone',
  purpose: 'When the only archive is lost, a new host gets a full backup and a new history begins',
  layout: 's0/p0/a0',
  spares: '//a2',
  needs: ['kill', 'data-loss'],
  async tell(site) {
    const { s0, a0, a2 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    site.kill(a0);
    await story.step('walbc.stopSynchronizing(a0, VOL)', () => walbc.stopSynchronizing(a0, VOL));
    await site.start(a2);
    await site.setLayout({ archives: ['a2'] });
    await site.write(s0);
    await site.stop(s0);
    await site.verify(a2, await site.fullBackup(s0));
    await site.write(s0);
    await site.verify(a2, await site.snapshot(s0, [a2]));
  },
});
