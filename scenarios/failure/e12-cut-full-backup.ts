import { siteScenario, VOL } from '../lib/site.ts';

export const e12 = siteScenario({
  name: 'e12-cut-full-backup',
  purpose: 'A full backup that is cut goes back to SyncReady on both sides, and succeeds when repeated',
  layout: 's0/p0/a0',
  needs: ['network-faults'],
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    site.limitLink(s0, a0, 100_000);
    await site.stop(s0);
    await site.overwrite(s0);
    await site.resetVol(s0);
    await site.stop(a0);
    await site.resetVol(a0);
    await story.step('walbc.fullBackup(s0, VOL, { block: false })', () =>
      walbc.fullBackup(s0, VOL, { block: false }),
    );
    await site.sleep(3);
    site.cutLink(a0, [s0, p0]);
    await site.eventually(async () => (await walbc.getState(s0, VOL)) === 'SyncReady', 20, 's0 gives up');
    await site.eventually(async () => (await walbc.getState(a0, VOL)) === 'SyncReady', 20, 'a0 gives up');
    site.healLink(a0, [s0, p0]);
    await site.verify(a0, await site.fullBackup(s0));
  },
});
