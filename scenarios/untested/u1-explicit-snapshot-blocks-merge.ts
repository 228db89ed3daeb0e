import { siteScenario, VOL } from '../lib/site.ts';

export const u1 = siteScenario({
  name: 'u1-explicit-snapshot-blocks-merge',
  purpose: 'A snapshot that is kept is never merged away; a disabled one is, and cannot be enabled then',
  layout: 's0/p0/a0',

  async tell(site) {
    const { s0, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    const gids = [];
    for (let i = 0; i < 4; i++) {
      await site.write(s0, VOL, 8);
      gids.push(await site.snapshot(s0, [a0]));
    }
    const [gidB = 0, kept = 0, gidE = 0, last = 0] = gids;
    const merge = () => walbc.merge(a0, VOL, gidB, gidE);
    await story.refused(`walbc.merge(a0, VOL, ${gidB}, ${gidE})`, merge, 'mergeable');
    await story.refused(
      `walbc a0 merge over gid ${kept}`,
      () => walbc.runCtl(a0, ['merge', VOL, String(gidB), 'gid', String(gidE)]),
      'merge',
    );
    await story.step(`walbc.disableSnapshot(a0, VOL, [${kept}])`, () =>
      walbc.disableSnapshot(a0, VOL, [kept]),
    );
    await story.step(`walbc.merge(a0, VOL, ${gidB}, ${gidE})`, merge);
    const enable = () => walbc.enableSnapshot(a0, VOL, [kept]);
    await story.refused(`walbc.enableSnapshot(a0, VOL, [${kept}])`, enable, 'a0');
    const listed = await walbc.getRestorableGid(a0, VOL, 'all');
    story.check(!listed.includes(kept), `[${listed}] has lost ${kept}`);
    for (const gid of [gidB, gidE, last]) await site.verify(a0, gid);
  },
});
