import { actionEnded } from '../lib/crash-points.ts';
import { siteScenario, VOL } from '../lib/site.ts';

export const e25 = siteScenario({
  name: 'e25-replica-behind-merged-hash-backup',
  purpose:
    'A replica that is behind a hash backup which its source has merged away is compared with, and needs no resync',
  layout: 's0/p0/a0,a1',
  async tell(site) {
    const { s0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.write(s0);
    const oldest = await site.snapshot(s0, [a0]);
    await site.write(s0);
    const behind = await site.snapshot(s0, [a0]);
    await site.replicateOnce(a0, a1);
    await site.write(s0);
    await site.snapshot(s0, [a0]);
    await site.stop(s0);
    await site.hashBackup(s0);
    await site.write(s0);
    const gid = await site.snapshot(s0, [a0]);
    const between = (await walbc.getRestorableGid(a0, VOL)).filter((one) => one > oldest && one < gid);
    await story.step(`walbc.disableSnapshot(a0, VOL, [${between.join(', ')}])`, () =>
      walbc.disableSnapshot(a0, VOL, between),
    );
    const words = ['merge', VOL, String(oldest), 'gid', String(gid)];
    await story.step(`walbc.runCtl(a0, [${words.join(' ')}])`, () => walbc.runCtl(a0, words));
    await actionEnded(site, a0, 'Merge');
    await site.replicateOnce(a0, a1);
    await site.verifySame(gid, [a0, a1]);
    await site.verify(a1, behind);
    await site.write(s0);
    const next = await site.snapshot(s0, [a0]);
    await site.replicateOnce(a0, a1);
    await site.verifySame(next, [a0, a1]);
  },
});
