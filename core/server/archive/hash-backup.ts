import { errorText } from '../../errors.ts';
import type { Uuid } from '../../format/uuid.ts';
import {
  ackLogUuid,
  type BackupRequest,
  finishSync,
  receiveBackupRequest,
  receiveLogUuid,
  receiveSyncedSnap,
  refuseBackup,
} from '../../protocol/backup-parts.ts';
import type { Channel } from '../../protocol/channel.ts';
import { acceptHashSync, hashSeedOf } from '../../protocol/dirty-hash-sync.ts';
import { type HashPlan, receiveDifferences } from '../../protocol/hash-sync-stream.ts';
import { applyToState } from '../../snapshot/algebra.ts';
import { isCleanSnap, type MetaDiff, type MetaSnap, makeDiff } from '../../snapshot/meta.ts';
import type { ArchiveWorld } from '../../world/index.ts';
import type { Handler } from '../shared/server.ts';
import { beginTransition, type OpenTransition, verifyAdmission } from './admission.ts';
import { autoResize } from './base-image.ts';
import { BACKUP_SERVER } from './full-backup.ts';
import { openScan } from './scan.ts';
import { DENIED_BY } from './states.ts';
import { ARCHIVE_STEPS as STEPS } from './steps.ts';
import { TemporaryWdiff } from './temporary-wdiff.ts';
import { type ArchiveServer, type ArchiveVolume, getVolume, isAborted, requireLatest } from './volume.ts';

/** `dirty-hash-sync2`: a storage server sends what differs (docs/protocols.md, "Hash backup"). */
export function hashBackupHandler(server: ArchiveServer): Handler<ArchiveWorld> {
  return async (session) => {
    const { channel } = session;
    let admitted: { begun: OpenTransition; snapFrom: MetaSnap };
    let volume: ArchiveVolume;
    let request: BackupRequest;
    try {
      request = await receiveBackupRequest(channel);
      volume = getVolume(server, request.volId);
      admitted = await admitHashBackup(server, volume);
    } catch (error) {
      session.world.log.error(`${BACKUP_SERVER}:${errorText(error)}`);
      await refuseBackup(channel, errorText(error));
      return;
    }
    const { begun, snapFrom } = admitted;
    try {
      await acceptHashSync(channel, snapFrom);
      const uuid = await receiveLogUuid(channel);
      await ackLogUuid(channel);
      await receiveHashBackup(server, volume, channel, request, snapFrom, uuid);
      begun.transition.commit('Archived');
    } finally {
      begun.end();
    }
    await finishSync(channel);
  };
}

function admitHashBackup(
  server: ArchiveServer,
  volume: ArchiveVolume,
): Promise<{ begun: OpenTransition; snapFrom: MetaSnap }> {
  return volume.mutex.run(() => {
    const admission = { notStopping: true, denied: DENIED_BY.everything, states: ['Archived'] };
    verifyAdmission(volume, admission, BACKUP_SERVER);
    const snapFrom = requireLatest(volume, BACKUP_SERVER).snapB;
    const begun = beginTransition(server, volume, BACKUP_SERVER, admission, ['Archived', 'HashSync']);
    return { begun, snapFrom };
  });
}

async function receiveHashBackup(
  server: ArchiveServer,
  volume: ArchiveVolume,
  channel: Channel,
  request: BackupRequest,
  snapFrom: MetaSnap,
  uuid: Uuid,
): Promise<void> {
  const { files, world } = volume;
  const { sizeLb, bulkLb, timestamp } = request;
  await autoResize(volume, server.options, sizeLb);
  const plan = { sizeLb, bulkLb, seed: hashSeedOf(timestamp) };
  await receiveHashDiff(server, volume, channel, plan, snapFrom, uuid, async () => {
    const snapTo = await receiveSyncedSnap(channel);
    // A dirty snapshot was never kept by anybody, so the diff that begins there may be merged.
    return makeDiff(snapFrom, snapTo, { isMergeable: !isCleanSnap(snapFrom), timestamp });
  });
  await files.state.save('Archived', STEPS.hashState);
  volume.lastSyncTimeS = world.clock.wallTimeS();
}

/**
 * Sends the hashes of a snapshot and makes a diff of what comes back: durable, and one of the volume's, when it
 * returns. `nameDiff` tells what diff it is, once everything has arrived. `uuid` becomes the volume's.
 */
export async function receiveHashDiff(
  server: ArchiveServer,
  volume: ArchiveVolume,
  channel: Channel,
  plan: HashPlan,
  snapFrom: MetaSnap,
  uuid: Uuid,
  nameDiff: () => Promise<MetaDiff>,
): Promise<void> {
  const { world, files, wdiffs } = volume;
  const file = await TemporaryWdiff.create(world, files.directory, server.options.fsyncIntervalBytes);
  try {
    await file.begin(uuid);
    const scan = await openScan(server, volume, snapFrom.gidB ?? 0, plan.sizeLb);
    try {
      await receiveDifferences(channel, {
        plan,
        readChunk: scan.readChunk,
        onPack: (pack) => file.append(pack),
        shouldStop: () => isAborted(server, volume),
        onProgress: (doneLb) => {
          volume.progressLb = doneLb;
        },
      });
    } finally {
      volume.progressLb = 0;
      scan.close();
    }
    await file.end();
    const diff = await nameDiff();
    const latest = applyToState(requireLatest(volume, BACKUP_SERVER), [diff]);
    wdiffs.verifyNew(diff);
    // The uuid comes first: were the diff there with the old one, diffs of the old log would be taken behind it,
    // and diffs of the new log refused for good (docs/differences.md).
    await files.saveUuid(uuid);
    wdiffs.set.add(await file.publish(diff));
    volume.latest = latest;
  } finally {
    await file.discard();
  }
}
