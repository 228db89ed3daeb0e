import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import { errorText } from '../../core/errors.ts';
import { type Site, siteScenario, VOL } from '../lib/site.ts';

/** An operation that waits for a server, and what must be so when it says that it is done. */
interface Waiting {
  readonly what: string;
  readonly server: ServerConnectionParam;
  readonly prepare: () => Promise<unknown>;
  readonly act: () => Promise<unknown>;
  readonly holds: () => Promise<boolean>;
}

/** The server is killed and started while the controller waits; returns whether it said that it was done. */
async function restartDuring(site: Site, { what, server, prepare, act, holds }: Waiting): Promise<boolean> {
  await prepare();
  const result = act().then(
    () => 'done',
    (error: unknown) => `failed: ${errorText(error)}`,
  );
  // Somewhere between the command and its end.
  await site.sleep(site.random.at('u41', what).fraction() * 0.3);
  site.kill(server);
  await site.start(server);
  const text = await result;
  site.story.note(`${what} while ${server.name} is restarted: ${text}`);
  if (text !== 'done') return false;
  site.story.check(await holds(), `${what} is done when it says so`);
  return true;
}

export const u41 = siteScenario({
  name: 'u41-restart-during-waits',
  purpose:
    'A server that is restarted while the controller waits for it gives an error or the wait goes on, never a false success',
  layout: 's0/p0/a0,a1',
  needs: ['kill'],
  async tell(site) {
    const { s0, p0, a0, a1 } = site.servers;
    const { walbc, story } = site;
    await site.begin();
    let gid = 0;
    const snapshot = async () => {
      await site.write(s0, VOL, 6);
      gid = await site.snapshot(s0, [a0]);
    };
    const isRestorable = async (ax: ServerConnectionParam) =>
      (await walbc.getRestorableGid(ax, VOL, 'all')).includes(gid);
    const isStopped = (server: ServerConnectionParam) => async () =>
      (await walbc.getState(server, VOL)) === 'Stopped';
    const operations: Waiting[] = [
      ...[s0, p0, a0].map((server) => ({
        what: 'snapshot',
        server,
        prepare: () => site.write(s0, VOL, 6),
        act: async () => {
          gid = await site.snapshot(s0, [a0]);
        },
        holds: () => isRestorable(a0),
      })),
      {
        what: 'restore',
        server: a0,
        prepare: snapshot,
        act: () => walbc.restore(a0, VOL, gid, 100),
        holds: async () => (await walbc.getRestored(a0, VOL)).includes(gid),
      },
      {
        what: 'apply',
        server: a0,
        prepare: snapshot,
        act: () => walbc.apply(a0, VOL, gid, 100),
        holds: async () => (await walbc.getRestorableGid(a0, VOL, 'all'))[0] === gid,
      },
      ...[a0, a1].map((server) => ({
        what: 'replicateOnce',
        server,
        prepare: snapshot,
        act: () => walbc.replicateOnce(a0, VOL, a1, { timeoutS: 100 }),
        holds: () => isRestorable(a1),
      })),
      {
        what: 'stop',
        server: a0,
        prepare: snapshot,
        act: () => walbc.stop(a0, VOL),
        holds: isStopped(a0),
      },
      {
        what: 'resizeArchive',
        server: a0,
        prepare: snapshot,
        act: () => walbc.resizeArchive(a0, VOL, 2, true),
        holds: async () => (await walbc.getVolSizeLb(a0, VOL)) === 4096,
      },
    ];
    let doneCount = 0;
    for (const operation of operations) {
      if (await restartDuring(site, operation)) doneCount += 1;
      if (await isStopped(a0)()) await site.startVolume(a0);
      await walbc.delRestoredAll(a0, VOL);
      await site.kickAll([s0, p0]);
    }
    story.note(`${doneCount} of ${operations.length} went on over the restart`);
    await snapshot();
    await site.verify(a0, gid);
    await walbc.replicateOnce(a0, VOL, a1);
    await site.verifySame(gid, [a0, a1]);
  },
});
