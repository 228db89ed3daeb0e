import { errorText } from '../../core/errors.ts';
import { siteScenario, VOL } from '../lib/site.ts';

const ACTIONS = ['Restore', 'ReplSyncAsClient', 'Apply', 'Merge', 'Resize'];

export const u2 = siteScenario({
  name: 'u2-simultaneous-operations',
  purpose:
    'Every two operations of an archive that begin at one time are refused or leave every snapshot right',
  layout: 's0/p0/a0,a1',
  deviceMib: 0.25,
  archiveOptions: { maxForegroundTasks: 4 },
  async tell(site) {
    const { s0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    await site.replicate(a0, a1, false);
    const names = ['apply', 'merge', 'restore', 'replicate', 'disable', 'gc', 'snapshot'];
    let accepted = 0;
    for (const first of names) {
      for (const second of names) {
        // Three snapshots, the middle one mergeable.
        const gids: number[] = [];
        for (let i = 0; i < 3; i++) {
          await site.write(s0, VOL, 3);
          gids.push(await site.snapshot(s0, [a0]));
        }
        const [begin = 0, middle = 0, end = 0] = gids;
        await walbc.disableSnapshot(a0, VOL, [middle]);
        const words: Record<string, string[]> = {
          apply: ['apply', VOL, String(begin)],
          merge: ['merge', VOL, String(begin), 'gid', String(end)],
          restore: ['restore', VOL, String(end)],
          replicate: [
            'replicate',
            VOL,
            'gid',
            String(end),
            `${a1.address.host}:${a1.address.port}`,
            '0',
            '0',
          ],
          disable: ['disable-snapshot', VOL, String(begin)],
          gc: ['gc-diff', VOL],
        };
        const start = async (what: string) => {
          if (what === 'snapshot') return site.snapshotNbk(s0).then(() => 'accepted');
          return walbc.runCtl(a0, words[what] as string[]).then(
            () => 'accepted',
            (error: unknown) => `refused: ${errorText(error)}`,
          );
        };
        const results = await Promise.all([start(first), start(second)]);
        story.note(`${first}: ${results[0]}; ${second}: ${results[1]}`);
        story.check(results.includes('accepted'), `${first} or ${second} is accepted`);
        accepted += results.every((result) => result === 'accepted') ? 1 : 0;
        for (const action of ACTIONS) {
          const ended = async () => (await walbc.getNumAction(a0, VOL, action)) === 0;
          await site.eventually(ended, 100, `${action} ends`);
        }
        await walbc.delRestoredAll(a0, VOL);
        await site.verify(a0, end);
        const latest = await site.snapshot(s0, [a0]);
        await walbc.apply(a0, VOL, latest);
      }
    }
    story.check(accepted > 10, `${accepted} pairs ran side by side`);
  },
});
