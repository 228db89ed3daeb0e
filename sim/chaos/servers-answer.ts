import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import { stateOrRestart } from './mend.ts';
import { allServers, type ChaosSite, startAgain } from './site.ts';
import type { VolumeTruth } from './volume-truth.ts';
import { retried, within } from './within.ts';

/** Hosts have power, and each server is started until it says what it is. Throws PropertyError `converges`. */
export async function everyoneAnswers(site: ChaosSite): Promise<void> {
  const { group, simulation } = site;
  for (const host of simulation.hosts.values()) {
    if (host.powered) continue;
    host.powerOn();
    host.restartInterrupted();
  }
  for (const server of allServers(site)) {
    startAgain(site, server.name);
    await within(
      site,
      `start ${server.kind}`,
      async () => {
        if (!group.isRunning(server.name)) startAgain(site, server.name);
        return answers(site, server);
      },
      () => `${server.name} does not answer`,
    );
  }
}

/** Whether the server says what it is. */
export function answers(site: ChaosSite, server: ServerConnectionParam): Promise<boolean> {
  return site.walbc.getHostType(server).then(
    () => true,
    () => false,
  );
}

/** The server has loaded the volume, and what was stopped there goes on. Throws PropertyError `converges`. */
export async function started(
  site: ChaosSite,
  truth: VolumeTruth,
  server: ServerConnectionParam,
): Promise<void> {
  await retried(site, truth, `start ${server.kind}`, async () => {
    const state = await stateOrRestart(site, truth, site.walbc, server);
    if (state === 'Stopped') await site.walbc.start(server, truth.name);
  });
}
