import { checkNothingUnfinished } from '../lib/crash-points.ts';
import { siteScenario, VOL } from '../lib/site.ts';

export const u23 = siteScenario({
  name: 'u23-force-stopped-operations',
  purpose:
    'Apply, merge, restore and replication that are stopped by force leave all snapshots right and can be repeated',
  layout: 's0/p0/a0,a1',

  async tell(site) {
    const { s0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.replicate(a0, a1, false);
    const gids: number[] = [];
    for (let i = 0; i < 4; i++) {
      await site.overwrite(s0, 0.375);
      gids.push(await site.snapshot(s0, [a0]));
    }
    const [first = 0, second = 0, third = 0, last = 0] = gids;
    await walbc.disableSnapshot(a0, VOL, [second]);
    const address = `${a1.address.host}:${a1.address.port}`;
    const commands: string[][] = [
      ['restore', VOL, String(last)],
      ['merge', VOL, String(first), 'gid', String(third)],
      ['replicate', VOL, 'gid', String(last), address, '0', '0'],
      ['apply', VOL, String(last)],
    ];
    for (const words of commands) {
      for (const delayS of [0.001, 0.02, 0.1]) {
        await story.step(`walbc a0 ${words.join(' ')}`, () => walbc.runCtl(a0, words).catch(() => []));
        await site.sleep(delayS);
        await site.stop(a0, 'force');
        await site.startVolume(a0);
        checkNothingUnfinished(site, a0);
        await walbc.delRestoredAll(a0, VOL);
      }
    }
    await walbc.apply(a0, VOL, last).catch(() => {});
    await site.verify(a0, last);
    await site.replicateOnce(a0, a1);
    await site.verifySame(last, [a0, a1]);
  },
});
