import { siteScenario, VOL } from '../lib/site.ts';

export const u43 = siteScenario({
  name: 'u43-archive-name-reused',
  purpose:
    'A name of an archive that another host takes over loses no diff: the host catches up before it is sent to',
  layout: 's0/p0,p1/a0,a1',
  spares: '//a2',
  needs: ['kill'],
  async tell(site) {
    const { s0, p0, p1, a0, a1, a2 } = site.servers;
    const { walbc, story } = site;
    await site.beginWithReplica();
    await site.start(a2);
    // Host a2 is given the name a1 at one proxy only; that one sends there what a2 knows nothing of.
    site.kill(a1);
    await site.write(s0);
    await site.stop(p0, 'force');
    const address = `${a2.address.host}:${a2.address.port}`;
    await story.step(`walbc p0 archive-info update ${VOL} a1 ${address}`, () =>
      walbc.runCtl(p0, ['archive-info', 'update', VOL, 'a1', address]),
    );
    await site.startVolume(p0);
    await site.write(s0);
    const gid = await site.snapshot(s0, [a0]);
    await site.verify(a0, gid);
    story.check(await walbc.isSynchronizing(a1, VOL), 'both proxies list the name');
    const known = await Promise.all([p0, p1].map((px) => walbc.getArchiveInfo(px, VOL, a1)));
    story.note(`p0 sends a1 to ${known[0]?.hostPort}, p1 to ${known[1]?.hostPort}`);
    story.check(known[0]?.hostPort !== known[1]?.hostPort, 'and they mean two hosts');
    // Nothing of the volume is at a2: every diff is refused and waits.
    await site.sleep(10);
    await site.state(a2, 'Clear');
    story.check(
      /numDiff [1-9]/.test((await walbc.runCtl(p0, ['status', VOL])).join(' ')),
      'diffs wait at p0',
    );
    // The host gets the volume, the other proxy the address, and both are one archive from then on.
    await site.replicateOnce(a0, a2);
    await site.stop(p1, 'force');
    await story.step(`walbc p1 archive-info update ${VOL} a1 ${address}`, () =>
      walbc.runCtl(p1, ['archive-info', 'update', VOL, 'a1', address]),
    );
    await site.startVolume(p1);
    for (const px of [p0, p1]) await walbc.runCtl(px, ['kick']);
    await site.write(s0);
    const later = await site.snapshot(s0, [a0, a2]);
    await site.verifySame(later, [a0, a2]);
    // The old host comes back: nobody sends to it any more.
    await site.start(a1);
    await site.write(s0);
    const last = await site.snapshot(s0, [a0, a2]);
    story.check((await walbc.getLatestCleanSnapshot(a1, VOL)) < last, 'the old host stands still');
    await site.verifySame(last, [a0, a2]);
  },
});
