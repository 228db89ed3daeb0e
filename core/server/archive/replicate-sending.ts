import { sourceOf } from '../../engine/open-wdiff.ts';
import type { PackImage } from '../../engine/pack-image.ts';
import type { IoStream, PlainIo } from '../../engine/plain-io.ts';
import { openSortedPacks } from '../../engine/sorted-wdiff-reader.ts';
import { StateError } from '../../errors.ts';
import { uuidEquals } from '../../format/uuid.ts';
import { decodeWdiffHeader, WDIFF_HEADER_BYTES, type WdiffHeader } from '../../format/wdiff-header.ts';
import type { Channel } from '../../protocol/channel.ts';
import { hashSeedOf } from '../../protocol/dirty-hash-sync.ts';
import { sendDifferences } from '../../protocol/hash-sync-stream.ts';
import { sendPacks } from '../../protocol/pack-stream.ts';
import { packIos } from '../../protocol/packs.ts';
import { offerDiff, readDiffAck } from '../../protocol/repl-diff.ts';
import { offerFull, sendReplImage } from '../../protocol/repl-full.ts';
import { offerHash } from '../../protocol/repl-hash.ts';
import { offerResync } from '../../protocol/repl-resync.ts';
import type { HostInfoForRepl } from '../../protocol/settings.ts';
import { applyToState, mergeDiffs } from '../../snapshot/algebra.ts';
import { applicableAndMergeableDiffList, applicableDiff, cutBySize } from '../../snapshot/diff-chain.ts';
import { type CompressOpt, DEFAULT_COMPRESS_OPT } from '../../snapshot/host-info.ts';
import {
  isCleanSnap,
  type MetaDiff,
  type MetaSnap,
  type MetaState,
  makeDiff,
  stateToText,
} from '../../snapshot/meta.ts';
import { minimumApplicableDiffList, oldestCleanState } from '../../snapshot/state-query.ts';
import { alignedDevice } from './aligned-device.ts';
import { requireBaseLb } from './base-image.ts';
import { fileReader, mergeWdiffs } from './merged-diffs.ts';
import { openScan } from './scan.ts';
import { ARCHIVE_STEPS as STEPS } from './steps.ts';
import { type ArchiveServer, type ArchiveVolume, isAborted } from './volume.ts';
import { closeAll, type OpenWdiff } from './wdiff-store.ts';
import { openBaseToRead } from './zero-clear.ts';

/**
 * The parts of a replication at the sending archive. Each returns the state in which the other archive is then.
 * Applying is denied meanwhile; diffs may come, and may be merged, but files that are open stay.
 */

const FUNC = 'c2aReplicateServer';

/** The base image as it is. */
export async function sendFullRepl(
  server: ArchiveServer,
  volume: ArchiveVolume,
  channel: Channel,
  replica: HostInfoForRepl,
): Promise<MetaState> {
  const { files, world } = volume;
  const base = await files.loadBase();
  // The other side could not complete the image, but would copy all of it before it says so.
  if (base.isApplying)
    throw new StateError(`${FUNC}:an interrupted apply must be completed:${stateToText(base)}`);
  const sizeLb = requireBaseLb(volume, FUNC);
  const { bulkLb } = replica;
  const compression = server.options.syncCompression;
  const uuid = await files.loadUuid();
  const startLb = await offerFull(channel, { sizeLb, bulkLb, base, uuid, compression });
  const device = alignedDevice(await openBaseToRead(volume, STEPS.replOpenBase));
  try {
    await sendReplImage(channel, {
      plan: { startLb, sizeLb, bulkLb },
      compression,
      codecs: world.codecs,
      readChunk: (addressLb, chunkLb) => device.read(addressLb, chunkLb, STEPS.replReadBase),
      ...hooks(server, volume),
    });
  } finally {
    volume.progressLb = 0;
    device.close();
  }
  return base;
}

/** What differs between the other archive's image and the base, an interrupted apply completed. */
export async function sendResyncRepl(
  server: ArchiveServer,
  volume: ArchiveVolume,
  channel: Channel,
  replica: HostInfoForRepl,
): Promise<MetaState> {
  const { files, wdiffs } = volume;
  const base = await files.loadBase();
  const oldest = applyToState(base, minimumApplicableDiffList(wdiffs.set, base));
  const sizeLb = requireBaseLb(volume, FUNC);
  const hashSeed = hashSeedOf(oldest.timestamp);
  const compression = server.options.syncCompression;
  await offerResync(channel, {
    sizeLb,
    bulkLb: replica.bulkLb,
    oldest,
    uuid: await files.loadUuid(),
    archiveUuid: await files.loadArchiveUuid(),
    compression,
    hashSeed,
  });
  await sendSnapshotDifferences(server, volume, channel, oldest.snapB, replica, hashSeed);
  return oldest;
}

/** What differs between the other archive's latest snapshot and `wanted`, or else the oldest clean one here. */
export async function sendHashRepl(
  server: ArchiveServer,
  volume: ArchiveVolume,
  channel: Channel,
  replica: HostInfoForRepl,
  theirs: MetaState,
  wanted: MetaState | null,
): Promise<MetaState> {
  const { files, wdiffs } = volume;
  const target = wanted ?? oldestCleanState(wdiffs.set, await files.loadBase());
  const { timestamp } = target;
  const diff = makeDiff(theirs.snapB, target.snapB, { isMergeable: true, isCompDiff: true, timestamp });
  const hashSeed = hashSeedOf(timestamp);
  await offerHash(channel, {
    sizeLb: requireBaseLb(volume, FUNC),
    bulkLb: replica.bulkLb,
    diff,
    uuid: await files.loadUuid(),
    compression: server.options.syncCompression,
    hashSeed,
  });
  await sendSnapshotDifferences(server, volume, channel, target.snapB, replica, hashSeed);
  return target;
}

async function sendSnapshotDifferences(
  server: ArchiveServer,
  volume: ArchiveVolume,
  channel: Channel,
  snap: MetaSnap,
  { bulkLb }: HostInfoForRepl,
  seed: number,
): Promise<void> {
  const sizeLb = requireBaseLb(volume, FUNC);
  const scan = await openScan(server, volume, snap.gidB ?? 0, sizeLb);
  try {
    await sendDifferences(channel, {
      plan: { sizeLb, bulkLb, seed },
      compression: server.options.syncCompression,
      codecs: volume.world.codecs,
      readChunk: scan.readChunk,
      ...hooks(server, volume),
    });
  } finally {
    volume.progressLb = 0;
    scan.close();
  }
}

/** The next diffs, merged on the way unless the operator said not to. */
export async function sendDiffRepl(
  server: ArchiveServer,
  volume: ArchiveVolume,
  channel: Channel,
  replica: HostInfoForRepl,
  theirs: MetaState,
): Promise<MetaState> {
  const opened = await volume.wdiffs.openAll(() => diffsToSend(server, volume, replica, theirs.snapB));
  try {
    const { wdiffs, header } = await ofOneLog(opened);
    const diff = mergeDiffs(wdiffs.map((wdiff) => wdiff.diff));
    await offerDiff(channel, { sizeLb: requireBaseLb(volume, FUNC), uuid: header.uuid, diff });
    const packs =
      replica.dontMerge && header.type === 'sorted'
        ? packsOfFile(wdiffs[0])
        : mergedPacks(volume, wdiffs, replica.dontMerge ? DEFAULT_COMPRESS_OPT : replica.compression);
    await sendPacks(channel, packs, { shouldStop: () => isAborted(server, volume) });
    await readDiffAck(channel);
    return applyToState(theirs, [diff]);
  } finally {
    closeAll(opened);
  }
}

function diffsToSend(
  server: ArchiveServer,
  volume: ArchiveVolume,
  replica: HostInfoForRepl,
  snap: MetaSnap,
): MetaDiff[] {
  const { set } = volume.wdiffs;
  let diffs: MetaDiff[];
  if (replica.dontMerge) {
    const next = applicableDiff(set, snap);
    diffs = next === null ? [] : [next];
  } else {
    diffs = cutBySize(applicableAndMergeableDiffList(set, snap), replica.maxWdiffMergeBytes);
    diffs = diffs.slice(0, server.options.maxWdiffSendCount);
  }
  if (diffs.length === 0) throw new StateError(`${FUNC}:no diff to send:${volume.volId}`);
  return diffs;
}

/**
 * The first ones that may go as one diff: of one log, and what a hash backup made by itself. The other archive knows its
 * log by the uuid, and the way to the next log by the diff of the hash backup (same-log.ts).
 */
async function ofOneLog(
  opened: readonly OpenWdiff[],
): Promise<{ wdiffs: readonly OpenWdiff[]; header: WdiffHeader }> {
  const [first, ...others] = opened as readonly [OpenWdiff, ...OpenWdiff[]];
  const header = await headerOf(first);
  if (!isCleanSnap(first.diff.snapE)) return { wdiffs: [first], header };
  const wdiffs = [first];
  for (const wdiff of others) {
    if (!uuidEquals((await headerOf(wdiff)).uuid, header.uuid)) break;
    wdiffs.push(wdiff);
  }
  return { wdiffs, header };
}

async function headerOf({ handle }: OpenWdiff): Promise<WdiffHeader> {
  return decodeWdiffHeader(await handle.read(0, WDIFF_HEADER_BYTES, STEPS.readWdiff));
}

/** The packs of a sorted file, verified and otherwise untouched. */
async function* packsOfFile({ handle }: OpenWdiff): AsyncGenerator<PackImage> {
  const reader = await openSortedPacks(sourceOf(await fileReader(handle)));
  for (let pack = await reader.next(); pack !== null; pack = await reader.next()) yield pack;
}

async function* mergedPacks(
  volume: ArchiveVolume,
  opened: readonly OpenWdiff[],
  compression: CompressOpt,
): AsyncGenerator<PackImage> {
  const { codecs } = volume.world;
  yield* packIos(plainIos(await mergeWdiffs(opened, codecs)), compression, codecs);
}

async function* plainIos(ios: IoStream): AsyncGenerator<PlainIo> {
  for (let io = await ios.next(); io !== null; io = await ios.next()) yield io;
}

function hooks(server: ArchiveServer, volume: ArchiveVolume) {
  return {
    shouldStop: () => isAborted(server, volume),
    onProgress: (doneLb: number) => {
      volume.progressLb = doneLb;
    },
  };
}
