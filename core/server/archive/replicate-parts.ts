import { errorText, StateError } from '../../errors.ts';
import { type Uuid, uuidEquals } from '../../format/uuid.ts';
import type { Channel } from '../../protocol/channel.ts';
import { receiveDifferences } from '../../protocol/hash-sync-stream.ts';
import { acceptDiff, ackDiff, type DiffOffer, receiveDiffOffer } from '../../protocol/repl-diff.ts';
import { acceptFull, ackReplImage, type FullOffer, receiveFullOffer } from '../../protocol/repl-full.ts';
import { acceptHash, type HashOffer, receiveHashOffer } from '../../protocol/repl-hash.ts';
import { acceptResync, type ResyncOffer, receiveResyncOffer } from '../../protocol/repl-resync.ts';
import { refuseRepl } from '../../protocol/repl-sync.ts';
import { canApply } from '../../snapshot/algebra.ts';
import { diffToText, type MetaDiff, makeState, stateEquals, stateToText } from '../../snapshot/meta.ts';
import type { Lb } from '../../units.ts';
import { autoResize, prepareBase, verifyVolumeSize } from './base-image.ts';
import { receiveBaseImage } from './full-image.ts';
import { receiveHashDiff } from './hash-backup.ts';
import { removeColdCopies } from './history.ts';
import { removeRestored } from './life-cycle.ts';
import { type Reservation, verifyIdle } from './reservation.ts';
import { openResyncImage } from './resync-image.ts';
import { verifySameLog } from './same-log.ts';
import { ARCHIVE_STEPS as STEPS } from './steps.ts';
import { type ArchiveServer, type ArchiveVolume, isAborted, requireLatest } from './volume.ts';
import { receiveDiff } from './wdiff-receive.ts';
import { oweZeros, payZeros, withZerosPaid } from './zero-clear.ts';

/**
 * The parts of a replication at the receiving archive. Each reads an offer, refuses it with a text (and throws)
 * or takes it. What is said to be there afterwards is durable.
 */

/** Reads an offer and verifies it; what either throws is told to the client. */
async function verifiedOffer<T>(
  channel: Channel,
  receive: (channel: Channel) => Promise<T>,
  verify: (offer: T) => Promise<void>,
): Promise<T> {
  try {
    const offer = await receive(channel);
    await verify(offer);
    return offer;
  } catch (error) {
    await refuseRepl(channel, errorText(error));
    throw error;
  }
}

/** A whole image, from where an earlier copy was cut. SyncReady; the caller makes it Archived. */
export async function receiveFullRepl(
  server: ArchiveServer,
  volume: ArchiveVolume,
  channel: Channel,
  archiveUuid: Uuid,
): Promise<void> {
  const { files, lvs, wdiffs, world } = volume;
  const offer = await verifiedOffer(channel, receiveFullOffer, async ({ sizeLb, base }) => {
    if (base.isApplying) throw new StateError(`runFullReplServer:bad metaSt:${stateToText(base)}`);
    await autoResize(volume, server.options, sizeLb);
    if (lvs.baseLb !== null) verifyVolumeSize(volume, sizeLb);
  });
  const startLb = await findStart(volume, offer, archiveUuid);
  await acceptFull(channel, startLb);
  if (startLb === 0) await files.removeFullReplState();
  await files.saveArchiveUuid(archiveUuid);
  const { sizeLb, bulkLb, compression, base } = offer;
  await volume.imageMutex.run(async () => {
    await removeColdCopies(volume);
    await prepareBase(volume, server.options, sizeLb, startLb);
  });
  await receiveBaseImage(server, volume, channel, { startLb, sizeLb, bulkLb }, compression, (progressLb) =>
    files.saveFullReplState({ state: base, progressLb, timestamp: world.clock.wallTimeS() }),
  );
  await ackReplImage(channel);
  const state = makeState(base.snapB, base.timestamp);
  await wdiffs.clear();
  await files.saveBase(state, STEPS.fullBase);
  await files.saveUuid(offer.uuid);
  await files.removeFullReplState();
  await volume.files.state.change('SyncReady', 'Archived', STEPS.fullState);
  volume.latest = state;
  volume.lastSyncTimeS = world.clock.wallTimeS();
}

/** How much of the offered image is here from an earlier attempt. */
async function findStart(volume: ArchiveVolume, offer: FullOffer, archiveUuid: Uuid): Promise<Lb> {
  const { files, lvs } = volume;
  const progress = await files.loadFullReplState();
  if (progress === null || lvs.baseLb === null) return 0;
  const isSame =
    uuidEquals(await files.loadArchiveUuid(), archiveUuid) && stateEquals(progress.state, offer.base);
  return isSame && progress.progressLb <= offer.sizeLb ? progress.progressLb : 0;
}

/** Another image is made equal to the client's. */
export async function receiveResyncRepl(
  server: ArchiveServer,
  volume: ArchiveVolume,
  channel: Channel,
  reservation: Reservation,
): Promise<void> {
  const { files, imageMutex, wdiffs, world } = volume;
  const offer: ResyncOffer = await verifiedOffer(channel, receiveResyncOffer, async ({ sizeLb, oldest }) => {
    if (oldest.isApplying) throw new StateError(`runResyncReplServer:bad metaSt:${stateToText(oldest)}`);
    await autoResize(volume, server.options, sizeLb);
    verifyVolumeSize(volume, sizeLb);
    verifyIdle(volume);
  });
  await acceptResync(channel);
  await volume.mutex.run(() => giveUpImage(volume, reservation));
  volume.latest = null;
  // Behind the client's image there may be data of the old one, or of one whose making was cut.
  await imageMutex.run(() => oweZeros(volume, offer.sizeLb));
  await payZeros(server, volume);
  await files.removeFullReplState();
  await wdiffs.clear();
  await compareBase(server, volume, channel, offer);
  const state = makeState(offer.oldest.snapB, offer.oldest.timestamp);
  // A resize may have failed until the image was given up.
  await withZerosPaid(server, volume, () => files.saveBase(state, STEPS.resyncBase));
  await files.saveUuid(offer.uuid);
  await files.saveArchiveUuid(offer.archiveUuid);
  await volume.files.state.change('SyncReady', 'Archived', STEPS.resyncDone);
  volume.latest = state;
  volume.lastSyncTimeS = world.clock.wallTimeS();
}

/**
 * From here on the image is neither the old nor the new one. Call it while holding the volume's mutex: nobody may
 * begin to work with the image between the question and the new state.
 */
async function giveUpImage(volume: ArchiveVolume, reservation: Reservation): Promise<void> {
  verifyIdle(volume);
  // Copies first: one that is in use ends the resync before the image is given up.
  await volume.imageMutex.run(async () => {
    await removeRestored(volume);
    await removeColdCopies(volume);
  });
  if (!reservation.isArchived) return reservation.becomeResync();
  await volume.files.state.change('Archived', 'SyncReady', STEPS.resyncState);
  reservation.giveUpImage();
}

async function compareBase(
  server: ArchiveServer,
  volume: ArchiveVolume,
  channel: Channel,
  offer: ResyncOffer,
): Promise<void> {
  const { sizeLb, bulkLb, hashSeed } = offer;
  const image = await openResyncImage(server, volume);
  try {
    await receiveDifferences(channel, {
      plan: { sizeLb, bulkLb, seed: hashSeed },
      readChunk: image.readChunk,
      onPack: image.writePack,
      shouldStop: () => isAborted(server, volume),
      onProgress: (doneLb) => {
        volume.progressLb = doneLb;
      },
    });
    await image.flush();
  } finally {
    volume.progressLb = 0;
    await image.close();
  }
}

/** A diff made by comparing with the client's oldest snapshot. */
export async function receiveHashRepl(
  server: ArchiveServer,
  volume: ArchiveVolume,
  channel: Channel,
): Promise<void> {
  const offer: HashOffer = await verifiedOffer(channel, receiveHashOffer, async ({ sizeLb, diff }) => {
    verifyApplicable(volume, diff, 'runHashReplServer');
    await autoResize(volume, server.options, sizeLb);
    verifyVolumeSize(volume, sizeLb);
  });
  await acceptHash(channel);
  const { sizeLb, bulkLb, hashSeed, diff, uuid } = offer;
  const plan = { sizeLb, bulkLb, seed: hashSeed };
  await receiveHashDiff(server, volume, channel, plan, diff.snapB, uuid, async () => diff);
  volume.lastSyncTimeS = volume.world.clock.wallTimeS();
}

/** A diff that the client has. `isFromSource`: the latest snapshot here came from the client just before. */
export async function receiveDiffRepl(
  server: ArchiveServer,
  volume: ArchiveVolume,
  channel: Channel,
  isFromSource: boolean,
): Promise<void> {
  const offer: DiffOffer = await verifiedOffer(channel, receiveDiffOffer, async ({ sizeLb, diff, uuid }) => {
    await autoResize(volume, server.options, sizeLb);
    verifyVolumeSize(volume, sizeLb);
    verifyApplicable(volume, diff, 'runDiffReplServer');
    if (!isFromSource) await verifySameLog(volume, diff, uuid, 'runDiffReplServer');
  });
  await acceptDiff(channel);
  const { diff, uuid } = offer;
  // The source may have gone on with another log, by a hash backup: what proxies send of it follows this diff.
  // Before the diff, as in a hash backup, so that a crash between lets no diff of the old log follow.
  if (!uuidEquals(await volume.files.loadUuid(), uuid)) await volume.files.saveUuid(uuid);
  await receiveDiff(server, volume, channel, diff, uuid);
  await ackDiff(channel);
  volume.lastWdiffReceivedTimeS = volume.world.clock.wallTimeS();
  await volume.wdiffs.collectRange(diff.snapB.gidB, diff.snapE.gidB);
}

function verifyApplicable(volume: ArchiveVolume, diff: MetaDiff, func: string): void {
  const { snapB } = requireLatest(volume, func);
  if (canApply(snapB, diff)) return;
  throw new StateError(`${func}:can not apply:${stateToText(makeState(snapB))}:${diffToText(diff)}`);
}
