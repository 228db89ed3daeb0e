import { exists } from '../shared/persist.ts';
import { PROXY_STEPS as STEPS } from './steps.ts';
import { type ProxyServer, type ProxyVolume, sortedArchives } from './volume.ts';

/**
 * Gives every received diff a name in the directory of each archive, durably, and then takes it out of
 * `received/` (docs/operations.md, "Registration of a received diff"). Repeating it after a crash at any point
 * is harmless.
 */
export async function linkReceived(server: ProxyServer, volume: ProxyVolume): Promise<void> {
  const world = server.world.labelled({ volume: volume.volId });
  const { files } = world;
  const diffs = volume.received.set.getAll();
  if (diffs.length === 0) return;
  for (const archive of sortedArchives(volume)) {
    for (const diff of diffs) {
      const from = volume.received.path(diff);
      // The same range under another time or flag is waiting already: one of them is enough.
      if (archive.diffs.set.exists(diff) || !(await exists(files, from, STEPS.linkToArchive))) continue;
      const to = archive.diffs.path(diff);
      if (!(await exists(files, to, STEPS.linkToArchive))) await files.link(from, to, STEPS.linkToArchive);
      archive.diffs.set.add(diff);
    }
    // The new names must be durable before the old one goes, also those that an earlier attempt made.
    await files.syncDirectory(archive.diffs.directory, STEPS.syncArchiveDirectory);
  }
  await volume.received.remove(diffs, STEPS.unlinkReceived);
}
