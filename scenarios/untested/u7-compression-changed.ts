import { siteScenario, VOL } from '../lib/site.ts';

export const u7 = siteScenario({
  name: 'u7-compression-changed',
  purpose: 'Diffs of different compressions wait together at a proxy and arrive in order',
  layout: 's0/p0/a0',
  needs: ['network-faults'],
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    site.cutLink(p0, [a0]);
    const gids = [];
    for (const compression of ['none:0:1', 'snappy:0:1', 'gzip:9:1', 'lz4:0:1', 'zstd:3:1']) {
      await site.write(s0, VOL, 8);
      gids.push(await site.snapshotNbk(s0));
      await site.sleep(3);
      await site.stop(p0, 'force');
      const address = `${a0.address.host}:${a0.address.port}`;
      await story.step(`walbc p0 archive-info update ${VOL} a0 ${compression}`, () =>
        walbc.runCtl(p0, ['archive-info', 'update', VOL, 'a0', address, compression, '0']),
      );
      await site.startVolume(p0);
      await site.kickAll([s0]);
    }
    site.healLink(p0, [a0]);
    await site.kickAll([p0]);
    for (const gid of gids) {
      await walbc.waitForRestorable(a0, VOL, gid, 200);
      await site.verify(a0, gid);
    }
  },
});
