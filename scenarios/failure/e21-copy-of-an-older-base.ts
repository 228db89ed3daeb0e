import { siteScenario, VOL } from '../lib/site.ts';

export const e21 = siteScenario({
  name: 'e21-copy-of-an-older-base',
  purpose:
    'A full replication that was cut does not go on when the base of its source has moved on meanwhile',
  layout: 's0/p0/a0,a1',
  needs: ['network-faults'],
  deviceMib: 4,
  logMib: 12,
  // How far a copy got is remembered at each flush.
  archiveOptions: { fsyncIntervalBytes: 64 * 1024 },
  async tell(site) {
    const { s0, p0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
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
