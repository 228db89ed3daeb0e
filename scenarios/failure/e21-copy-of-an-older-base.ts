import { ARCHIVE_STEPS } from '../../core/server/archive/steps.ts';
import { type Site, siteScenario, VOL } from '../lib/site.ts';

export const e21 = siteScenario({
  name: 'e21-copy-of-an-older-base',
  purpose:
    'A full replication that was cut does not go on when the base of its source has moved on meanwhile',
  layout: 's0/p0/a0,a1',
  needs: ['network-faults', 'power-loss', 'crash-points'],
  deviceMib: 4,
  logMib: 12,
  // How far a copy got is remembered at each flush.
  archiveOptions: { fsyncIntervalBytes: 64 * 1024 },
  async tell(site) {
    const { s0, p0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await backupBehindCutResync(site);
    await site.overwrite(s0);
    await walbc.apply(a0, VOL, await site.snapshot(s0, [a0]));
    site.limitLink(a0, a1, 400_000);
    await story.step('walbc.replicateOnceNbk(a0, VOL, a1)', () => walbc.replicateOnceNbk(a0, VOL, a1));
    await site.sleep(6);
    site.cutLink(a1, [s0, p0, a0]);
    const ended = async () => (await walbc.getNumAction(a0, VOL, 'ReplSyncAsClient')) === 0;
    await site.eventually(ended, 20, 'a0 gives up');
    await site.eventually(async () => (await walbc.getState(a1, VOL)) === 'SyncReady', 20, 'a1 gives up');
    story.check(
      site.group.files(a1.name).list().includes(`${VOL}/full_repl_state`),
      'a1 remembers how far the copy got',
    );
    site.healLink(a1, [s0, p0, a0]);
    await site.overwrite(s0);
    const gid = await site.snapshot(s0, [a0]);
    await walbc.apply(a0, VOL, gid);
    await site.replicateOnce(a0, a1);
    await site.verifySame(gid, [a0, a1]);
  },
});

/** Saving a small file takes so many calls; with the last one it is durable. */
const SAVE_CALLS = 6;

/** Diffs of an image that a resync has given up are nothing to the full backup that comes instead. */
async function backupBehindCutResync(site: Site): Promise<void> {
  const { s0, p0, a0, a1 } = site.servers;
  const { walbc, group, story } = site;
  await site.replicate(a0, a1, true);
  for (let i = 0; i < 2; i++) {
    await site.write(s0);
    await site.snapshot(s0, [a0, a1]);
  }
  site.cutLink(p0, [a0]);
  await site.write(s0);
  await walbc.apply(a1, VOL, await site.snapshot(s0, [a1]));
  group.powerLossAt(a0.name, { step: ARCHIVE_STEPS.resyncState, nth: SAVE_CALLS });
  await story.step('walbc.replicateOnceNbk(a1, VOL, a0, { doResync: true })', () =>
    walbc.replicateOnceNbk(a1, VOL, a0, { doResync: true }),
  );
  await site.eventually(() => !group.isRunning(a0.name), 60, 'a0 is dark');
  group.powerOn(a0.name);
  await site.start(a0);
  await site.state(a0, 'SyncReady');
  site.healLink(p0, [a0]);
  await site.stop(s0);
  const gid = await site.fullBackup(s0);
  await site.verify(a0, gid);
  await site.write(s0);
  await site.verify(a0, await site.snapshot(s0, [a0]));
  await site.clearVol(a1);
}
