import { siteScenario, VOL } from '../lib/site.ts';

export const u4 = siteScenario({
  name: 'u4-empty-snapshots',
  purpose: 'A hundred snapshots without a write between them can be listed, merged, applied and replicated',
  layout: 's0/p0/a0,a1',

  async tell(site) {
    const { s0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    const first = await site.begin();
    const gids: number[] = [];
    for (let i = 0; i < 100; i++) gids.push(await walbc.snapshotNbk(s0, VOL));
    const last = await site.snapshot(s0, [a0]);
    const listed = await walbc.getRestorableGid(a0, VOL);
    story.check(
      gids.every((gid) => listed.includes(gid)),
      'all hundred are listed',
    );
    await site.replicate(a0, a1, false);
    await site.verifySameList(a0, a1);
    await site.verifySame(last, [a0, a1]);
    const [begin = 0] = gids;
    await walbc.disableSnapshot(a0, VOL, gids.slice(1));
    await story.step(`walbc.merge(a0, VOL, ${begin}, ${last})`, () => walbc.merge(a0, VOL, begin, last));
    const [x, y] = [await site.verify(a0, first), await site.verify(a0, last)];
    story.check(Buffer.compare(x, y) === 0, 'nothing was written between first and last');
    await story.step('walbc.applyAll(a0, VOL)', () => walbc.applyAll(a0, VOL));
    await site.verify(a0, last);
  },
});
