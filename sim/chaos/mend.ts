import type { Controller } from '../../core/control/controller.ts';
import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import { ARCHIVE_ACTIVE, PROXY_ACTIVE } from '../../core/control/states.ts';
import { errorText, StateError } from '../../core/errors.ts';
import { followLineage } from './safety.ts';
import { archiveView, type ChaosSite, primaryArchive, proxyView, storageView } from './site.ts';
import type { VolumeTruth } from './volume-truth.ts';

/** What an operator found that a volume needs. */
export type Remedy = 'nothing' | 'start' | 'hash-backup' | 'full-backup';

/** How long an operator waits for one command's outcome. */
export const PATIENCE_S = 30;

/**
 * Does what the documents say for the state in which a volume is found (docs/operations.md, "Recovery"): starts
 * what is stopped, registers archives that proxies do not know, and backs up again where the log cannot go on.
 * Returns what was needed. Throws what the commands throw.
 */
export async function mendVolume(site: ChaosSite, truth: VolumeTruth, walbc: Controller): Promise<Remedy> {
  const sx = site.group.server(truth.storage);
  const primary = primaryArchive(site);
  const archiveState = await stateOrRestart(site, truth, walbc, primary);
  const isStopped = archiveState === 'Stopped';
  if (isStopped) await walbc.start(primary, truth.name);
  const canGoOn = async () =>
    (isStopped || ARCHIVE_ACTIVE.includes(archiveState)) && (await isJoined(site, truth, walbc));
  let state = await walbc.getState(sx, truth.name);
  if (state === 'Target' && (await canGoOn())) {
    await startProxies(truth, walbc);
    return 'nothing';
  }
  if (state === 'Clear') await walbc.initStorage(sx, truth.name, truth.device.path);
  if (state === 'Target') {
    await walbc.stop(sx, truth.name, 'force');
    state = 'Stopped';
  }
  if (state === 'Stopped' && (await canGoOn())) {
    const isRefused = await walbc.start(sx, truth.name).then(
      () => false,
      (error: unknown) => {
        // The storage says itself what it needs where its log was reset by halves.
        if (errorText(error).includes('back it up again')) return true;
        throw error;
      },
    );
    await startProxies(truth, walbc);
    if (!isRefused) return 'start';
  }
  return backUp(site, truth, walbc);
}

/** A volume that an archive could not load while its disk failed is loaded when the server starts again. */
export async function stateOrRestart(
  site: ChaosSite,
  truth: VolumeTruth,
  walbc: Controller,
  ax: ServerConnectionParam,
): Promise<string> {
  try {
    return await walbc.getState(ax, truth.name);
  } catch (error) {
    if (errorText(error).includes('the volume is damaged') && site.excused.has(ax.name)) {
      site.ending.add(ax.name);
      await walbc.shutdown(ax, 'force');
    }
    throw error;
  }
}

/** The log holds all that archives lack: no overflow, and log and image belong together. */
async function isJoined(site: ChaosSite, truth: VolumeTruth, walbc: Controller): Promise<boolean> {
  const sx = site.group.server(truth.storage);
  if (await walbc.isOverflow(sx, truth.name)) return false;
  const primary = primaryArchive(site);
  if ((await walbc.getUuid(sx, truth.name)) !== (await walbc.getUuid(primary, truth.name))) return false;
  // Where only some proxies know the archive the controller refuses to say; anything else is tried again.
  const knows = await walbc.isSynchronizing(primary, truth.name).catch((error: unknown) => {
    if (error instanceof StateError) return false;
    throw error;
  });
  if (!knows) return false;
  truth.needsBackup = false;
  truth.synchronized.add(primary.name);
  return true;
}

async function startProxies(truth: VolumeTruth, walbc: Controller): Promise<void> {
  for (const px of walbc.layout.proxies) {
    if ((await walbc.getState(px, truth.name)) === 'Stopped') await walbc.start(px, truth.name);
  }
}

/** A hash backup where the archive has an image of this volume, else a full one. */
export async function backUp(
  site: ChaosSite,
  truth: VolumeTruth,
  walbc: Controller,
  wished: 'full' | 'hash' = 'hash',
): Promise<Remedy> {
  const sx = site.group.server(truth.storage);
  const primary = primaryArchive(site);
  await releaseProxies(site, truth, walbc);
  let archiveState = await walbc.getState(primary, truth.name);
  let kind: 'full' | 'hash' = ARCHIVE_ACTIVE.includes(archiveState) ? wished : 'full';
  if (kind === 'full' && archiveState !== 'Clear' && archiveState !== 'SyncReady') {
    truth.releaseAll(primary.name, archiveView(site, primary.name, truth)?.archiveUuid ?? '');
    truth.synchronized.delete(primary.name);
    if (ARCHIVE_ACTIVE.includes(archiveState)) await walbc.stop(primary, truth.name, 'force');
    await walbc.resetVol(primary, truth.name);
    archiveState = 'SyncReady';
  }
  const before = archiveView(site, primary.name, truth);
  if (kind === 'hash' && before === null) kind = 'full';
  // The controller takes every archive out of the proxies and only the primary one in again.
  truth.synchronized.clear();
  truth.needsBackup = true;
  followLineage(site, truth);
  truth.backup = { kind, mark: truth.ledger.mark() };
  const options = { timeoutS: PATIENCE_S, bulkSizeU: '16K' };
  if (kind === 'full') await walbc.fullBackup(sx, truth.name, options);
  else await walbc.hashBackup(sx, truth.name, options);
  if (kind === 'full') site.counts.fullBackups += 1;
  else site.counts.hashBackups += 1;
  if (storageView(site, truth)?.state === 'Target') {
    truth.needsBackup = false;
    truth.synchronized.add(primary.name);
  }
  return kind === 'full' ? 'full-backup' : 'hash-backup';
}

/** How many proxies have an archive among those that they send to. */
function proxiesThatKnow(site: ChaosSite, truth: VolumeTruth, archive: string): number {
  return site.group.layout.proxies.filter((proxy) => proxyView(site, proxy, truth).has(archive)).length;
}

/** Where only some proxies know an archive, none shall: the controller refuses to guess. */
async function releaseProxies(site: ChaosSite, truth: VolumeTruth, walbc: Controller): Promise<void> {
  for (const ax of walbc.layout.archives) {
    const knowing = proxiesThatKnow(site, truth, ax.name);
    if (knowing > 0 && knowing < walbc.layout.proxies.length) {
      truth.synchronized.delete(ax.name);
      await walbc.stopSynchronizing(ax, truth.name);
    }
  }
  for (const px of walbc.layout.proxies) {
    const state = await walbc.getState(px, truth.name);
    if (state !== 'Clear' && state !== 'Stopped' && !PROXY_ACTIVE.includes(state)) {
      await walbc.waitForStopped(px, truth.name);
    }
  }
}
