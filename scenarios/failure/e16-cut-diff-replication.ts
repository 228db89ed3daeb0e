import { siteScenario, VOL } from '../lib/site.ts';

export const e16 = siteScenario({
  name: 'e16-cut-diff-replication',
  purpose: 'A replication of diffs that is cut leaves the destination at a complete snapshot',
  layout: 's0/p0/a0,a1',
  needs: ['network-faults'],
  async tell(site) {
    const { s0, p0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.replicate(a0, a1, false);
    await site.overwrite(s0, 0.375);
    const gid = await site.snapshot(s0, [a0]);
    site.limitLink(a0, a1, 40_000);
    await story.step('walbc.replicateOnceNbk(a0, VOL, a1)', () => walbc.replicateOnceNbk(a0, VOL, a1));
    await site.sleep(3);
    story.check((await walbc.getNumAction(a0, VOL, 'ReplSyncAsClient')) === 1, 'a0 replicates');
    site.cutLink(a1, [s0, p0, a0]);
    const ended = async () => (await walbc.getNumAction(a0, VOL, 'ReplSyncAsClient')) === 0;
    await site.eventually(ended, 20, 'a0 gives up');
    await site.eventually(async () => (await walbc.getState(a1, VOL)) === 'Archived', 20, 'a1 gives up');
    const latest = await walbc.getLatestCleanSnapshot(a1, VOL);
    story.check(latest < gid, `a1 is at ${latest}, before ${gid}`);
    site.healLink(a1, [s0, p0, a0]);
    const reached = await site.replicateOnce(a0, a1);
    story.check(reached === gid, `${reached} is the snapshot ${gid}`);
    await site.verifySame(gid, [a0, a1]);
  },
});
