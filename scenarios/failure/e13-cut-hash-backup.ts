import { siteScenario, VOL } from '../lib/site.ts';

export const e13 = siteScenario({
  name: 'e13-cut-hash-backup',
  purpose: 'A hash backup that is cut changes no snapshot, and succeeds when repeated',
  layout: 's0/p0/a0',
  needs: ['network-faults'],
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.write(s0);
    await site.snapshot(s0, [a0]);
    site.limitLink(s0, a0, 50_000);
    await site.stop(s0);
    await site.resetVol(s0);
    await site.overwrite(s0, 0.375);
    const listed = async () => String(await walbc.getRestorableGid(a0, VOL, 'all'));
    const before = await listed();
    await story.step('walbc.hashBackup(s0, VOL, { block: false })', () =>
      walbc.hashBackup(s0, VOL, { block: false }),
    );
    await site.holdsFor(async () => (await listed()) === before, 1, 'the list is as before');
    await site.state(s0, 'HashSync');
    site.cutLink(a0, [s0, p0]);
    await site.eventually(async () => (await walbc.getState(s0, VOL)) === 'SyncReady', 20, 's0 gives up');
    await site.eventually(async () => (await walbc.getState(a0, VOL)) === 'Archived', 20, 'a0 gives up');
    story.check((await listed()) === before, 'the list is as before');
    site.healLink(a0, [s0, p0]);
    await site.verify(a0, await site.hashBackup(s0));
  },
});
