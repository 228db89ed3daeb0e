import { sourceOf } from '../../engine/open-wdiff.js';
import { openSortedPacks } from '../../engine/sorted-wdiff-reader.js';
import { StateError } from '../../errors.js';
import { decodeWdiffHeader, WDIFF_HEADER_BYTES } from '../../format/wdiff-header.js';
import { hashSeedOf } from '../../protocol/dirty-hash-sync.js';
import { sendDifferences } from '../../protocol/hash-sync-stream.js';
import { sendPacks } from '../../protocol/pack-stream.js';
import { packIos } from '../../protocol/packs.js';
import { offerDiff, readDiffAck } from '../../protocol/repl-diff.js';
import { offerFull, sendReplImage } from '../../protocol/repl-full.js';
import { offerHash } from '../../protocol/repl-hash.js';
import { offerResync } from '../../protocol/repl-resync.js';
import { applyToState, mergeDiffs } from '../../snapshot/algebra.js';
import { applicableAndMergeableDiffList, applicableDiff, cutBySize } from '../../snapshot/diff-chain.js';
import { DEFAULT_COMPRESS_OPT } from '../../snapshot/host-info.js';
import { makeDiff, stateToText } from '../../snapshot/meta.js';
import { minimumApplicableDiffList, oldestCleanState } from '../../snapshot/state-query.js';
import { alignedDevice } from './aligned-device.js';
import { requireBaseLb } from './base-image.js';
import { fileReader, mergeWdiffs } from './merged-diffs.js';
import { openScan } from './scan.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
import { isAborted } from './volume.js';
import { closeAll } from './wdiff-store.js';
import { openBaseToRead } from './zero-clear.js';
/**
 * The parts of a replication at the sending archive. Each returns the state in which the other archive is then.
 * Applying is denied meanwhile; diffs may come, and may be merged, but files that are open stay.
 */
const FUNC = 'c2aReplicateServer';
/** The base image as it is. */
export async function sendFullRepl(server, volume, channel, replica) {
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
    }
    finally {
        volume.progressLb = 0;
        device.close();
    }
    return base;
}
/** What differs between the other archive's image and the base, an interrupted apply completed. */
export async function sendResyncRepl(server, volume, channel, replica) {
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
/** What differs between the other archive's latest snapshot and the oldest clean one here. */
export async function sendHashRepl(server, volume, channel, replica, theirs) {
    const { files, wdiffs } = volume;
    const target = oldestCleanState(wdiffs.set, await files.loadBase());
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
async function sendSnapshotDifferences(server, volume, channel, snap, { bulkLb }, seed) {
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
    }
    finally {
        volume.progressLb = 0;
        scan.close();
    }
}
/** The next diffs, merged on the way unless the operator said not to. */
export async function sendDiffRepl(server, volume, channel, replica, theirs) {
    const opened = await volume.wdiffs.openAll(() => diffsToSend(server, volume, replica, theirs.snapB));
    try {
        const newest = opened[opened.length - 1];
        const header = decodeWdiffHeader(await newest.handle.read(0, WDIFF_HEADER_BYTES, STEPS.readWdiff));
        const diff = mergeDiffs(opened.map((wdiff) => wdiff.diff));
        await offerDiff(channel, { sizeLb: requireBaseLb(volume, FUNC), uuid: header.uuid, diff });
        const packs = replica.dontMerge && header.type === 'sorted'
            ? packsOfFile(newest)
            : mergedPacks(volume, opened, replica.dontMerge ? DEFAULT_COMPRESS_OPT : replica.compression);
        await sendPacks(channel, packs, { shouldStop: () => isAborted(server, volume) });
        await readDiffAck(channel);
        return applyToState(theirs, [diff]);
    }
    finally {
        closeAll(opened);
    }
}
function diffsToSend(server, volume, replica, snap) {
    const { set } = volume.wdiffs;
    let diffs;
    if (replica.dontMerge) {
        const next = applicableDiff(set, snap);
        diffs = next === null ? [] : [next];
    }
    else {
        diffs = cutBySize(applicableAndMergeableDiffList(set, snap), replica.maxWdiffMergeBytes);
        diffs = diffs.slice(0, server.options.maxWdiffSendCount);
    }
    if (diffs.length === 0)
        throw new StateError(`${FUNC}:no diff to send:${volume.volId}`);
    return diffs;
}
/** The packs of a sorted file, verified and otherwise untouched. */
async function* packsOfFile({ handle }) {
    const reader = await openSortedPacks(sourceOf(await fileReader(handle)));
    for (let pack = await reader.next(); pack !== null; pack = await reader.next())
        yield pack;
}
async function* mergedPacks(volume, opened, compression) {
    const { codecs } = volume.world;
    yield* packIos(plainIos(await mergeWdiffs(opened, codecs)), compression, codecs);
}
async function* plainIos(ios) {
    for (let io = await ios.next(); io !== null; io = await ios.next())
        yield io;
}
function hooks(server, volume) {
    return {
        shouldStop: () => isAborted(server, volume),
        onProgress: (doneLb) => {
            volume.progressLb = doneLb;
        },
    };
}
