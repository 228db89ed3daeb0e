import { siteScenario, VOL } from '../lib/site.ts';

export const e4 = siteScenario({
  name: 'e4-storage-down-overflow',
  purpose: 'A log that overflowed while the storage server was down is reported, and a hash backup repairs',
  layout: 's0,s1/p0,p1/a0,a1',
  needs: ['kill'],
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.shutdown(s0);
    for (let i = 0; i < 3; i++) await site.overwrite(s0);
    await site.start(s0);
    story.check(await walbc.isOverflow(s0, VOL), 's0 reports the overflow');
    await site.eventually(
      async () => (await walbc.getState(s0, VOL)) === 'Stopped',
      20,
      's0 stops the volume by itself',
    );
    await site.verify(a0, await site.hashBackup(s0));
    story.check(!(await walbc.isOverflow(s0, VOL)), 's0 reports no overflow any more');
    await site.write(s0);
    await site.verify(a0, await site.snapshot(s0, [a0]));
  },
});
