import { errorText } from '../../core/errors.ts';
import { US_PER_S } from '../../core/units.ts';
import { PropertyError } from './failure.ts';
import { leftovers } from './inspect.ts';
import { allServers, type ChaosSite } from './site.ts';
import { boundUs, within } from './within.ts';

/**
 * No temporary files or volumes, no running actions, only steady states; throws PropertyError `converges` or `bounded`.
 * Files that could not be removed while a disk failed may stay until the servers have started again.
 */
export async function nothingLeft(site: ChaosSite, hasRestarted: boolean): Promise<void> {
  let found = '';
  const steady = ['Clear', 'SyncReady', 'Stopped', 'Target', 'Standby', 'Started', 'Archived'];
  await within(
    site,
    'leftovers',
    async () => {
      found = '';
      for (const server of allServers(site)) {
        const files = leftovers(site.group.host(server.name));
        // What could not be removed while the disk failed is removed at the next start.
        if (files.length > 0 && (hasRestarted || !site.excused.has(server.name)))
          found = `${server.name} keeps ${files.join(', ')}`;
        for (const truth of site.volumes) {
          const state = await site.walbc.getState(server, truth.name).catch(errorText);
          if (!steady.includes(state)) found = `${server.name}: ${truth.name} is ${state}`;
        }
      }
      return found === '';
    },
    () => found,
  );
  await nothingRuns(site);
}

/** Actions of archives end: what waits for a peer that died gives up in bounded time. */
async function nothingRuns(site: ChaosSite): Promise<void> {
  const deadlineUs = site.simulation.nowUs + boundUs(site);
  for (const ax of site.walbc.layout.archives) {
    for (;;) {
      const actions = await site.walbc.getAllActions(ax);
      const running = [...actions].flatMap(([volume, counts]) =>
        [...counts].filter(([, { count }]) => count !== 0).map(([action]) => `${volume} counts ${action}`),
      );
      if (running.length === 0) break;
      if (site.simulation.nowUs > deadlineUs)
        throw new PropertyError('bounded', 'archive', `${ax.name}: ${running.join(', ')}`);
      await site.simulation.sleep(US_PER_S / 5);
    }
  }
}
