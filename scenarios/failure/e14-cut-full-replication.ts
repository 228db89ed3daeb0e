import { siteScenario, VOL } from '../lib/site.ts';

export const e14 = siteScenario({
  name: 'e14-cut-full-replication',
  purpose: 'A full replication that is cut leaves a destination that can begin again',
  layout: 's0/p0/a0,a1',
  needs: ['network-faults'],
  async tell(site) {
    const { s0, p0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.overwrite(s0);
    const gid = await site.snapshot(s0, [a0]);
    site.limitLink(a0, a1, 40_000);
    await story.step('walbc.replicateOnceNbk(a0, VOL, a1)', () => walbc.replicateOnceNbk(a0, VOL, a1));
    await site.sleep(3);
    story.check((await walbc.getNumAction(a0, VOL, 'ReplSyncAsClient')) === 1, 'a0 replicates');
    site.cutLink(a1, [s0, p0, a0]);
    const ended = async () => (await walbc.getNumAction(a0, VOL, 'ReplSyncAsClient')) === 0;
    await site.eventually(ended, 20, 'a0 gives up');
    await site.eventually(async () => (await walbc.getState(a1, VOL)) === 'SyncReady', 20, 'a1 gives up');
    site.healLink(a1, [s0, p0, a0]);
    const reached = await site.replicateOnce(a0, a1);
    story.check(reached === gid, `${reached} is the snapshot ${gid}`);
    await site.verifySame(gid, [a0, a1]);
  },
});
