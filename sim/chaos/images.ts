import type { ServerConnectionParam } from '../../core/control/server-layout.ts';
import { runWalbc } from '../../core/control/walbc.ts';
import { type Gid, LOGICAL_BLOCK_BYTES, US_PER_S } from '../../core/units.ts';
import { PropertyError } from './failure.ts';
import { followLineage } from './safety.ts';
import { archiveView, type ChaosSite } from './site.ts';
import type { VolumeTruth } from './volume-truth.ts';

/** Snapshots and the judgement of their images. */

const SOCKET_TIMEOUT_S = 10;
const BULK = '16K';
/** Once no fault cuts a scan any more, nothing is to be found between its chunks. */
const CALM_BULK = '64K';
const RESTORE_PATIENCE_S = 30;
const LOOK_INTERVAL_US = US_PER_S / 5;

/** Takes a snapshot and notes when. Gids rise: none is given twice. */
export async function takeSnapshot(site: ChaosSite, truth: VolumeTruth): Promise<Gid> {
  const requestedAt = truth.ledger.mark();
  const gid = await site.walbc.snapshotNbk(site.group.server(truth.storage), truth.name);
  followLineage(site, truth);
  const { book } = truth;
  if (book === null) {
    throw new PropertyError('gid-order', 'storage', `${truth.name}: snapshot ${gid} without a backup`);
  }
  const before = book.newestAnsweredBefore(requestedAt);
  if (gid <= before) {
    throw new PropertyError('gid-order', 'storage', `${truth.name}: snapshot ${gid} after ${before}`);
  }
  if (book.wasLeftBehind(gid)) {
    throw new PropertyError(
      'gid-order',
      'storage',
      `${truth.name}: gid ${gid} was given before a hash backup, too`,
    );
  }
  book.note(gid, requestedAt, truth.ledger.mark());
  site.counts.snapshots += 1;
  return gid;
}

/** Throws PropertyError unless the image is what the volume may have been at the gid. */
export function judgeImage(
  site: ChaosSite,
  truth: VolumeTruth,
  archive: string,
  archiveUuid: string,
  gid: Gid,
  image: Uint8Array,
): void {
  const book = truth.bookOf(archiveUuid);
  if (book === null || truth.isContentUnsure) return;
  site.counts.judged += 1;
  // Archives grow first: behind the device's end there is what the device will begin with, or may not be seen at all.
  const own = image.subarray(0, truth.device.sizeLb() * LOGICAL_BLOCK_BYTES);
  const rest = image.subarray(own.length).findIndex((byte) => byte !== 0);
  if (rest >= 0) {
    throw new PropertyError(
      'admissible',
      'archive',
      `${archive}: the image of ${truth.name} at ${gid} has old data behind the device's end, block ${Math.floor((own.length + rest) / LOGICAL_BLOCK_BYTES)}`,
    );
  }
  const isOfOldLog = archiveView(site, archive, truth)?.uuid !== truth.uuid;
  const verdict = book.judge(truth.ledger, gid, own, isOfOldLog);
  if (verdict.admissible) return;
  throw new PropertyError(
    'admissible',
    'archive',
    `${archive}: the image of ${truth.name} at ${gid} is not admissible: ${verdict.reason} (blocks ${verdict.badBlocksLb.join(', ')})`,
  );
}

/** Reads a snapshot over the network, judges it and returns it. Throws what the command throws. */
export async function readSnapshot(
  site: ChaosSite,
  truth: VolumeTruth,
  ax: ServerConnectionParam,
  gid: Gid,
): Promise<Uint8Array> {
  const archiveUuid = archiveView(site, ax.name, truth)?.archiveUuid ?? '';
  let image: Uint8Array = new Uint8Array(0);
  const target = {
    open: async (sizeLb: number) => {
      image = new Uint8Array(sizeLb * LOGICAL_BLOCK_BYTES);
    },
    writeChunk: async (addressLb: number, _sizeLb: number, data: Uint8Array | null) => {
      if (data !== null) image.set(data, addressLb * LOGICAL_BLOCK_BYTES);
    },
    sync: async () => {},
  };
  const { world } = site.group;
  await runWalbc(
    world,
    { address: ax.address, clientId: 'chaos', timeoutS: SOCKET_TIMEOUT_S },
    ['virt-full-scan', 'memory', truth.name, String(gid), site.isCalm ? CALM_BULK : BULK],
    { codecs: world.codecs, scanTarget: () => target },
  );
  // A lineage that was replaced meanwhile says nothing about the old one.
  if ((archiveView(site, ax.name, truth)?.archiveUuid ?? '') === archiveUuid) {
    judgeImage(site, truth, ax.name, archiveUuid, gid, image);
  }
  return image;
}

/** Restores a snapshot, waits for the volume to appear and judges it as it appears. */
export async function restoreAndJudge(
  site: ChaosSite,
  truth: VolumeTruth,
  ax: ServerConnectionParam,
  gid: Gid,
): Promise<void> {
  const { simulation, group, walbc } = site;
  const { volumes } = group.host(ax.name);
  const name = `wr_${truth.name}_${gid}`;
  const isThere = () => volumes?.inspect().some((volume) => volume.name === name) === true;
  if (isThere()) return;
  const archiveUuid = archiveView(site, ax.name, truth)?.archiveUuid ?? '';
  await walbc.runCtl(ax, ['restore', truth.name, String(gid)]);
  const deadlineUs = simulation.nowUs + RESTORE_PATIENCE_S * US_PER_S;
  while (!isThere() && simulation.nowUs < deadlineUs) await simulation.sleep(LOOK_INTERVAL_US);
  const info = volumes?.inspect().find((volume) => volume.name === name);
  if (info === undefined || volumes === null) return;
  if (archiveView(site, ax.name, truth)?.archiveUuid !== archiveUuid) return;
  judgeImage(site, truth, ax.name, archiveUuid, gid, volumes.peek(name, 0, info.sizeLb));
}
