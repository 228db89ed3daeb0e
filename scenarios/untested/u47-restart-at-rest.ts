import { stateToText } from '../../core/snapshot/meta.ts';
import { gidInfoToText } from '../../core/snapshot/meta-text.ts';
import { type Site, siteScenario, VOL } from '../lib/site.ts';

/** What the servers answer about the volume: everything that a restart must not change. */
async function answers(site: Site): Promise<string[]> {
  const { walbc } = site;
  const lines: string[] = [];
  const ask = async (what: string, act: () => Promise<unknown>) => {
    const answer = await act().then(
      (value) => JSON.stringify(value),
      () => 'refused',
    );
    lines.push(`${what}: ${answer}`);
  };
  const { storages, proxies, archives } = walbc.layout;
  for (const server of walbc.layout.getAll()) {
    await ask(`${server.name} state`, () => walbc.getState(server, VOL));
    await ask(`${server.name} volumes`, () => walbc.getVolList(server));
    await ask(`${server.name} latest-snap`, () => walbc.runCtl(server, ['get', 'latest-snap', VOL]));
  }
  for (const server of [...storages, ...archives]) {
    await ask(`${server.name} uuid`, () => walbc.getUuid(server, VOL));
  }
  for (const sx of storages) await ask(`${sx.name} overflow`, () => walbc.isOverflow(sx, VOL));
  for (const px of proxies) {
    await ask(`${px.name} archives`, () => walbc.getArchiveInfoList(px, VOL));
    for (const ax of archives) {
      await ask(`${px.name} to ${ax.name}`, () => walbc.getArchiveInfo(px, VOL, ax));
      await ask(`${px.name} diffs for ${ax.name}`, () =>
        walbc.runCtl(px, ['get', 'proxy-diff', VOL, ax.name]),
      );
    }
  }
  for (const ax of archives) {
    await ask(`${ax.name} restorable`, async () =>
      (await walbc.getRestorable(ax, VOL, 'all')).map(gidInfoToText),
    );
    await ask(`${ax.name} kept`, () => walbc.getRestorableGid(ax, VOL));
    await ask(`${ax.name} diffs`, () => walbc.runCtl(ax, ['get', 'diff', VOL]));
    await ask(`${ax.name} base`, async () => stateToText(await walbc.getBase(ax, VOL)));
    await ask(`${ax.name} archive-uuid`, () => walbc.getArchiveUuid(ax, VOL));
    await ask(`${ax.name} restored`, () => walbc.getRestored(ax, VOL));
    await ask(`${ax.name} cold`, () => walbc.getCold(ax, VOL));
    await ask(`${ax.name} size`, () => walbc.getVolSizeLb(ax, VOL));
  }
  return lines;
}

/** Restarts each server, by a kill or by a shutdown as the seed says, and compares what all of them answer. */
async function restartAll(site: Site, where: string): Promise<void> {
  // At rest nothing is on its way any more, and every server has found the others.
  await site.sleep(15);
  const before = await answers(site);
  for (const server of site.walbc.layout.getAll()) {
    const isKill = site.random.at('u47', where, server.name).chance(0.5);
    if (isKill) site.group.kill(server.name);
    else {
      await site.walbc.shutdown(server);
      await site.eventually(() => !site.group.isRunning(server.name), 100, `${server.name} has ended`);
    }
    await site.group.startServer(server.name);
    await site.sleep(2);
    const other = (await answers(site)).filter((line) => !before.includes(line));
    const how = isKill ? 'kill' : 'shutdown';
    site.story.check(
      other.length === 0,
      `${where}, ${how} of ${server.name}: [${other.join('; ')}] is as before`,
    );
  }
  site.story.note(`${where}: ${before.length} answers are the same after every restart`);
}

export const u47 = siteScenario({
  name: 'u47-restart-at-rest',
  purpose:
    'A restart of any server while nothing happens changes no state, no gid, no list and no setting anywhere',
  layout: 's0,s1/p0,p1/a0,a1',
  needs: ['kill'],
  deviceMib: 0.25,
  async tell(site) {
    const { s0, p0, a0, a1 } = site.servers;
    const { walbc } = site;
    await site.init(walbc.layout.storages);
    await restartAll(site, 'standby');
    await site.write(s0);
    await site.fullBackup(s0);
    await restartAll(site, 'full backup');
    const gids: number[] = [];
    for (let i = 0; i < 3; i++) {
      await site.write(s0, VOL, 6);
      gids.push(await site.snapshot(s0, [a0]));
    }
    const [first = 0, second = 0, third = 0] = gids;
    await walbc.disableSnapshot(a0, VOL, [second]);
    await walbc.restore(a0, VOL, first);
    await restartAll(site, 'snapshots, one of them disabled, one restored');
    await site.replicate(a0, a1, true);
    await restartAll(site, 'synchronised replica');
    await walbc.merge(a0, VOL, first, third);
    await walbc.applyAll(a1, VOL);
    await walbc.delRestored(a0, VOL, first);
    await restartAll(site, 'merged at a0, applied at a1');
    await site.stop(a1);
    await site.write(s0, VOL, 6);
    await site.snapshot(s0, [a0]);
    await restartAll(site, 'diffs wait for a1, which is stopped');
    await site.startVolume(a1);
    await site.kickAll([p0]);
    await site.stop(s0);
    await restartAll(site, 's0 stopped');
    await site.resetVol(s0);
    await site.stop(a0);
    await site.resetVol(a0);
    site.forgetSnapshots();
    await restartAll(site, 's0 and a0 reset');
    await site.fullBackup(s0);
    await site.clearVol(a1);
    await restartAll(site, 'a new history, a1 cleared');
    await site.write(s0);
    await site.verify(a0, await site.snapshot(s0, [a0]));
  },
});
