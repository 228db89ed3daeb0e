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
    // Behind the proxy's back the storage begins a new log and the archive follows.
    await site.stop(s0);
    await site.resetVol(s0);
    await site.write(s0);
    site.group.heal('p0', 'a0');
    site.group.partition('p0', 'a0');
    const commands = walbc.runCtl(s0, ['hash-bkp', VOL]);
    await commands;
    await site.eventually(async () => (await walbc.getState(s0, VOL)) === 'Target', 100, 's0 is target');
    site.healLink(p0, [a0]);
    await site.kickAll([s0, p0]);
    const gid = await site.snapshot(s0, [a0]);
    await site.verify(a0, gid);
    const listed = await walbc.getRestorableGid(a0, VOL);
    story.note(`gid ${lost} was not sent in time; listed are [${listed}]`);
    await site.eventually(
      async () => /numDiff 0/.test((await walbc.runCtl(p0, ['status', VOL])).join(' ')),
      100,
      'p0 has dropped what was of the old log',
    );
  },
});
