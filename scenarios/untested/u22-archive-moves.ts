import { siteScenario, VOL } from '../lib/site.ts';

export const u22 = siteScenario({
  name: 'u22-archive-moves',
  purpose: 'An archive that moves to another address while diffs wait gets them once its address is updated',
  layout: 's0/p0/a0',
  spares: '//a2',
  needs: ['kill', 'network-faults'],
  async tell(site) {
    const { s0, p0, a0, a2 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.start(a2);
    await site.replicateOnce(a0, a2);
    site.kill(a0);
    await site.write(s0);
    const gid = await site.snapshotNbk(s0);
    await site.sleep(5);
    await site.stop(p0, 'force');
    const address = `${a2.address.host}:${a2.address.port}`;
    await story.step(`walbc p0 archive-info update ${VOL} a0 ${address}`, () =>
      walbc.runCtl(p0, ['archive-info', 'update', VOL, 'a0', address]),
    );
    await site.startVolume(p0);
    await walbc.waitForRestorable(a2, VOL, gid, 100);
    await site.verify(a2, gid);
    await site.start(a0);
  },
});
