import { siteScenario, VOL } from '../lib/site.ts';

export const u14 = siteScenario({
  name: 'u14-two-sources',
  purpose: 'Replicas of replicas converge, a ring stops, a source of another lineage is refused',
  layout: 's0/p0/a0,a1,a2',

  async tell(site) {
    const { s0, a0, a1, a2 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.write(s0);
    const gid = await site.snapshot(s0, [a0]);
    await site.replicateOnce(a0, a1);
    await site.replicateOnce(a1, a2);
    await site.verifySame(gid, [a0, a1, a2]);
    // A ring: the destination is at the gid already.
    await site.replicateOnce(a2, a0);
    await site.replicateOnce(a1, a0);
    await site.verifySame(gid, [a0, a1, a2]);
    // Two sources at one time: one of them is refused, or both send the same.
    await site.write(s0);
    const later = await site.snapshot(s0, [a0]);
    await site.replicateOnce(a0, a1);
    const both = await Promise.allSettled([a0, a1].map((from) => walbc.replicateOnce(from, VOL, a2)));
    story.note(`two sources: ${both.map(({ status }) => status).join(', ')}`);
    if (both.every(({ status }) => status === 'rejected')) await site.replicateOnce(a0, a2);
    await site.verifySame(later, [a0, a1, a2]);
    // Another lineage.
    await site.stop(a0);
    await site.clearVol(a0);
    await site.stop(s0);
    const other = await site.fullBackup(s0);
    await story.refused(
      'walbc a0 replicate to a2',
      async () => {
        const address = `${a2.address.host}:${a2.address.port}`;
        await walbc.runCtl(a0, ['replicate', VOL, 'gid', String(other), address, '0', '0']);
        await walbc.waitForReplicated(a0, VOL, a2, other + 1000, 100);
      },
      '',
    );
    await site.replicateOnce(a0, a2, true);
    await site.replicateOnce(a0, a1, true);
    await site.verifySame(other, [a0, a1, a2]);
  },
});
