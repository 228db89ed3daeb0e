import type { Gid } from '../../core/units.ts';
import { US_PER_S } from '../../core/units.ts';
import { latestGid } from './inspect.ts';
import { archiveView, type ChaosSite, proxyView, storageView } from './site.ts';
import type { VolumeTruth } from './volume-truth.ts';
import { retried, within } from './within.ts';

/** How often the operator kicks while something waits. */
const KICK_INTERVAL_US = 10 * US_PER_S;

/** All gids of the storage are at every archive that follows, and nothing waits anywhere. */
export async function drained(site: ChaosSite, truth: VolumeTruth): Promise<void> {
  const { walbc } = site;
  // A proxy that gave up goes on with the next log or a kick.
  await retried(site, truth, 'write', () => truth.write(0, new Uint8Array(512).fill(0xa5)));
  const kick = () => walbc.kickAll([...walbc.layout.storages, ...walbc.layout.proxies]);
  await retried(site, truth, 'kick', kick);
  let kickedUs = site.simulation.nowUs;
  await within(
    site,
    'drain',
    async () => {
      if (waitsFor(site, truth) === '') return true;
      // One that met a busy archive has given up again.
      if (site.simulation.nowUs - kickedUs > KICK_INTERVAL_US) {
        kickedUs = site.simulation.nowUs;
        await retried(site, truth, 'kick', kick);
      }
      return false;
    },
    () => `${truth.name}: ${waitsFor(site, truth)}`,
  );
}

/** What still waits of a volume, or nothing. */
export function waitsFor(site: ChaosSite, truth: VolumeTruth): string {
  const storage = storageView(site, truth);
  if (storage === null || storage.state !== 'Target') return `the storage is ${storage?.state ?? 'empty'}`;
  if (storage.queue.length > 0) return `the storage has ${storage.queue.length} snapshots to send`;
  for (const archive of truth.synchronized) {
    const view = archiveView(site, archive, truth);
    if (view === null) return `${archive} has no volume`;
    const gid = latestGid(view);
    for (const proxy of site.group.layout.proxies) {
      // A file that could not be removed after it was sent stays until the proxy starts again.
      const diffs = proxyView(site, proxy, truth).get(archive) ?? [];
      const waiting = diffs.filter(({ snapE }) => (snapE.gidB as Gid) > gid);
      if (waiting.length > 0) return `${proxy} has ${waiting.length} diffs for ${archive}, which has ${gid}`;
    }
    if (view.state === 'Archived' && gid < (storage.done.gid ?? 0)) {
      return `${archive} has gid ${gid} of ${storage.done.gid}`;
    }
  }
  return '';
}
