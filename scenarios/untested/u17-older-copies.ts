import { restoreFiles, saveFiles } from '../lib/saved-files.ts';
import { siteScenario, VOL } from '../lib/site.ts';

export const u17 = siteScenario({
  name: 'u17-older-copies',
  purpose:
    'Servers that come back with an older copy of their files are noticed, never applied on a wrong base',
  layout: 's0/p0/a0',
  needs: ['kill', 'data-loss', 'network-faults'],
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    // Proxy: what it had sent before is answered too-old-diff.
    site.cutLink(p0, [a0]);
    await site.write(s0);
    const gid = await site.snapshotNbk(s0);
    await site.sleep(5);
    const proxy = saveFiles(site, p0);
    site.healLink(p0, [a0]);
    await site.kickAll([p0]);
    await walbc.waitForRestorable(a0, VOL, gid, 100);
    await restoreFiles(site, p0, proxy);
    await site.write(s0);
    await site.verify(a0, await site.snapshot(s0, [a0]));
    // Archive: the diffs in between are missing, so later ones are too new.
    const archive = saveFiles(site, a0);
    await site.write(s0);
    await site.snapshot(s0, [a0]);
    await restoreFiles(site, a0, archive);
    await site.write(s0);
    const behind = await site.snapshotNbk(s0);
    await site.neverRestorable(a0, behind, 15);
    await site.goStandby(s0);
    await site.verify(a0, await site.hashBackup(s0));
    // Storage: the log that its old record wants is gone.
    const storage = saveFiles(site, s0);
    await site.write(s0);
    await site.snapshot(s0, [a0]);
    await site.sleep(3);
    await restoreFiles(site, s0, storage);
    await site.write(s0);
    await site.sleep(15);
    const state = await walbc.getState(s0, VOL);
    story.note(`s0 with old files is ${state}`);
    if (state === 'Target') await site.goStandby(s0);
    else await site.resetVol(s0);
    await site.verify(a0, await site.hashBackup(s0));
  },
});
