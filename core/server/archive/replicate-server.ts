import { errorText, ProtocolError } from '../../errors.ts';
import { uuidEquals } from '../../format/uuid.ts';
import type { Channel } from '../../protocol/channel.ts';
import {
  acceptReplication,
  finishReplication,
  type Lineage,
  RESYNC_REFUSED,
  type ReplKind,
  receiveDecision,
  receiveLineage,
  receiveReplVolume,
  refuseRepl,
  sayKind,
  sayLatest,
} from '../../protocol/repl-sync.ts';
import type { ArchiveWorld } from '../../world/index.ts';
import type { Handler } from '../shared/server.ts';
import { verifyAdmission } from './admission.ts';
import { receiveDiffRepl, receiveFullRepl, receiveHashRepl, receiveResyncRepl } from './replicate-parts.ts';
import { REPL_SERVER as FUNC, Reservation } from './reservation.ts';
import { DENIED_BY } from './states.ts';
import { type ArchiveServer, type ArchiveVolume, getVolume, requireLatest } from './volume.ts';

/** `repl-sync3`: another archive sends its copy (docs/protocols.md, "Replication"). */
export function replicationHandler(server: ArchiveServer): Handler<ArchiveWorld> {
  return async (session) => {
    const { channel } = session;
    let volume: ArchiveVolume;
    let reservation: Reservation;
    let endForeground: () => void;
    try {
      volume = getVolume(server, await receiveReplVolume(channel));
      ({ reservation, endForeground } = await admit(server, volume));
    } catch (error) {
      session.world.log.error(`${FUNC}:${errorText(error)}`);
      await refuseRepl(channel, errorText(error));
      return;
    }
    try {
      await acceptReplication(channel);
      await serveReplication(server, volume, channel, reservation);
    } finally {
      reservation.end();
      endForeground();
    }
    await finishReplication(channel);
  };
}

function admit(
  server: ArchiveServer,
  volume: ArchiveVolume,
): Promise<{ reservation: Reservation; endForeground: () => void }> {
  return volume.mutex.run(() => {
    const endForeground = server.foreground.begin(FUNC);
    try {
      const admission = {
        notStopping: true,
        denied: DENIED_BY.everything,
        states: ['SyncReady', 'Archived'],
      };
      verifyAdmission(volume, admission, FUNC);
      return { reservation: new Reservation(volume), endForeground };
    } catch (error) {
      endForeground();
      throw error;
    }
  });
}

async function serveReplication(
  server: ArchiveServer,
  volume: ArchiveVolume,
  channel: Channel,
  reservation: Reservation,
): Promise<void> {
  const lineage = await receiveLineage(channel);
  const kind = await chooseKind(volume, reservation, lineage);
  if (kind === null) {
    await refuseRepl(channel, RESYNC_REFUSED);
    throw new ProtocolError(`${FUNC}:${volume.volId}:${RESYNC_REFUSED}`);
  }
  await sayKind(channel, kind);
  if (kind === 'full') {
    await receiveFullRepl(server, volume, channel, lineage.archiveUuid);
    reservation.becomeArchived();
  } else if (kind === 'resync') {
    await receiveResyncRepl(server, volume, channel, reservation);
    reservation.becomeArchived();
  }
  // What came in this conversation leads to what follows in it: both are the source's.
  let isFromSource = kind !== 'diffs';
  for (;;) {
    await sayLatest(channel, requireLatest(volume, FUNC));
    const decision = await receiveDecision(channel);
    if (decision === 'stop') return;
    if (decision === 'hash') await receiveHashRepl(server, volume, channel);
    else await receiveDiffRepl(server, volume, channel, isFromSource);
    isFromSource = true;
  }
}

/** What the volume needs first; null when that is a resync and the client does not allow it. */
async function chooseKind(
  volume: ArchiveVolume,
  reservation: Reservation,
  { archiveUuid, doResync }: Lineage,
): Promise<ReplKind | null> {
  if (!reservation.isArchived) return doResync && volume.lvs.baseLb !== null ? 'resync' : 'full';
  const isSame = uuidEquals(await volume.files.loadArchiveUuid(), archiveUuid);
  if (isSame && !doResync) return 'diffs';
  return doResync ? 'resync' : null;
}
