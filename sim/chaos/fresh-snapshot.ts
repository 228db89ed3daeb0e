import type { Gid } from '../../core/units.ts';
import { waitsFor } from './drain.ts';
import { PropertyError } from './failure.ts';
import { readSnapshot, takeSnapshot } from './images.ts';
import { restorableGids } from './inspect.ts';
import { archiveView, type ChaosSite } from './site.ts';
import type { VolumeTruth } from './volume-truth.ts';
import { retried, within } from './within.ts';

/**
 * A snapshot of the quiet device becomes restorable at every archive that follows, and equals the device. Throws
 * PropertyError: `converges`, `device` or `admissible`.
 */
export async function freshSnapshot(site: ChaosSite, truth: VolumeTruth): Promise<void> {
  let gid: Gid = -1;
  await retried(site, truth, 'flush', () => truth.flush());
  await retried(site, truth, 'snapshot', async () => {
    gid = await takeSnapshot(site, truth);
  });
  let device = new Uint8Array(0);
  await retried(site, truth, 'read', async () => {
    device = (await truth.device.read(0, truth.device.sizeLb())) as Uint8Array<ArrayBuffer>;
  });
  const verdict = truth.ledger.judgeNow(device);
  if (!verdict.admissible && !truth.isContentUnsure) {
    throw new PropertyError('device', 'storage', `${truth.name}: the device itself: ${verdict.reason}`);
  }
  for (const archive of truth.synchronized) {
    const isThere = () => restorableGids(archiveView(site, archive, truth))?.includes(gid) === true;
    await within(
      site,
      'new snapshot',
      isThere,
      () =>
        `${truth.name}: snapshot ${gid} does not become restorable at ${archive}: ${waitsFor(site, truth)}`,
    );
    let image = new Uint8Array(0);
    await retried(site, truth, 'scan', async () => {
      image = (await readSnapshot(site, truth, site.group.server(archive), gid)) as Uint8Array<ArrayBuffer>;
    });
    if (!startsWith(image, device)) {
      throw new PropertyError(
        'admissible',
        'archive',
        `${truth.name}: the image of ${gid} at ${archive} is not the device's content`,
      );
    }
  }
}

/** The image may be larger (volumes grow by extents, archives first); what is beyond is not compared. */
function startsWith(image: Uint8Array, device: Uint8Array): boolean {
  if (image.length < device.length) return false;
  for (let i = 0; i < device.length; i++) if (image[i] !== device[i]) return false;
  return true;
}
