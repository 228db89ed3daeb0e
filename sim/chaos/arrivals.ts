import { PropertyError } from './failure.ts';
import { restorableGids } from './inspect.ts';
import { archiveView, type ChaosSite, primaryArchive } from './site.ts';
import type { VolumeTruth } from './volume-truth.ts';

/**
 * Once everything has drained, each snapshot that an operator was told of can be restored at the primary archive,
 * unless it was given up there: applied over, disabled, its log lost before a backup, or its diff rotten on the way.
 */
export function checkArrived(site: ChaosSite, truth: VolumeTruth): void {
  const { name } = primaryArchive(site);
  const view = archiveView(site, name, truth);
  if (view === null || !truth.synchronized.has(name)) return;
  if (site.group.layout.proxies.some((proxy) => site.rotten.has(proxy)) || site.rotten.has(name)) return;
  const book = truth.bookOf(view.archiveUuid);
  if (book === null || book !== truth.book) return;
  const listed = new Set(restorableGids(view) ?? []);
  const disabled = truth.disabledAt(name);
  for (const gid of book.known()) {
    if (listed.has(gid) || disabled.has(gid) || !truth.owes(name, view.archiveUuid, gid)) continue;
    throw new PropertyError(
      'snapshot-comes',
      'archive',
      `${truth.name}: snapshot ${gid} was taken and never came to ${name}; there is ${[...listed].join(' ')}`,
    );
  }
}
