import { siteScenario, VOL } from '../lib/site.ts';

export const u11 = siteScenario({
  name: 'u11-archive-full',
  purpose: 'An archive without room fails the operation, keeps its snapshots and goes on once there is room',
  layout: 's0/p0/a0,a1',
  needs: ['full-disks'],
  async tell(site) {
    const { s0, p0, a0, a1 } = site.servers;
    const { group, story, walbc } = site;
    const first = await site.begin();
    await site.write(s0);
    const second = await site.snapshot(s0, [a0]);
    group.leaveRoom('a0', { fileBytes: 4096 });
    story.note('a0 has no room for diffs');
    await site.write(s0);
    const waiting = await site.snapshotNbk(s0);
    await site.neverRestorable(a0, waiting, 15);
    group.leaveRoom('a0', { fileBytes: null });
    await site.kickAll([p0]);
    await walbc.waitForRestorable(a0, VOL, waiting, 100);
    await site.verify(a0, waiting);
    group.leaveRoom('a0', { volumeLb: 0 });
    group.leaveRoom('a1', { volumeLb: 256 });
    story.note('the volume groups have no room');
    await story.refused(
      `walbc.restore(a0, VOL, ${second})`,
      () => walbc.restore(a0, VOL, second, 300),
      'restore',
    );
    await story.refused(
      'walbc.replicate(a0, VOL, a1)',
      () => walbc.replicateOnce(a0, VOL, a1, { timeoutS: 300 }),
      '',
    );
    group.leaveRoom('a0', { volumeLb: null });
    group.leaveRoom('a1', { volumeLb: null });
    for (const action of ['Restore', 'ReplSyncAsClient']) {
      story.check((await walbc.getNumAction(a0, VOL, action)) === 0, `no ${action} runs`);
    }
    for (const gid of [first, second, waiting]) await site.verify(a0, gid);
    await site.replicateOnce(a0, a1);
    await site.verifySame(waiting, [a0, a1]);
  },
});
