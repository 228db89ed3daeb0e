import { uuidToText } from '../../core/format/uuid.ts';
import type { Gid } from '../../core/units.ts';
import { walbDevicesOf } from '../device-host.ts';
import { latestGid } from './inspect.ts';
import { archiveView, type ChaosSite, primaryArchive, proxyView, storageView } from './site.ts';
import type { VolumeTruth } from './volume-truth.ts';

/**
 * Why a volume needs a backup, from what lies on disks; null when it does not: log, diffs of proxies and image join
 * without a gap, so that everything can go on from where it is.
 */
export function needOfBackup(site: ChaosSite, truth: VolumeTruth): string | null {
  const storage = storageView(site, truth);
  const primary = primaryArchive(site).name;
  const archive = archiveView(site, primary, truth);
  if (storage === null || !['Target', 'Stopped'].includes(storage.state)) return 'the storage sends no log';
  if (archive === null || !['Archived', 'Stopped'].includes(archive.state)) return 'there is no image';
  const device = walbDevicesOf(site.group.host(truth.storage)).current(truth.device.path);
  if (device === null) return 'there is no device';
  const { logOverflow, readOnly } = device.status();
  if (logOverflow || readOnly) return 'the device lost its log';
  if (uuidToText(device.uuid) !== storage.uuid) return 'the log was made anew';
  if (archive.uuid !== storage.uuid) return 'the image follows another log';
  const { lsid, gid } = storage.done;
  const { oldest, latest } = device.lsids();
  if (lsid === null || gid === null || lsid < oldest || lsid > latest)
    return 'the log does not begin where it was sent to';
  const views = site.group.layout.proxies.map((proxy) => proxyView(site, proxy, truth).get(primary));
  if (views.some((diffs) => diffs === undefined)) return 'a proxy does not know the archive';
  const waiting = views.flatMap((diffs) => [...(diffs ?? [])]);
  let at = latestGid(archive);
  while (at < gid) {
    const here = at;
    const next = waiting.find(
      ({ snapB, snapE }) => (snapB.gidB as Gid) <= here && (snapE.gidB as Gid) > here,
    );
    if (next === undefined) return 'diffs are missing';
    at = next.snapE.gidB as Gid;
  }
  return truth.logDamagedFromUs === null ? null : 'the log is damaged';
}
