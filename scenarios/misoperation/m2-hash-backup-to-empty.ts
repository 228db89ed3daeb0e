import { siteScenario, VOL } from '../lib/site.ts';

export const m2 = siteScenario({
  name: 'm2-hash-backup-to-empty',
  purpose: 'A hash backup to an archive without data is refused; a full backup recovers',
  layout: 's0,s1/p0,p1/a0,a1',
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await story.step('walbc.stopSynchronizing(a0, VOL)', () => walbc.stopSynchronizing(a0, VOL));
    await site.stop(a0);
    await site.resetVol(a0);
    await site.write(s0);
    await story.refused(
      'walbc.hashBackup(s0, VOL) of a target',
      () => walbc.hashBackup(s0, VOL, { timeoutS: 10 }),
      'prepare_backup:bad state',
    );
    await site.goStandby(s0);
    await site.stop(s0);
    await site.state(s0, 'SyncReady');
    await site.state(a0, 'SyncReady');
    await story.refused('walbc s0 hash-bkp', () => walbc.runCtl(s0, ['hash-bkp', VOL]), 'not accepted');
    await site.state(s0, 'SyncReady');
    await story.refused(
      'walbc.hashBackup(s0, VOL) to an archive that is SyncReady',
      () => walbc.hashBackup(s0, VOL, { timeoutS: 10 }),
      'not accepted',
    );
    await site.verify(a0, await site.fullBackup(s0));
  },
});
