import type { Gid } from '../../core/units.ts';
import { judgeImage, readSnapshot } from './images.ts';
import { restorableGids } from './inspect.ts';
import { started } from './servers-answer.ts';
import { archiveView, type ChaosSite } from './site.ts';
import type { VolumeTruth } from './volume-truth.ts';
import { retried } from './within.ts';

/** Every snapshot that any archive lists is judged, and restored volumes once more. */
export async function everySnapshot(site: ChaosSite, truth: VolumeTruth): Promise<void> {
  // A stop may end long after the operator who waited for it was gone.
  for (const px of site.walbc.layout.proxies) await started(site, truth, px);
  for (const { name } of site.walbc.layout.archives) {
    const ax = site.group.server(name);
    await started(site, truth, ax);
    const view = archiveView(site, name, truth);
    for (const gid of restorableGids(view) ?? []) {
      await retried(site, truth, 'scan', () => readSnapshot(site, truth, ax, gid));
    }
    const { volumes } = site.group.host(name);
    for (const info of volumes?.inspect() ?? []) {
      const digits = new RegExp(`^wr_${truth.name}_([0-9]+)$`).exec(info.name)?.[1];
      if (digits === undefined || view === null || !restorableIncludes(site, name, truth, Number(digits)))
        continue;
      judgeImage(
        site,
        truth,
        name,
        view.archiveUuid,
        Number(digits),
        volumes?.peek(info.name, 0, info.sizeLb) as Uint8Array,
      );
    }
  }
}

function restorableIncludes(site: ChaosSite, archive: string, truth: VolumeTruth, gid: Gid): boolean {
  return restorableGids(archiveView(site, archive, truth))?.includes(gid) === true;
}
