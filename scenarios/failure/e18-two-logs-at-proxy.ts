import { siteScenario, VOL } from '../lib/site.ts';

export const e18 = siteScenario({
  name: 'e18-two-logs-at-proxy',
  purpose:
    'Diffs of a log that was given up and of the log after it wait together; only the old ones are dropped',
  layout: 's0/p0/a0',
  needs: ['network-faults'],
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    await site.begin();
    site.cutLink(p0, [a0]);
    for (let i = 0; i < 3; i++) {
      await site.write(s0);
      await site.snapshotNbk(s0);
    }
    await site.sleep(3);
    await site.stop(s0);
    await site.resetVol(s0);
    site.forgetSnapshots();
    await site.walbc.hashBackup(s0, VOL, { block: false });
    await site.eventually(
      async () => (await site.walbc.getState(s0, VOL)) === 'Target',
      60,
      's0 is a target',
    );
    const gids: number[] = [];
    // Their gids go on where those of the archive end, among those that wait.
    for (let i = 0; i < 4; i++) {
      await site.write(s0);
      gids.push(await site.snapshotNbk(s0));
    }
    await site.sleep(3);
    site.healLink(p0, [a0]);
    await site.kickAll([p0]);
    for (const gid of gids) await site.walbc.waitForRestorable(a0, VOL, gid, 100);
    await site.verify(a0, gids[gids.length - 1] as number);
  },
});
