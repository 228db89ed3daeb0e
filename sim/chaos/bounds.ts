import type { WalbDevice } from '../../core/device/walb-device.ts';
import { LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import { walbDevicesOf } from '../device-host.ts';
import type { Inode } from '../file-system-inode.ts';
import { PropertyError } from './failure.ts';
import { type ChaosSite, storageView } from './site.ts';
import type { VolumeTruth } from './volume-truth.ts';

/** Connections of a whole group, of which each server accepts a bounded number; half-open ones count. */
const MAX_CONNECTIONS_EACH = 60;
/** Timers and completions that wait. */
const MAX_PENDING = 2000;
/** Beside one reader of each file: an apply or merge opens all of its diffs together. */
const MAX_OPEN_FILES = 64;

/** Queues, files and memory stay bounded (docs/chaos.md, "Properties"). Throws PropertyError. */
export function checkBounds(site: ChaosSite): void {
  const { simulation, group } = site;
  const hosts = [...simulation.hosts.values()];
  const limit = (place: string, value: number, most: number): void => {
    if (value > most)
      throw new PropertyError('bounded', place, `${place}: ${value}, at most ${most} are expected`);
  };
  limit('connections', simulation.network.connections.size, MAX_CONNECTIONS_EACH * hosts.length);
  limit('pending events', simulation.kernel.loop.pendingCount, MAX_PENDING);
  for (const host of hosts) {
    const { open, all } = countFiles(host.files.state.root);
    limit('open files', open, MAX_OPEN_FILES + all);
  }
  for (const truth of site.volumes) {
    const device = walbDevicesOf(group.host(truth.storage)).current(truth.device.path);
    if (device !== null) limit('memory of the device', device.heldBytes, mostHeldBytes(device, truth));
    // Each snapshot that was taken waits once; implicit ones are taken for what was written.
    const most = site.counts.snapshots + site.counts.operations + truth.writeCount + 16;
    limit('snapshots that wait', storageView(site, truth)?.queue.length ?? 0, most);
  }
}

/** What is logged and not written back, what is on its way into the log, and a block for each call without data. */
function mostHeldBytes(device: WalbDevice, { unansweredBytes, emptyCallCount }: VolumeTruth): number {
  const { latest, written } = device.lsids();
  return (
    (latest - written) * device.physicalBlockBytes + unansweredBytes + emptyCallCount * LOGICAL_BLOCK_BYTES
  );
}

function countFiles(folder: Inode, counts = { open: 0, all: 0 }): { open: number; all: number } {
  for (const inode of folder.entries.values()) {
    if (inode.kind === 'directory') countFiles(inode, counts);
    else {
      counts.open += inode.openCount;
      counts.all += 1;
    }
  }
  return counts;
}
