import type { DirectoryEntry } from '../world/file-store.ts';
import { verifyDiffFiles } from './diff-files.ts';
import { entriesOf, isLeftover, type TreeCheck } from './tree.ts';
import { type VolumeVerdict, verifyVolumeFiles } from './volume-files.ts';

const ARCHIVE_SUFFIX = '.archive';

/** Verifies the directory of a proxy's volume: every file, and the diffs that wait for each archive. */
export async function verifyProxyVolume(
  tree: TreeCheck,
  directory: string,
  entries: readonly DirectoryEntry[],
): Promise<VolumeVerdict> {
  await verifyVolumeFiles(tree, directory, entries, { needed: [], optional: ['size', ARCHIVE_SUFFIX] });
  const archives = entries
    .filter(({ name, kind }) => kind === 'file' && name.endsWith(ARCHIVE_SUFFIX))
    .map(({ name }) => name.slice(0, -ARCHIVE_SUFFIX.length));
  const counts: Record<string, number | string> = { archives: archives.join(' ') };
  const has = (name: string) => entries.some((entry) => entry.name === name && entry.kind === 'directory');
  if (has('received')) counts.received = await verifyFolder(tree, `${directory}/received`);
  if (has('sendto')) {
    for (const { name, kind } of await entriesOf(tree, `${directory}/sendto`)) {
      if (kind !== 'directory') continue;
      const folder = `${directory}/sendto/${name}`;
      counts[`for ${name}`] = await verifyFolder(tree, folder);
      if (archives.includes(name)) continue;
      tree.onFinding({
        severity: 'notice',
        file: folder,
        offset: null,
        part: '',
        problem: `the proxy knows no archive ${name}: there is no ${name}${ARCHIVE_SUFFIX}`,
        cost: '',
        remedy: 'none: a deletion was interrupted; the folder is emptied when the archive is added again',
      });
    }
  }
  return { kind: 'proxy volume', counts };
}

/** Verifies the diffs of a folder; gives their number. */
async function verifyFolder(tree: TreeCheck, folder: string): Promise<number> {
  const entries = await entriesOf(tree, folder);
  const own = entries.filter((entry) => !isLeftover(tree, folder, entry));
  return (await verifyDiffFiles(tree, folder, own)).diffs.size;
}
