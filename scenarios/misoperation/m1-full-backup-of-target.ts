import { siteScenario, VOL } from '../lib/site.ts';

export const m1 = siteScenario({
  name: 'm1-full-backup-of-target',
  purpose: 'A backup of a target is refused by controller and server, and the target goes on',
  layout: 's0,s1/p0,p1/a0,a1',
  async tell(site) {
    const { s0, s1, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.write(s0);
    await site.snapshot(s0, [a0]);
    await story.step('walbc.stopSynchronizing(a0, VOL)', () => walbc.stopSynchronizing(a0, VOL));
    await story.refused(
      'walbc.fullBackup(s0, VOL)',
      () => walbc.fullBackup(s0, VOL, { timeoutS: 10 }),
      'prepare_backup:bad state',
    );
    for (const sx of [s0, s1]) {
      const state = await walbc.getState(sx, VOL);
      for (const command of ['full-bkp', 'hash-bkp']) {
        await story.refused(
          `walbc ${sx.name} ${command} of a ${state}`,
          () => walbc.runCtl(sx, [command, VOL]),
          state,
        );
      }
      await site.state(sx, state);
    }
    await story.step('walbc.startSynchronizing(a0, VOL)', () => walbc.startSynchronizing(a0, VOL));
    await site.write(s0);
    await site.verify(a0, await site.snapshot(s0, [a0]));
  },
});
