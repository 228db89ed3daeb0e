import { siteScenario } from '../lib/site.ts';

export const e24 = siteScenario({
  name: 'e24-gids-given-again',
  purpose:
    'A storage that forgot its gids gives some again: a replica that had them takes no diff, and is compared with',
  layout: 's0/p0/a0,a1',
  needs: ['network-faults'],
  async tell(site) {
    const { s0, p0, a0, a1 } = site.servers;
    await site.beginWithReplica();
    site.cutLink(p0, [a0]);
    for (let i = 0; i < 2; i++) {
      await site.write(s0);
      await site.snapshot(s0, [a1]);
    }
    await site.clearVol(s0);
    await site.clearVol(p0);
    site.healLink(p0, [a0]);
    await site.init([s0]);
    await site.write(s0);
    await site.hashBackup(s0);
    await site.write(s0);
    const gid = await site.snapshot(s0, [a0]);
    await site.replicateOnce(a0, a1);
    await site.verifySame(gid, [a0, a1]);
  },
});
