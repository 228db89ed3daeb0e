import type { Gid } from '../../core/units.ts';
import type { RandomStream } from '../../sim/random.ts';
import { type Site, siteScenario, VOL } from '../lib/site.ts';

const ROUNDS = 60;
/** Snapshots that are kept at the archive; older ones are applied. */
const KEPT_COUNT = 5;
/** A snapshot is at the archive after this time, when nobody loses power. */
const TRANSFER_S = 0.35;

type Server = Site['servers'][string];

export const c4 = siteScenario({
  name: 'c4-power-losses-behind',
  purpose:
    'Proxy and archive lose power at any moment of transfers, applies, merges and restores, and lose nothing',
  layout: 's0/p0/a0',
  needs: ['power-loss'],
  deviceMib: 0.125,
  logMib: 1,
  fileSystem: 'posix',
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const gids = [await site.begin()];
    for (let round = 1; round <= ROUNDS; round++) {
      const random = site.random.at('c4', round);
      await site.write(s0, VOL, 6);
      const gid = await site.snapshotNbk(s0);
      gids.push(gid);
      await work(site, a0, random, gids);
      await site.sleep(random.fraction() * TRANSFER_S);
      const victim = random.pick([p0, a0]);
      site.group.powerLoss(victim.name);
      await site.sleep(0.01);
      site.group.powerOn(victim.name);
      await site.start(victim);
      await site.kickAll([p0]);
      await site.walbc.waitForRestorable(a0, VOL, gid, 200);
      await checkKept(site, a0, gids);
      if (round % 6 !== 0) continue;
      await site.walbc.delRestoredAll(a0, VOL);
      await site.verify(a0, gids[random.below(gids.length)] as Gid);
    }
    await site.walbc.delRestoredAll(a0, VOL);
  },
});

/** Something that the archive does meanwhile; it may be refused or die with its host. */
async function work(site: Site, a0: Server, random: RandomStream, gids: Gid[]): Promise<void> {
  const { walbc } = site;
  const [oldest, second] = gids;
  const newest = gids[gids.length - 2];
  if (oldest === undefined || second === undefined || newest === undefined) return;
  const words = random.pick([
    ['merge', VOL, String(oldest), 'gid', String(newest)],
    ['restore', VOL, String(random.pick(gids.slice(0, -1)))],
    ['apply', VOL, String(second)],
  ]);
  if (words[0] === 'apply') {
    if (gids.length <= KEPT_COUNT) return;
    // From now on the operator has given up what is older, whether it is done or not.
    gids.shift();
  }
  await walbc.runCtl(a0, words).catch(() => []);
}

/** Snapshots that nobody gave up can be restored. */
async function checkKept(site: Site, a0: Server, gids: readonly Gid[]): Promise<void> {
  const listed = new Set(await site.walbc.getRestorableGid(a0, VOL, 'all'));
  const missing = gids.filter((gid) => !listed.has(gid));
  site.story.check(
    missing.length === 0,
    `a0 has every snapshot that was kept, but ${missing.join(' ') || 'none'}`,
  );
}
