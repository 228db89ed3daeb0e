import { siteScenario, VOL } from '../lib/site.ts';

export const u13 = siteScenario({
  name: 'u13-rotten-base',
  purpose: 'Rot in a base image is found by comparing block hashes with a replica, and repaired by a resync',
  layout: 's0/p0/a0,a1',
  needs: ['data-loss'],
  async tell(site) {
    const { s0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.overwrite(s0);
    const gid = await site.snapshot(s0, [a0]);
    await site.replicate(a0, a1, false);
    for (const ax of [a0, a1]) await walbc.applyAll(ax, VOL);
    const hashes = async () => Promise.all([a0, a1].map((ax) => walbc.getBlockHash(ax, VOL, gid)));
    const [x, y] = await hashes();
    story.check(x === y, `both block hashes are ${x}`);
    const path = (await walbc.getRestoredPath(a1, VOL, gid)).replace(/wr_.*/, `wb_${VOL}`);
    site.group.rotVolume('a1', path, 77, 1);
    story.note('block 77 of the base image at a1 rots');
    const [good, bad] = await hashes();
    story.check(good !== bad, `the block hashes differ: ${good}, ${bad}`);
    await site.replicateOnce(a0, a1, true);
    const [again, repaired] = await hashes();
    story.check(again === repaired, `both block hashes are ${repaired}`);
    await site.verifySame(gid, [a0, a1]);
  },
});
