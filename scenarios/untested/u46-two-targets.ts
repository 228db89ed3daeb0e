import { siteScenario, VOL } from '../lib/site.ts';

export const u46 = siteScenario({
  name: 'u46-two-targets',
  purpose:
    'Of two storages that are both targets one alone reaches the archive: its content is never a mixture',
  layout: 's0,s1/p0/a0',
  async tell(site) {
    const { s0, s1, p0, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.write(s0);
    await site.verify(a0, await site.snapshot(s0, [a0]));
    // The controller refuses this, the bare commands of somebody in a hurry do not.
    await story.refused('walbc.hashBackup(s1, VOL)', () => walbc.hashBackup(s1, VOL), 'prepare_backup');
    await site.state(s1, 'SyncReady');
    await site.write(s1);
    await site.write(s0);
    const gid = await site.take(s1, VOL, `walbc s1 hash-bkp ${VOL}`, async () => {
      const before = await walbc.getLatestCleanSnapshot(a0, VOL);
      await walbc.runCtl(s1, ['hash-bkp', VOL]);
      await site.eventually(async () => (await walbc.getState(s1, VOL)) === 'Target', 60, 's1 is a target');
      const isNew = async () => (await walbc.getRestorableGid(a0, VOL)).some((one) => one > before);
      await site.eventually(isNew, 60, 'its snapshot is restorable');
      return (await walbc.getRestorableGid(a0, VOL)).find((one) => one > before) ?? 0;
    });
    await site.state(s0, 'Target');
    await site.verify(a0, gid);
    // What s0 still sends is of a log that the archive does not follow any more.
    await site.write(s0);
    const lost = await walbc.snapshotNbk(s0, VOL);
    await site.write(s1);
    const later = await site.snapshot(s1, [a0]);
    await site.sleep(20);
    await site.verify(a0, later);
    story.note(`gid ${lost} of s0 went nowhere`);
    const isEmpty = async () => !/numDiff [1-9]/.test((await walbc.runCtl(p0, ['status', VOL])).join(' '));
    await site.eventually(isEmpty, 60, 'p0 has dropped what came from s0');
    // The documented way back: one of them becomes standby, and a hash backup of the other makes all right.
    await site.stop(s0, 'force');
    await site.resetVol(s0);
    await site.goStandby(s0);
    await site.stop(s1);
    await site.write(s1);
    await site.verify(a0, await site.hashBackup(s1));
    await site.state(s0, 'Standby');
    await site.write(s1);
    await site.verify(a0, await site.snapshot(s1, [a0]));
  },
});
