import { errorText } from '../../core/errors.ts';
import { siteScenario, VOL } from '../lib/site.ts';

export const u30 = siteScenario({
  name: 'u30-one-way-loss',
  purpose: 'A link that loses everything in one direction only delays what goes over it, and is made up for',
  layout: 's0/p0/a0,a1',
  needs: ['network-faults'],
  deviceMib: 0.25,
  async tell(site) {
    const { s0, p0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.replicate(a0, a1, false);
    for (const [from, to] of [
      [s0, p0],
      [p0, s0],
      [p0, a0],
      [a0, p0],
    ] as const) {
      site.cutOneWay(from, to);
      await site.write(s0, VOL, 6);
      const gid = await site.snapshotNbk(s0);
      // What is sent may arrive; where it does not, no answer comes either, so nothing is forgotten.
      await site.sleep(25);
      site.healLink(from, [to]);
      await site.kickAll([s0, p0]);
      await walbc.waitForRestorable(a0, VOL, gid, 400);
      await site.verify(a0, gid);
    }
    for (const [from, to] of [
      [a0, a1],
      [a1, a0],
    ] as const) {
      await site.write(s0, VOL, 6);
      const gid = await site.snapshot(s0, [a0]);
      site.cutOneWay(from, to);
      const replicating = walbc.replicateOnce(a0, VOL, a1, { timeoutS: 60 }).then(
        () => 'done',
        (error: unknown) => errorText(error),
      );
      story.note(`replication to a1: ${await replicating}`);
      const idle = async () =>
        (await walbc.getNumAction(a0, VOL, 'ReplSyncAsClient')) === 0 &&
        (await walbc.getState(a1, VOL)) === 'Archived';
      await site.eventually(idle, 30, 'both sides give up');
      site.healLink(from, [to]);
      await site.replicateOnce(a0, a1);
      await site.verifySame(gid, [a0, a1]);
    }
    for (const [from, to] of [
      [s0, a0],
      [a0, s0],
    ] as const) {
      await site.goStandby(s0);
      await site.write(s0, VOL, 6);
      site.cutOneWay(from, to);
      const backingUp = walbc.hashBackup(s0, VOL, { timeoutS: 60 }).then(
        () => 'done',
        (error: unknown) => errorText(error),
      );
      story.note(`hash backup: ${await backingUp}`);
      const rest = async () =>
        (await walbc.getState(s0, VOL)) === 'SyncReady' && (await walbc.getState(a0, VOL)) === 'Archived';
      await site.eventually(rest, 60, 'both sides give up');
      site.healLink(from, [to]);
      await site.verify(a0, await site.hashBackup(s0));
    }
    await site.clearVol(a1);
  },
});
