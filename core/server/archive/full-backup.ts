import { errorText } from '../../errors.ts';
import { UUID_BYTES, type Uuid } from '../../format/uuid.ts';
import {
  ackLogUuid,
  type BackupRequest,
  finishSync,
  receiveBackupRequest,
  receiveLogUuid,
  receiveSyncedSnap,
  refuseBackup,
} from '../../protocol/backup-parts.ts';
import { acceptFullSync, ackImage } from '../../protocol/dirty-full-sync.ts';
import { type MetaSnap, makeState } from '../../snapshot/meta.ts';
import type { ArchiveWorld } from '../../world/index.ts';
import type { Handler, Session } from '../shared/server.ts';
import { beginTransition, type OpenTransition } from './admission.ts';
import { prepareBase } from './base-image.ts';
import { receiveBaseImage } from './full-image.ts';
import { removeColdCopies } from './history.ts';
import { DENIED_BY } from './states.ts';
import { ARCHIVE_STEPS as STEPS } from './steps.ts';
import { type ArchiveServer, type ArchiveVolume, getVolume } from './volume.ts';

/** What the original calls itself in its answers to backups. */
export const BACKUP_SERVER = 'backupServer';

/** `dirty-full-sync3`: a storage server sends the whole volume (docs/protocols.md, "Full backup"). */
export function fullBackupHandler(server: ArchiveServer): Handler<ArchiveWorld> {
  return async (session) => {
    const { channel } = session;
    let begun: OpenTransition;
    let volume: ArchiveVolume;
    let request: BackupRequest;
    try {
      request = await receiveBackupRequest(channel);
      volume = getVolume(server, request.volId);
      begun = await admitFullBackup(server, volume);
    } catch (error) {
      session.world.log.error(`${BACKUP_SERVER}:${errorText(error)}`);
      await refuseBackup(channel, errorText(error));
      return;
    }
    try {
      await acceptFullSync(channel);
      const uuid = await receiveLogUuid(channel);
      await ackLogUuid(channel);
      await receiveFullBackup(server, volume, session, request, uuid);
      begun.transition.commit('Archived');
    } finally {
      begun.end();
    }
    await finishSync(channel);
  };
}

function admitFullBackup(server: ArchiveServer, volume: ArchiveVolume): Promise<OpenTransition> {
  const admission = { notStopping: true, denied: DENIED_BY.everything, states: ['SyncReady'] };
  return volume.mutex.run(() =>
    beginTransition(server, volume, BACKUP_SERVER, admission, ['SyncReady', 'FullSync']),
  );
}

async function receiveFullBackup(
  server: ArchiveServer,
  volume: ArchiveVolume,
  { channel }: Session<ArchiveWorld>,
  request: BackupRequest,
  uuid: Uuid,
): Promise<void> {
  const { sizeLb, bulkLb, compression, timestamp } = request;
  // A copy from another archive that was cut can not go on once this one has begun.
  await volume.files.removeFullReplState();
  await volume.imageMutex.run(async () => {
    await removeColdCopies(volume);
    await prepareBase(volume, server.options, sizeLb, 0);
  });
  await receiveBaseImage(server, volume, channel, { startLb: 0, sizeLb, bulkLb }, compression);
  await ackImage(channel);
  const snap = await receiveSyncedSnap(channel);
  await saveFullBackup(volume, snap, timestamp, uuid);
}

/** The image is durable: now what it is, and at last that it is there. */
async function saveFullBackup(
  volume: ArchiveVolume,
  snap: MetaSnap,
  timestamp: number,
  uuid: Uuid,
): Promise<void> {
  const { files, wdiffs, world } = volume;
  const base = makeState(snap, timestamp);
  await wdiffs.clear();
  await files.saveBase(base, STEPS.fullBase);
  await files.saveArchiveUuid(world.random.bytes('archive-uuid', UUID_BYTES));
  await files.saveUuid(uuid);
  await volume.files.state.change('SyncReady', 'Archived', STEPS.fullState);
  volume.latest = base;
  volume.lastSyncTimeS = world.clock.wallTimeS();
}
