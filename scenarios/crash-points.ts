import { ARCHIVE_STEPS } from '../core/server/archive/steps.ts';
import { PROXY_STEPS } from '../core/server/proxy/steps.ts';
import type { Gid } from '../core/units.ts';
import {
  actionEnded,
  atEachCall,
  checkKept,
  checkNothingUnfinished,
  SAVE_CALLS,
  untilDead,
} from './lib/crash-points.ts';
import { type Site, siteScenario, VOL } from './lib/site.ts';

/**
 * Power losses at every call with an effect of the operations that copy, move and remove data, one after the other. No
 * part of the catalogue, for they take longer: `npx walbox run scenarios/crash-points.ts`.
 */

const SIZES = { deviceMib: 0.125, logMib: 1, fileSystem: 'posix' } as const;
const RESTING = ['Clear', 'SyncReady', 'Archived', 'Stopped', 'Target', 'Standby'];
const A = ARCHIVE_STEPS;
const P = PROXY_STEPS;

/** Snapshots of a volume that nobody has given up, oldest first. */
class KeptSnapshots {
  readonly gids: Gid[] = [];
  /** All that were ever taken. */
  readonly #taken = new Set<Gid>();
  readonly #site: Site;

  constructor(site: Site) {
    this.#site = site;
  }

  /** Writes, takes a snapshot and waits for it. */
  async take(): Promise<Gid> {
    const { s0, a0 } = this.#site.servers;
    await this.#site.write(s0, VOL, 3);
    const gid = await this.#site.snapshot(s0, [a0]);
    this.gids.push(gid);
    this.#taken.add(gid);
    return gid;
  }

  async takeUpTo(count: number): Promise<void> {
    while (this.gids.length < count) await this.take();
  }

  /** The operator gives up what is older. */
  giveUpBefore(gid: Gid): void {
    while (this.gids.length > 0 && (this.gids[0] as Gid) < gid) this.gids.shift();
  }

  /** All are listed; the oldest and the newest are right, and so is one that was given up and is listed still. */
  async check(): Promise<void> {
    const { a0 } = this.#site.servers;
    await checkKept(this.#site, a0, this.gids);
    checkNothingUnfinished(this.#site, a0);
    const [oldest = 0] = await this.#site.walbc.getRestorableGid(a0, VOL);
    if (this.#taken.has(oldest) && oldest !== this.gids[0]) await this.#site.verify(a0, oldest);
    await this.#site.verify(a0, this.gids[0] as Gid);
    await this.#site.verify(a0, this.gids[this.gids.length - 1] as Gid);
  }

  async dropCold(): Promise<void> {
    const { a0 } = this.#site.servers;
    for (const cold of await this.#site.walbc.getCold(a0, VOL)) await this.#site.walbc.delCold(a0, VOL, cold);
  }
}

export const crashPointsTransfer = siteScenario({
  name: 'crash-points-transfer',
  purpose: 'Proxy and archive lose power at every call of a transfer, and no snapshot is lost',
  layout: 's0/p0/a0',
  needs: ['power-loss', 'crash-points'],
  ...SIZES,
  async tell(site) {
    const { s0, p0, a0 } = site.servers;
    const { walbc } = site;
    const kept = new KeptSnapshots(site);
    kept.gids.push(await site.begin());
    const transferOf = (victim: typeof p0) => ({
      act: async () => {
        await site.write(s0, VOL, 3);
        const gid = await site.snapshotNbk(s0);
        kept.gids.push(gid);
        await untilDead(site, victim, async () => {
          return (await walbc.getRestorableGid(a0, VOL, 'all')).includes(gid);
        });
        // What the proxy removes when it has heard.
        if (site.group.isRunning(victim.name)) await site.sleep(0.2);
      },
      after: async () => {
        await site.kickAll([p0]);
        await walbc.waitForRestorable(a0, VOL, kept.gids[kept.gids.length - 1] as Gid, 200);
        await checkKept(site, a0, kept.gids);
      },
    });
    const ofProxy = [
      P.receiveFile,
      P.publishReceived,
      P.linkToArchive,
      P.syncArchiveDirectory,
      P.unlinkReceived,
    ];
    await atEachCall(site, p0, [...ofProxy, P.removeSent], transferOf(p0));
    await kept.check();
    const ofArchive = [A.createWdiff, A.writeWdiff, A.syncWdiff, A.publishWdiff];
    await atEachCall(site, a0, ofArchive, transferOf(a0));
    await kept.check();
    await acknowledgedAndDark(site, kept);
    await kept.check();
  },
});

/** Diffs that the storage was told of wait at the proxy, and its power goes. */
async function acknowledgedAndDark(site: Site, kept: KeptSnapshots): Promise<void> {
  const { s0, p0, a0 } = site.servers;
  for (let i = 0; i < 24; i++) {
    site.cutLink(p0, [a0]);
    await site.write(s0, VOL, 3);
    const gid = await site.snapshotNbk(s0);
    kept.gids.push(gid);
    await site.sleep(0.5);
    site.group.powerLoss(p0.name);
    site.group.powerOn(p0.name);
    await site.start(p0);
    site.healLink(p0, [a0]);
    await site.kickAll([p0]);
    await site.walbc.waitForRestorable(a0, VOL, gid, 200);
  }
}

export const crashPointsArchive = siteScenario({
  name: 'crash-points-archive',
  purpose: 'An archive loses power at every call of applies, merges and restores, and no snapshot is lost',
  layout: 's0/p0/a0',
  needs: ['power-loss', 'crash-points'],
  ...SIZES,
  async tell(site) {
    const { a0 } = site.servers;
    const { walbc } = site;
    const kept = new KeptSnapshots(site);
    kept.gids.push(await backUpAndGoDark(site));
    const after = () => kept.check();
    const apply = async () => {
      const gid = kept.gids[2] as Gid;
      kept.giveUpBefore(gid);
      await walbc.runCtl(a0, ['apply', VOL, String(gid)]);
      await actionEnded(site, a0, 'Apply');
    };
    const prepareApply = async () => {
      await kept.takeUpTo(4);
      // A cold snapshot would spare the apply its work.
      await kept.dropCold();
    };
    const applySteps = [A.applyBegin, A.applyWrite, A.applyFlush, A.applyEnd, A.removeWdiff];
    await atEachCall(site, a0, applySteps, { prepare: prepareApply, act: apply, after });
    const prepareMerge = () => kept.takeUpTo(3);
    const merge = async () => {
      // Snapshots between are given free and merged away.
      const [first, second, third] = kept.gids as [Gid, Gid, Gid];
      kept.gids.splice(1, 1);
      await walbc.disableSnapshot(a0, VOL, [second]);
      await walbc.runCtl(a0, ['merge', VOL, String(first), 'gid', String(third)]);
      await actionEnded(site, a0, 'Merge');
    };
    const mergeSteps = [A.createWdiff, A.writeWdiff, A.syncWdiff, A.publishWdiff, A.removeWdiff];
    await atEachCall(site, a0, mergeSteps, { prepare: prepareMerge, act: merge, after });
    const restore = async () => {
      await walbc.runCtl(a0, ['restore', VOL, String(kept.gids[1])]);
      await actionEnded(site, a0, 'Restore');
    };
    const afterRestore = async () => {
      await walbc.delRestoredAll(a0, VOL);
      await kept.check();
    };
    const prepareRestore = async () => {
      await kept.takeUpTo(3);
      await kept.dropCold();
    };
    const restoreSteps = [
      A.restoreSnapshot,
      A.restoreWrite,
      A.restoreFlush,
      A.restoreCold,
      A.restoreColdTime,
      A.restoreRename,
    ];
    await atEachCall(site, a0, restoreSteps, { prepare: prepareRestore, act: restore, after: afterRestore });
    const preparePromote = async () => {
      await kept.takeUpTo(4);
      await kept.dropCold();
      // Leaves a cold snapshot, which becomes the base.
      await site.verify(a0, kept.gids[2] as Gid);
    };
    const promoteSteps = [
      A.promoteRenameCold,
      A.promoteWritable,
      A.promoteRemoveBase,
      A.promoteBaseRecord,
      A.promoteRename,
      A.removeCold,
    ];
    await atEachCall(site, a0, promoteSteps, { prepare: preparePromote, act: apply, after });
    await keepAndGoDark(site, kept);
  },
});

/** A first backup, at whose end the archive loses its power: the image is as durable as the state that tells of it. */
async function backUpAndGoDark(site: Site): Promise<Gid> {
  const { s0, p0, a0 } = site.servers;
  const { walbc, group } = site;
  await site.init([s0]);
  await site.overwrite(s0);
  const disarm = group.powerLossAt(a0.name, { step: A.fullState, nth: SAVE_CALLS });
  await walbc.fullBackup(s0, VOL, { block: false });
  await site.eventually(() => !group.isRunning(a0.name), 60, 'a0 is dark');
  disarm();
  group.powerOn(a0.name);
  await site.start(a0);
  await site.state(a0, 'Archived');
  await site.eventually(async () => (await walbc.getState(s0, VOL)) === 'SyncReady', 60, 's0 gives up');
  await site.kickAll([p0]);
  await site.sleep(5);
  const listed = await walbc.getRestorableGid(a0, VOL, 'all');
  site.story.check(listed.length > 0, 'the log of the backup has come');
  await checkAsDevice(site, listed);
  return site.hashBackup(s0);
}

/** What the archive offers at these gids is what the quiet device holds. */
async function checkAsDevice(site: Site, gids: readonly Gid[]): Promise<void> {
  const { s0, a0 } = site.servers;
  const { device } = site.device(s0);
  const content = await device.read(0, device.sizeLb());
  for (const gid of gids) {
    const image = (await site.image(a0, gid)).subarray(0, content.length);
    site.story.check(Buffer.compare(image, content) === 0, `gid ${gid} is what the device holds`);
  }
}

/** What an operator was told to be kept is kept, also when the power goes right behind the answer. */
async function keepAndGoDark(site: Site, kept: KeptSnapshots): Promise<void> {
  const { a0 } = site.servers;
  const { walbc, group } = site;
  await kept.takeUpTo(4);
  const gid = kept.gids[1] as Gid;
  for (let i = 0; i < 24; i++) {
    await walbc.disableSnapshot(a0, VOL, [gid]);
    await walbc.enableSnapshot(a0, VOL, [gid]);
    group.powerLoss(a0.name);
    group.powerOn(a0.name);
    await site.start(a0);
    const listed = await walbc.getRestorableGid(a0, VOL);
    site.story.check(listed.includes(gid), `${gid} is kept, as the operator was told, among [${listed}]`);
  }
}

export const crashPointsCopies = siteScenario({
  name: 'crash-points-copies',
  purpose: 'Archives lose power at every call of backups and replications, which are then done again',
  layout: 's0/p0/a0,a1',
  needs: ['power-loss', 'crash-points', 'network-faults'],
  ...SIZES,
  archiveOptions: { fsyncIntervalBytes: 16 * 1024 },
  async tell(site) {
    const { s0, a0, a1 } = site.servers;
    const { walbc } = site;
    const kept = new KeptSnapshots(site);
    kept.gids.push(await site.begin());
    const idle = async () => {
      const states = await Promise.all([s0, a0, a1].map((server) => walbc.getState(server, VOL)));
      // The source of a copy waits for its time-out.
      if ((await walbc.getNumAction(a0, VOL, 'ReplSyncAsClient')) > 0) return false;
      return states.every((state) => RESTING.includes(state));
    };
    const rest = () => site.eventually(idle, 300, 'all servers rest');

    // A replica, made anew each time.
    await kept.takeUpTo(2);
    const replicate = async (doResync: boolean) => {
      const again = { doResync, timeoutS: 200 };
      const result = walbc.replicateOnce(a0, VOL, a1, again);
      await Promise.race([result.catch(() => {}), untilDead(site, a1, async () => false)]);
    };
    const afterCopy = (doResync: boolean) => async () => {
      await rest();
      if ((await walbc.getState(a1, VOL)) === 'Archived') {
        // What the replica offers is right, whatever became of the copy.
        for (const gid of await walbc.getRestorableGid(a1, VOL)) await site.verify(a1, gid);
      }
      const gid = await walbc.replicateOnce(a0, VOL, a1, { doResync, timeoutS: 200 });
      await site.verifySame(gid, [a0, a1]);
    };
    const clearReplica = async () => {
      if ((await walbc.getState(a1, VOL)) !== 'Clear') await site.clearVol(a1);
    };
    const fullSteps = [A.createBase, A.fullImage, A.fullFlush, A.saveFullReplState, A.fullBase, A.fullState];
    const full = { prepare: clearReplica, act: () => replicate(false), after: afterCopy(false), maxCalls: 4 };
    await atEachCall(site, a1, fullSteps, full);
    const resyncSteps = [
      A.clearSnapshots,
      A.resyncState,
      A.clearWdiffs,
      A.resyncImage,
      A.resyncFlush,
      A.resyncBase,
      A.resyncDone,
    ];
    const otherContent = async () => {
      // Cold and restored copies of the replica must not outlive it.
      await walbc.restore(a1, VOL, (await walbc.getRestorableGid(a1, VOL))[0] as Gid, 100).catch(() => {});
      await kept.take();
      await walbc.apply(a0, VOL, kept.gids[kept.gids.length - 1] as Gid);
      kept.giveUpBefore(kept.gids[kept.gids.length - 1] as Gid);
    };
    const resync = { prepare: otherContent, act: () => replicate(true), after: afterCopy(true), maxCalls: 4 };
    await atEachCall(site, a1, resyncSteps, resync);

    // Hash backups, while diffs of the log before wait at the proxy.
    await clearReplica();
    const hashSteps = [A.createWdiff, A.writeWdiff, A.saveUuid, A.publishWdiff, A.hashState];
    const hash = {
      prepare: () => prepareHash(site),
      act: async () => {
        const result = walbc.hashBackup(s0, VOL, { timeoutS: 200 });
        await Promise.race([result.catch(() => {}), untilDead(site, a0, async () => false)]);
      },
      after: () => hashAgain(site, rest),
    };
    await atEachCall(site, a0, hashSteps, hash);
  },
});

/** The link to the archive is down: two snapshots wait at the proxy, and are never sent. */
async function prepareHash(site: Site): Promise<void> {
  const { s0, p0, a0 } = site.servers;
  site.cutLink(p0, [a0]);
  for (let i = 0; i < 2; i++) {
    await site.write(s0, VOL, 3);
    await site.snapshotNbk(s0);
  }
  await site.sleep(1);
  await site.stop(s0);
  await site.resetVol(s0);
  // Over most of what the two hold.
  await site.write(s0, VOL, 16);
}

/** The proxy sends what it has of the old log; whatever is listed then must be right, and a backup goes on. */
async function hashAgain(site: Site, rest: () => Promise<void>): Promise<void> {
  const { s0, p0, a0 } = site.servers;
  const { walbc } = site;
  await rest();
  site.healLink(p0, [a0]);
  await site.kickAll([p0]);
  await site.sleep(2);
  if ((await walbc.getState(s0, VOL)) !== 'Target') {
    // What follows the backup that was cut comes from its own log, and is what the quiet device holds.
    const [, ...later] = await walbc.getRestorableGid(a0, VOL, 'all');
    await checkAsDevice(site, later);
    await site.hashBackup(s0);
  }
  await site.write(s0, VOL, 3);
  const gid = await site.snapshot(s0, [a0]);
  await site.verify(a0, gid);
  await walbc.apply(a0, VOL, gid);
}
