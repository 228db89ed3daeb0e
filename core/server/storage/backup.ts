import { AbortedError, errorText, ProtocolError } from '../../errors.ts';
import {
  type BackupRequest,
  requestBackup,
  sendLogUuid,
  sendSyncedSnap,
} from '../../protocol/backup-parts.ts';
import type { Channel } from '../../protocol/channel.ts';
import { withoutTrace } from '../../protocol/channel.ts';
import { receiveWords, replyAccept } from '../../protocol/command.ts';
import { parseBackup } from '../../protocol/command-words.ts';
import { sendFullImage } from '../../protocol/dirty-full-sync.ts';
import { hashSeedOf, readSnapFrom } from '../../protocol/dirty-hash-sync.ts';
import { sendDifferences } from '../../protocol/hash-sync-stream.ts';
import { makeSnap } from '../../snapshot/meta.ts';
import type { Gid } from '../../units.ts';
import type { StorageWorld } from '../../world/index.ts';
import { openConversation } from '../shared/client.ts';
import { refuse } from '../shared/handlers.ts';
import type { Handler, Session } from '../shared/server.ts';
import type { Transition } from '../shared/state-machine.ts';
import { resetWlog } from './life-cycle.ts';
import { pushTask, startMonitoring, stopMonitoring } from './monitoring.ts';
import { takeSnapshot } from './snapshot.ts';
import { STORAGE_STEPS as STEPS } from './steps.ts';
import { ScanThrottle } from './throttle.ts';
import { getVolume, requireDevice, type StorageServer, type StorageVolume, volumeWorld } from './volume.ts';

const FUNC = 'backupClient';

/** What differs between a full and a hash backup. */
const KINDS = {
  full: { via: 'FullSync', protocol: 'dirty-full-sync3' },
  hash: { via: 'HashSync', protocol: 'dirty-hash-sync2' },
} as const;
type BackupKind = keyof typeof KINDS;

/**
 * `full-bkp` and `hash-bkp` (docs/operations.md, "Backups"): the command is answered when the archive has
 * answered, and the work begins when the operator's connection is closed. On any failure the volume is back in
 * SyncReady.
 */
export function backupCommand(server: StorageServer, kind: BackupKind): Handler<StorageWorld> {
  return async (session) => {
    let endForeground = () => {};
    try {
      let volume: StorageVolume;
      let request: Omit<BackupRequest, 'sizeLb'>;
      let transition: Transition;
      try {
        const { volId, bulkLb } = parseBackup(await receiveWords(session.channel, FUNC));
        volume = await getVolume(server, volId);
        endForeground = server.foreground.begin(FUNC);
        transition = await volume.mutex.run(() => {
          volume.stopState.verify(['NotStopping'], volId, FUNC);
          return volume.states.begin(FUNC, 'SyncReady', KINDS[kind].via);
        });
        const compression = server.options.syncCompression;
        request = { volId, timestamp: server.world.clock.wallTimeS(), bulkLb, compression };
      } catch (error) {
        await refuse(session, error);
        return;
      }
      try {
        await backUp(server, volume, kind, request, transition, session);
      } catch (error) {
        stopMonitoring(server, volume);
        if (!(error instanceof AbortedError)) throw error;
        session.world.log.warning(`${FUNC}:force stopped:${volume.volId}`);
      } finally {
        transition.rollback();
      }
    } finally {
      endForeground();
    }
  };
}

async function backUp(
  server: StorageServer,
  volume: StorageVolume,
  kind: BackupKind,
  parts: Omit<BackupRequest, 'sizeLb'>,
  transition: Transition,
  session: Session<StorageWorld>,
): Promise<void> {
  const world = volumeWorld(server, volume, `${kind}-bkp`);
  const path = requireDevice(volume, FUNC);
  let archive: Channel;
  let request: BackupRequest;
  try {
    request = { ...parts, sizeLb: await world.devices.sizeLb(path, STEPS.readDevice) };
    archive = await requestAtArchive(server, world, kind, request);
  } catch (error) {
    await refuse(session, error);
    return;
  }
  try {
    await replyAccept(session.channel);
    const gidB = kind === 'full' ? 0 : await nextGid(volume, archive);
    await resetWlog(server, volume, gidB);
    // A full backup begins a lineage of its own.
    if (kind === 'full') await volume.files.forgetLastGid();
    await sendLogUuid(archive, await volume.files.loadUuid());
    await startMonitoring(server, volume);
    await sendVolume(server, volume, world, archive, kind, request);
    const gidE = await takeSnapshot(server, volume, false);
    pushTask(server, volume, 0);
    await sendSyncedSnap(archive, makeSnap(gidB, gidE));
    await becomeTarget(volume, transition);
    world.log.info(`${kind}-bkp succeeded:${volume.volId}:${gidB}:${gidE}`);
  } finally {
    archive.close();
  }
}

/** Asks the archive. Throws ProtocolError with its text when it does not accept. */
async function requestAtArchive(
  server: StorageServer,
  world: StorageWorld,
  kind: BackupKind,
  request: BackupRequest,
): Promise<Channel> {
  const { archive } = server.options;
  const { protocol } = KINDS[kind];
  const { channel, serverId } = await openConversation(
    world,
    archive,
    protocol,
    server.options,
    STEPS.backupConnect,
  );
  try {
    const refusal = await requestBackup(channel, request);
    if (refusal === null) return channel;
    throw new ProtocolError(`${FUNC}:not accepted by archive:${serverId}:${withoutTrace(refusal)}`);
  } catch (error) {
    channel.close();
    throw error;
  }
}

/**
 * The gid that the log goes on from: beyond all that the archive has, and beyond all that were given here. Those that did not
 * reach the archive may have reached its replicas, and one gid must not mean two contents.
 */
async function nextGid(volume: StorageVolume, archive: Channel): Promise<Gid> {
  const snapFrom = await readSnapFrom(archive);
  if (snapFrom.gidE === null) throw new ProtocolError(`${FUNC}:the archive has no snapshot to go on from`);
  return Math.max(snapFrom.gidE, await volume.files.loadNewestGid()) + 1;
}

async function sendVolume(
  server: StorageServer,
  volume: StorageVolume,
  world: StorageWorld,
  archive: Channel,
  kind: BackupKind,
  request: BackupRequest,
): Promise<void> {
  const { bulkLb, sizeLb, compression, timestamp } = request;
  const device = await world.devices.openDevice(requireDevice(volume, FUNC), STEPS.backupOpenDevice);
  const throttle = new ScanThrottle(world.clock, () => server.fullScanLbPerS);
  const common = {
    compression,
    codecs: world.codecs,
    readChunk: (addressLb: number, chunkLb: number) => device.read(addressLb, chunkLb, STEPS.backupRead),
    shouldStop: () => volume.stopState.isForced || server.status.isForced,
    throttle: (chunkLb: number) => throttle.sent(chunkLb),
  };
  try {
    if (kind === 'full') await sendFullImage(archive, { ...common, plan: { startLb: 0, sizeLb, bulkLb } });
    else await sendDifferences(archive, { ...common, plan: { sizeLb, bulkLb, seed: hashSeedOf(timestamp) } });
  } finally {
    device.close();
  }
}

/** The archive has everything: Stopped in memory for a moment, then Target, on disk first. */
async function becomeTarget(volume: StorageVolume, transition: Transition): Promise<void> {
  await volume.mutex.run(async () => {
    transition.commit('Stopped');
    const start = volume.states.begin(FUNC, 'Stopped', 'StartTarget');
    try {
      await volume.files.changeState('SyncReady', 'Target');
      start.commit('Target');
    } catch (error) {
      // The file says SyncReady again; memory must not say more.
      start.rollback();
      volume.states.set('SyncReady');
      throw new Error(
        `${FUNC}:the archive has the backup, but the state could not be saved: ${errorText(error)}`,
      );
    }
  });
}
