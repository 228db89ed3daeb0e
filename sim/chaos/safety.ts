import { StateError } from '../../core/errors.ts';
import type { Gid } from '../../core/units.ts';
import { walbDevicesOf } from '../device-host.ts';
import { checkBounds } from './bounds.ts';
import { checkCustody } from './custody.ts';
import { PropertyError } from './failure.ts';
import { type ArchiveView, latestGid, restorableGids } from './inspect.ts';
import { archiveView, type ChaosSite, primaryArchive, proxyView, storageView } from './site.ts';
import type { VolumeTruth } from './volume-truth.ts';

/**
 * What must hold at every moment (docs/chaos.md, "Properties"): looked at after every operation and every crash,
 * on the files as they are then.
 */
export function checkSafety(site: ChaosSite): void {
  for (const truth of site.volumes) {
    followLineage(site, truth);
    for (const archive of site.group.layout.archives) {
      const view = archiveView(site, archive, truth);
      if (view === null) continue;
      checkPromises(site, truth, archive, view);
      if (truth.synchronized.has(archive)) checkCovered(site, truth, archive, view);
    }
    checkCustody(site, truth);
    checkLog(site, truth);
  }
  checkBounds(site);
}

/**
 * Looks which log the storage has and which image was made from it. An image of the present log gives its gids
 * their lineage.
 */
export function followLineage(site: ChaosSite, truth: VolumeTruth): void {
  const view = archiveView(site, primaryArchive(site).name, truth);
  truth.follow(storageView(site, truth), view);
  if (truth.book === null || truth.book.archiveUuid !== null || view === null) return;
  if (view.uuid === truth.uuid && view.state !== 'SyncReady') truth.book.archiveUuid = view.archiveUuid;
}

/** What an archive could restore it can restore, until somebody lets it go. */
function checkPromises(site: ChaosSite, truth: VolumeTruth, archive: string, view: ArchiveView): void {
  truth.seen(archive, view.state, view.archiveUuid);
  const gids = listRestorable(view, archive, truth.name);
  if (gids === null) return;
  const promises = truth.promisesOf(archive);
  const listed = new Set(gids);
  for (const [gid, lineage] of promises) {
    if (lineage === view.archiveUuid && listed.has(gid)) continue;
    throw new PropertyError(
      'restorable-stays',
      'archive',
      `${archive}: snapshot ${gid} of ${truth.name} could be restored and cannot any more; there is ${gids.join(' ')}`,
    );
  }
  const book = truth.bookOf(view.archiveUuid);
  if (book === null || site.rotten.has(archive)) return;
  const disabled = truth.disabledAt(archive);
  for (const gid of gids) {
    const isOwed = truth.owes(archive, view.archiveUuid, gid);
    if (isOwed && book.knows(gid) && !disabled.has(gid)) promises.set(gid, view.archiveUuid);
  }
}

function listRestorable(view: ArchiveView, archive: string, volume: string): readonly Gid[] | null {
  try {
    return restorableGids(view);
  } catch (error) {
    if (!(error instanceof StateError)) throw error;
    throw new PropertyError('apply-completes', 'archive', `${archive}: ${volume}: ${error.message}`);
  }
}

/** From the archive's newest gid a chain leads through what proxies have for it to what the storage let go. */
function checkCovered(site: ChaosSite, truth: VolumeTruth, archive: string, view: ArchiveView): void {
  if (!['Archived', 'Stopped'].includes(view.state) || view.uuid !== truth.uuid) return;
  const storage = storageView(site, truth);
  if (storage === null || !['Target', 'Stopped'].includes(storage.state)) return;
  const doneGid = storage.done.gid;
  if (doneGid === null) return;
  let at = latestGid(view);
  const waiting = site.group.layout.proxies.flatMap((proxy) => [
    ...(proxyView(site, proxy, truth).get(archive) ?? []),
  ]);
  while (at < doneGid) {
    const here = at;
    const next = waiting.find(
      ({ snapB, snapE }) => (snapB.gidB as Gid) <= here && (snapE.gidB as Gid) > here,
    );
    if (next === undefined) {
      const found = waiting.map(({ snapB, snapE }) => `${snapB.gidB}-${snapE.gidB}`).join(' ');
      throw new PropertyError(
        'coverage',
        'chain',
        `${truth.name}: ${archive} has gid ${latestGid(view)}, ${truth.storage} let go up to ${doneGid}, proxies have ${found || 'nothing'}`,
      );
    }
    at = next.snapE.gidB as Gid;
  }
}

/** Log is erased only as far as it was delivered. */
function checkLog(site: ChaosSite, truth: VolumeTruth): void {
  const view = storageView(site, truth);
  const device = walbDevicesOf(site.group.host(truth.storage)).current(truth.device.path);
  if (view === null || device === null || view.state !== 'Target') return;
  const { lsid } = view.done;
  const lsids = device.lsids();
  if (lsid === null || truth.backup === null || (lsids.oldest <= lsid && lsid <= lsids.latest)) return;
  throw new PropertyError(
    'log-order',
    'storage',
    `${truth.name}: log ${lsids.oldest} to ${lsids.latest}, delivered ${lsid}`,
  );
}
