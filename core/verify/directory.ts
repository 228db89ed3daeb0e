import type { DirectoryEntry } from '../world/file-store.ts';
import { verifyArchiveVolume } from './archive-volume.ts';
import { metadataForm } from './metadata.ts';
import { verifyProxyVolume } from './proxy-volume.ts';
import { verifyStorageVolume } from './storage-volume.ts';
import { entriesOf, isLeftover, type TreeCheck, verifyAnyFile } from './tree.ts';
import type { VolumeVerdict } from './volume-files.ts';

/** Folders in folders are followed so far; servers need three. */
const MAX_DEPTH = 16;

type Volume = (
  tree: TreeCheck,
  directory: string,
  entries: readonly DirectoryEntry[],
) => Promise<VolumeVerdict>;

/** Whose volume a directory is by its entries; null for any other directory, such as the base directory of a server. */
function volumeOf(entries: readonly DirectoryEntry[]): Volume | null {
  const isThere = (name: string, kind: DirectoryEntry['kind']) =>
    entries.some((entry) => entry.name === name && entry.kind === kind);
  if (isThere('queue', 'file') || isThere('done', 'file') || isThere('path', 'file'))
    return verifyStorageVolume;
  if (isThere('base', 'file') || isThere('archive_uuid', 'file')) return verifyArchiveVolume;
  const isArchiveFile = ({ name, kind }: DirectoryEntry) =>
    kind === 'file' && metadataForm(name) === '.archive';
  if (isThere('received', 'directory') || isThere('sendto', 'directory') || entries.some(isArchiveFile))
    return verifyProxyVolume;
  return null;
}

/**
 * Verifies a directory: a server's base directory, one volume of it, or any folder of WalB's files. Whose it is is seen
 * by what is in it.
 */
export async function verifyDirectory(tree: TreeCheck, directory: string, depth = 0): Promise<void> {
  const entries = await entriesOf(tree, directory);
  const volume = volumeOf(entries);
  if (volume !== null) {
    await verifyVolume(tree, directory, entries, volume);
    return;
  }
  for (const entry of entries) {
    if (isLeftover(tree, directory, entry)) continue;
    const path = `${directory}/${entry.name}`;
    if (entry.kind === 'file') await verifyAnyFile(tree, path);
    else if (depth < MAX_DEPTH) await verifyDirectory(tree, path, depth + 1);
  }
}

/** Counts what is found about the volume as a whole, beside what its files say themselves. */
async function verifyVolume(
  tree: TreeCheck,
  directory: string,
  entries: readonly DirectoryEntry[],
  verify: Volume,
): Promise<void> {
  let damageCount = 0;
  let noticeCount = 0;
  const counting: TreeCheck = {
    ...tree,
    onFinding(finding) {
      if (finding.severity === 'damage') damageCount++;
      else noticeCount++;
      tree.onFinding(finding);
    },
  };
  const { kind, counts } = await verify(counting, directory, entries);
  tree.onReport(directory, { kind, counts, sizeBytes: 0, damageCount, noticeCount });
}
