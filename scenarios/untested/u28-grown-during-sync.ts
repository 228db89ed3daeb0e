import { siteScenario, VOL } from '../lib/site.ts';

export const u28 = siteScenario({
  name: 'u28-grown-during-sync',
  purpose: 'A device that grows during a hash backup or a replication leaves a volume that converges',
  layout: 's0/p0/a0,a1',
  needs: ['grow', 'network-faults'],
  async tell(site) {
    const { s0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    const { device } = site.device(s0);
    const grow = async (mib: number) => {
      await device.growDataDevice((mib * 1024 * 1024) / 512);
      await walbc.runCtl(s0, ['resize', VOL, `${mib}m`]).then(
        () => story.note(`s0 has grown to ${mib} MiB`),
        (error) => story.note(`s0 is not grown now: ${error.message}`),
      );
    };
    await site.goStandby(s0);
    await site.overwrite(s0, 0.5);
    site.limitLink(s0, a0, 200_000);
    await walbc.hashBackup(s0, VOL, { block: false });
    await site.sleep(1);
    await grow(2);
    await site.eventually(
      async () => ['Target', 'SyncReady'].includes(await walbc.getState(s0, VOL)),
      100,
      's0 rests',
    );
    site.group.heal('s0', 'a0');
    await walbc.resizeArchive(a0, VOL, 2, true);
    await walbc.resizeStorage(s0, VOL, 2);
    if ((await walbc.getState(s0, VOL)) !== 'Target') await site.hashBackup(s0);
    await site.write(s0);
    const gid = await site.snapshot(s0, [a0]);
    await site.verify(a0, gid);
    site.limitLink(a0, a1, 300_000);
    await walbc.replicateOnceNbk(a0, VOL, a1);
    await site.sleep(1);
    await walbc
      .resizeArchive(a0, VOL, 3, true)
      .catch((error) => story.note(`a0 is not grown now: ${error.message}`));
    await walbc.waitForReplicated(a0, VOL, a1, gid, 300);
    await walbc.resizeArchive(a0, VOL, 3, true);
    await grow(3);
    await walbc.resizeArchive(a1, VOL, 3, true);
    site.group.heal('a0', 'a1');
    await site.write(s0);
    await site.snapshot(s0, [a0]);
    const later = await site.replicateOnce(a0, a1);
    await site.verifySame(later, [a0, a1]);
  },
});
