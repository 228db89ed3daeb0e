import { siteScenario, VOL } from '../lib/site.ts';

export const e23 = siteScenario({
  name: 'e23-replica-behind-hash-backups',
  purpose:
    'A new replica follows its source over several hash backups that nobody keeps a snapshot of any more',
  layout: 's0/p0/a0,a1',
  async tell(site) {
    const { s0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    for (let i = 0; i < 3; i++) {
      await site.write(s0);
      await site.snapshot(s0, [a0]);
      await site.stop(s0);
      await site.hashBackup(s0);
    }
    await site.write(s0);
    const gid = await site.snapshot(s0, [a0]);
    const older = (await walbc.getRestorableGid(a0, VOL)).filter((one) => one !== gid);
    await story.step(`walbc.disableSnapshot(a0, VOL, [${older.join(', ')}])`, () =>
      walbc.disableSnapshot(a0, VOL, older),
    );
    await site.replicateOnce(a0, a1);
    await site.verifySame(gid, [a0, a1]);
  },
});
