import { siteScenario, VOL } from '../lib/site.ts';

export const n13 = siteScenario({
  name: 'n13-disable-snapshots',
  purpose: 'Disabled snapshots leave the list and come back when they are enabled',
  layout: 's0,s1/p0,p1/a0,a1',
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { walbc, story } = site;
    const listed = async (length: number) => {
      const gids = await walbc.getRestorableGid(a0, VOL);
      story.check(gids.length === length, `[${gids}] is ${length} snapshots`);
    };
    await site.begin();
    await site.write(s0);
    await site.snapshot(s0, [a0]);
    await story.step('walbc.applyAll(a0, VOL)', () => walbc.applyAll(a0, VOL));
    const gids = [];
    for (let i = 0; i < 5; i++) {
      await site.write(s0, VOL, 6);
      gids.push(await site.snapshot(s0, [a0]));
    }
    const some = gids.slice(0, 4);
    await listed(6);
    await story.step(`walbc.disableSnapshot(a0, VOL, [${some}])`, () => walbc.disableSnapshot(a0, VOL, some));
    await listed(2);
    await story.step(`walbc.enableSnapshot(a0, VOL, [${some}])`, () => walbc.enableSnapshot(a0, VOL, some));
    await listed(6);
  },
});
