import { siteScenario, VOL } from '../lib/site.ts';

export const u24 = siteScenario({
  name: 'u24-one-slot',
  purpose:
    'With one slot for each kind of work and few connections everything is done, or refused and done later',
  layout: 's0/p0/a0',
  deviceCount: 2,
  storageOptions: { maxForegroundTasks: 1, maxBackgroundTasks: 1, maxConnections: 3 },
  proxyOptions: { maxForegroundTasks: 1, maxBackgroundTasks: 1, maxConnections: 3 },
  archiveOptions: { maxForegroundTasks: 1, maxConnections: 3 },
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { walbc, story } = site;
    const vols = ['vol0', 'vol1'];
    for (const vol of vols) await site.begin(vol);
    for (const vol of vols) site.load(s0, vol);
    await site.sleep(1);
    const gids = new Map<string, number>();
    for (const vol of vols) gids.set(vol, await site.snapshotNbk(s0, vol));
    await site.quiet();
    for (const [vol, gid] of gids) await walbc.waitForRestorable(a0, vol, gid, 300);
    const restores = await Promise.allSettled(
      vols.map((vol) => walbc.restore(a0, vol, gids.get(vol) ?? 0, 100)),
    );
    story.check(
      restores.some(({ status }) => status === 'fulfilled'),
      'one restore at least has a slot',
    );
    for (const vol of vols) await walbc.delRestoredAll(a0, vol);
    for (const [vol, gid] of gids) await site.verify(a0, gid, vol);
    story.note(`${VOL} and the other are both right`);
  },
});
