import { errorText } from '../../core/errors.ts';
import { siteScenario, VOL } from '../lib/site.ts';

export const u21 = siteScenario({
  name: 'u21-two-controllers',
  purpose: 'Two operators who do the same at one time: one wins, the other gets an error, nothing hangs',
  layout: 's0/p0/a0',
  async tell(site) {
    const { s0, a0 } = site.servers;
    const { walbc, story } = site;
    const twice = async (what: string, act: () => Promise<unknown>) => {
      const results = await Promise.allSettled([act(), act()]);
      const texts = results.map((one) => (one.status === 'fulfilled' ? 'done' : errorText(one.reason)));
      story.note(`${what} twice: ${texts.join('; ')}`);
      return results.filter(({ status }) => status === 'fulfilled').length;
    };
    const { path } = site.device(s0).device;
    const initialized = await twice('initStorage', () => walbc.initStorage(s0, VOL, path));
    story.check(initialized <= 1, 'one at most registers the device');
    if ((await walbc.getState(s0, VOL)) === 'SyncReady') await site.goStandby(s0);
    await site.write(s0);
    await twice('fullBackup', () => walbc.fullBackup(s0, VOL, { timeoutS: 100 }));
    await site.sleep(5);
    if ((await walbc.getState(s0, VOL)) !== 'Target') await site.fullBackup(s0);
    await site.write(s0);
    const gid = await site.snapshot(s0, [a0]);
    story.check((await twice('restore', () => walbc.restore(a0, VOL, gid))) >= 1, 'one restores');
    await walbc.delRestoredAll(a0, VOL);
    const taken = await Promise.all([walbc.snapshotNbk(s0, VOL), walbc.snapshotNbk(s0, VOL)]);
    story.check(taken[0] !== taken[1], `two snapshots have two gids: ${taken}`);
    story.check((await twice('apply', () => walbc.apply(a0, VOL, gid))) >= 1, 'one applies');
    await twice('stop', () => walbc.stop(a0, VOL));
    await site.state(a0, 'Stopped');
    await twice('start', () => walbc.start(a0, VOL));
    await site.state(a0, 'Archived');
    await site.verify(a0, gid);
    await site.write(s0);
    await site.verify(a0, await site.snapshot(s0, [a0]));
  },
});
