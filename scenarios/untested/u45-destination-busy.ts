import { errorText } from '../../core/errors.ts';
import { siteScenario, VOL } from '../lib/site.ts';

export const u45 = siteScenario({
  name: 'u45-destination-busy',
  purpose:
    'What is asked of a replica while it is being written is refused or leaves it right; it ends as its source is',
  layout: 's0/p0/a0,a1',
  deviceMib: 0.5,
  logMib: 4,
  needs: ['network-faults'],
  async tell(site) {
    const { s0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.replicate(a0, a1, false);
    let last = 0;
    const commands = (known: number, later: number): readonly (readonly string[])[] => [
      ['restore', VOL, String(known)],
      ['apply', VOL, String(later)],
      ['merge', VOL, String(known), 'gid', String(later)],
      ['gc-diff', VOL],
      ['stop', VOL, 'graceful'],
      ['reset-vol', VOL],
    ];
    for (let i = 0; i < commands(0, 0).length; i++) {
      // Two snapshots that the replica has, and some that it gets while it is asked for other things.
      await site.write(s0, VOL, 6);
      const known = await site.snapshot(s0, [a0]);
      await site.write(s0, VOL, 6);
      const later = await site.snapshot(s0, [a0]);
      await site.replicateOnce(a0, a1);
      await site.overwrite(s0);
      last = await site.snapshot(s0, [a0]);
      site.limitLink(a0, a1, 500_000);
      const replicating = walbc.replicateOnce(a0, VOL, a1, { timeoutS: 100 }).then(
        () => 'done',
        (error: unknown) => errorText(error),
      );
      await site.sleep(0.5);
      const words = commands(known, later)[i] ?? [];
      const answer = await walbc.runCtl(a1, words).then(
        () => 'accepted',
        (error: unknown) => `refused: ${errorText(error)}`,
      );
      story.note(`walbc a1 ${words.join(' ')}, while a1 is replicated to: ${answer}`);
      story.note(`the replication: ${await replicating}`);
      site.healLink(a0, [a1]);
      for (const action of ['Restore', 'Apply', 'Merge', 'Resize']) {
        if ((await walbc.getState(a1, VOL)) === 'SyncReady') break;
        await site.eventually(
          async () => (await walbc.getNumAction(a1, VOL, action)) === 0,
          100,
          `${action} ends`,
        );
      }
      const rests = async () => ['Archived', 'Stopped', 'SyncReady'].includes(await walbc.getState(a1, VOL));
      await site.eventually(rests, 100, 'a1 rests');
      if ((await walbc.getState(a1, VOL)) === 'Stopped') await site.startVolume(a1);
      if ((await walbc.getState(a1, VOL)) === 'Archived') await walbc.delRestoredAll(a1, VOL);
      await site.replicateOnce(a0, a1);
      await site.verifySame(last, [a0, a1]);
      for (const ax of [a0, a1])
        if ((await walbc.getBase(ax, VOL)).snapB.gidB !== last) await walbc.apply(ax, VOL, last);
    }
    await site.verifySame(last, [a0, a1]);
  },
});
