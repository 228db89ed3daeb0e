import type { MetaLsidGid } from '../snapshot/meta.ts';
import { readMetaLsidGid } from '../snapshot/meta-codec.ts';
import type { DirectoryEntry } from '../world/file-store.ts';
import { verifyQueueFile } from './queue.ts';
import { verifyTreeFile } from './tree.ts';
import { readValue, type TreeCheck, type VolumeVerdict, verifyVolumeFiles } from './volume-files.ts';

/** States in which a backup was taken, so that there is a delivered position. */
const BACKED_UP_STATES: readonly string[] = ['Stopped', 'Target'];
const RESET = 'reset the volume (walbc stop, reset-vol) and take a hash backup';

/** Verifies the directory of a storage server's volume: every file, and whether done and queue fit together. */
export async function verifyStorageVolume(
  tree: TreeCheck,
  directory: string,
  entries: readonly DirectoryEntry[],
): Promise<VolumeVerdict> {
  // A block of the log that an operator asked for is nothing to be checked.
  const own = entries.filter(({ name }) => !name.startsWith('logpackheader-'));
  await verifyVolumeFiles(tree, directory, own, {
    needed: ['path', 'state', 'done', 'uuid', 'queue'],
    optional: ['last_gid'],
  });
  let positions: readonly MetaLsidGid[] = [];
  if (entries.some(({ name }) => name === 'queue')) {
    positions = (await verifyTreeFile(tree, `${directory}/queue`, verifyQueueFile)).report.positions;
  }
  const done = await readValue(tree, `${directory}/done`, readMetaLsidGid);
  const state = await readValue(tree, `${directory}/state`, (reader) => reader.string());
  if (done !== null) checkDone(tree, directory, done, positions, state);
  const counts = {
    ...(state !== null && { state }),
    ...(done?.gid != null && { delivered: `gid ${done.gid} at lsid ${done.lsid}` }),
    waiting: positions.length,
  };
  return { kind: 'storage volume', counts };
}

function checkDone(
  tree: TreeCheck,
  directory: string,
  done: MetaLsidGid,
  positions: readonly MetaLsidGid[],
  state: string | null,
): void {
  const report = (problem: string, cost: string) =>
    tree.onFinding({
      severity: 'damage',
      file: `${directory}/done`,
      offset: null,
      part: 'done and queue',
      problem,
      cost,
      remedy: RESET,
    });
  if (done.lsid === null || done.gid === null) {
    if (state !== null && BACKED_UP_STATES.includes(state)) {
      report(`a volume in state ${state} must say what was delivered`, 'up to where the log was delivered');
    }
    return;
  }
  // Delivered ones may still be there after a crash; the server drops them.
  for (const { lsid, gid } of positions) {
    if (lsid === null || gid === null || lsid < done.lsid === gid < done.gid) continue;
    if (lsid === done.lsid || gid === done.gid) continue;
    report(
      `a snapshot waits with gid ${gid} at lsid ${lsid}, but gid ${done.gid} was delivered at lsid ${done.lsid}`,
      `what the snapshot ${gid} is`,
    );
  }
}
