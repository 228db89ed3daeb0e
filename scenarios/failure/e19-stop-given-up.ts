import { type Site, siteScenario, VOL } from '../lib/site.ts';

export const e19 = siteScenario({
  name: 'e19-stop-given-up',
  purpose: 'A proxy whose stop was given up goes on sending to every archive by itself',
  layout: 's0/p0/a0,a1',
  needs: ['network-faults'],
  deviceMib: 4,
  logMib: 6,
  async tell(site) {
    const { s0, p0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.beginWithReplica();
    // One archive is slow, so that the stop takes longer than a proxy waits; the other one cannot be reached.
    site.limitLink(p0, a0, 50_000);
    site.cutLink(p0, [a1]);
    await site.overwrite(s0);
    const gid = await site.snapshotNbk(s0);
    await site.sleep(3);
    await story.step("walbc.stopNbk(p0, VOL, 'graceful')", () => walbc.stopNbk(p0, VOL, 'graceful'));
    await site.sleep(70);
    await site.state(p0, 'Started');
    site.healLink(p0, [a0, a1]);
    await walbc.waitForRestorable(a1, VOL, gid, 60);
    await walbc.waitForRestorable(a0, VOL, gid, 300);
    await site.verifySame(gid, [a0, a1]);
    await stopWhileLogArrives(site);
  },
});

/** The stop waits for a storage; meanwhile sends to the archive fall due, which a stopping volume does not do. */
async function stopWhileLogArrives(site: Site): Promise<void> {
  const { s0, p0, a0, a1 } = site.servers;
  const { walbc, story } = site;
  site.cutLink(p0, [a0, a1]);
  await site.write(s0);
  const waiting = await site.snapshotNbk(s0);
  await site.sleep(3);
  site.limitLink(s0, p0, 40_000);
  await site.overwrite(s0);
  await site.snapshotNbk(s0);
  await site.sleep(1);
  await site.state(p0, 'WlogRecv');
  await story.step("walbc.stopNbk(p0, VOL, 'graceful')", () => walbc.stopNbk(p0, VOL, 'graceful'));
  await site.sleep(70);
  await site.state(p0, 'WlogRecv');
  // Nothing comes from the storage that would remind the proxy of its archives.
  site.cutLink(s0, [p0]);
  site.healLink(p0, [a0, a1]);
  for (const ax of [a0, a1]) await walbc.waitForRestorable(ax, VOL, waiting, 60);
  await site.verifySame(waiting, [a0, a1]);
  site.healLink(s0, [p0]);
  await site.verifySame(await site.snapshot(s0, [a0, a1]), [a0, a1]);
}
