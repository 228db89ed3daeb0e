import { siteScenario, VOL } from '../lib/site.ts';

export const u3 = siteScenario({
  name: 'u3-different-uuid',
  purpose: 'Diffs of a volume that was begun anew at the archive are dropped, never mixed in',
  layout: 's0/p0/a0',

  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    site.cutLink(p0, [a0]);
    await site.write(s0);
    const lost = await site.snapshotNbk(s0);
    await site.sleep(5);
    // Behind the proxy's back storage and archive begin anew, so that the gids come again.
    await site.stop(s0);
    await site.resetVol(s0);
    await site.stop(a0);
    await site.resetVol(a0);
    site.forgetSnapshots();
    await site.overwrite(s0);
    await story.step(`walbc s0 full-bkp ${VOL}`, () => walbc.runCtl(s0, ['full-bkp', VOL]));
    await site.eventually(async () => (await walbc.getState(s0, VOL)) === 'Target', 100, 's0 is target');
    const listed = await walbc.getRestorableGid(a0, VOL, 'all');
    story.check(!listed.includes(lost), `gid ${lost} of the old history is none of [${listed}]`);
    site.healLink(p0, [a0]);
    await site.kickAll([p0]);
    const isEmpty = async () => !/numDiff [1-9]/.test((await walbc.runCtl(p0, ['status', VOL])).join(' '));
    await site.eventually(isEmpty, 100, 'p0 has dropped what was of the old log');
    await site.write(s0);
    await site.verify(a0, await site.snapshot(s0, [a0]));
  },
});
