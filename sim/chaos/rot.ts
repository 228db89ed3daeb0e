import type { Controller } from '../../core/control/controller.ts';
import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import { ARCHIVE_ACTIVE } from '../../core/control/states.ts';
import { backUp, stateOrRestart } from './mend.ts';
import { archiveView, type ChaosSite, primaryArchive } from './site.ts';
import type { VolumeTruth } from './volume-truth.ts';

/**
 * What an operator does about hosts where diffs may have rotted (docs/chaos.md, "Convergence"): a proxy loses what it
 * holds and a hash backup closes the gap, the primary archive gets a full backup, and replicas are reset.
 */
export async function giveUpRotten(site: ChaosSite, truth: VolumeTruth, walbc: Controller): Promise<void> {
  const primary = primaryArchive(site);
  for (const ax of rottenReplicas(site)) await resetArchive(site, truth, walbc, ax);
  const proxies = walbc.layout.proxies.filter(({ name }) => site.rotten.has(name));
  if (proxies.length === 0 && !site.rotten.has(primary.name)) return;
  const sx = site.group.server(truth.storage);
  const state = await walbc.getState(sx, truth.name);
  if (state === 'Clear') await walbc.initStorage(sx, truth.name, truth.device.path);
  if (state === 'Target') await walbc.stop(sx, truth.name, 'force');
  for (const px of proxies) {
    truth.synchronized.clear();
    await walbc.clearVol(px, truth.name);
  }
  await backUp(site, truth, walbc, site.rotten.has(primary.name) ? 'full' : 'hash');
}

/** Archives besides the primary one where diffs may have rotted. */
export function rottenReplicas(site: ChaosSite): readonly ServerConnectionParam[] {
  const primary = primaryArchive(site).name;
  return site.walbc.layout.archives.filter(({ name }) => name !== primary && site.rotten.has(name));
}

async function resetArchive(
  site: ChaosSite,
  truth: VolumeTruth,
  walbc: Controller,
  ax: ServerConnectionParam,
): Promise<void> {
  const state = await stateOrRestart(site, truth, walbc, ax);
  if (state === 'Clear') return;
  truth.releaseAll(ax.name, archiveView(site, ax.name, truth)?.archiveUuid ?? '');
  truth.synchronized.delete(ax.name);
  await walbc.stopSynchronizing(ax, truth.name);
  if (ARCHIVE_ACTIVE.includes(state)) await walbc.stop(ax, truth.name, 'force');
  await walbc.resetVol(ax, truth.name);
}
