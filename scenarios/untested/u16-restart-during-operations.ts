import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import { errorText } from '../../core/errors.ts';
import { type Site, siteScenario, VOL } from '../lib/site.ts';

/** Does something while a server dies and comes back; it may fail, then it is done again. */
async function whileDying(
  site: Site,
  victim: ServerConnectionParam,
  what: string,
  act: () => Promise<unknown>,
) {
  const { s0, a0 } = site.servers;
  const delayS = site.random.at('u16', what, victim.name).fraction() * 0.4;
  const result = act().then(
    () => 'done',
    (error: unknown) => `failed: ${errorText(error)}`,
  );
  await site.sleep(delayS);
  site.kill(victim);
  await site.sleep(1);
  await site.start(victim);
  site.story.note(`${what} while ${victim.name} dies: ${await result}`);
  const idle = async () => {
    const states = await Promise.all(
      site.walbc.layout.getAll().map((server) => site.walbc.getState(server, VOL)),
    );
    return !states.some((state) =>
      ['FullSync', 'HashSync', 'Resync', 'ReplSyncAsServer', 'Stop'].includes(state),
    );
  };
  await site.eventually(idle, 200, 'all servers rest');
  if ((await result) === 'done') return;
  if (what.endsWith('Backup') && (await site.walbc.getState(s0, VOL)) === 'Target') {
    // The servers went on without whoever asked.
    await site.verify(a0, await site.snapshot(s0, [a0]));
    return;
  }
  await act();
}

export const u16 = siteScenario({
  name: 'u16-restart-during-operations',
  purpose:
    'Each server dies during each operation; the operation ends or fails, and works when it is repeated',
  layout: 's0/p0/a0,a1',
  needs: ['kill'],
  async tell(site) {
    const { s0, p0, a0, a1 } = site.servers;
    const { walbc } = site;
    await site.begin();
    await site.replicate(a0, a1, false);
    for (const victim of [s0, p0, a0]) {
      await whileDying(site, victim, 'hashBackup', async () => {
        if ((await walbc.getState(s0, VOL)) === 'Target') await site.goStandby(s0);
        await site.write(s0);
        await site.verify(a0, await site.hashBackup(s0));
      });
      await site.write(s0);
      const gid = await site.snapshot(s0, [a0]);
      await whileDying(site, victim, 'restore', () => walbc.restore(a0, VOL, gid, 100));
      await walbc.delRestoredAll(a0, VOL);
      await whileDying(site, victim, 'apply', () => walbc.apply(a0, VOL, gid, 100));
      await site.verify(a0, gid);
    }
    for (const victim of [a0, a1]) {
      await site.write(s0);
      const gid = await site.snapshot(s0, [a0]);
      await whileDying(site, victim, 'replicateOnce', () =>
        walbc.replicateOnce(a0, VOL, a1, { timeoutS: 100 }),
      );
      await walbc.replicateOnce(a0, VOL, a1);
      await site.verifySame(gid, [a0, a1]);
    }
    for (const victim of [s0, p0, a0]) {
      await whileDying(site, victim, 'fullBackup', async () => {
        if ((await walbc.getState(s0, VOL)) === 'Target') await site.stop(s0);
        if ((await walbc.getState(a0, VOL)) !== 'Clear') await site.clearVol(a0);
        await site.verify(a0, await site.fullBackup(s0));
      });
    }
    await site.write(s0);
    await site.verify(a0, await site.snapshot(s0, [a0]));
    await site.clearVol(a1);
  },
});
