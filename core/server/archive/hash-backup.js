import { errorText } from '../../errors.js';
import { ackLogUuid, finishSync, receiveBackupRequest, receiveLogUuid, receiveSyncedSnap, refuseBackup, } from '../../protocol/backup-parts.js';
import { acceptHashSync, hashSeedOf } from '../../protocol/dirty-hash-sync.js';
import { receiveDifferences } from '../../protocol/hash-sync-stream.js';
import { applyToState } from '../../snapshot/algebra.js';
import { isCleanSnap, makeDiff } from '../../snapshot/meta.js';
import { beginTransition, verifyAdmission } from './admission.js';
import { autoResize } from './base-image.js';
import { BACKUP_SERVER } from './full-backup.js';
import { openScan } from './scan.js';
import { DENIED_BY } from './states.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
import { TemporaryWdiff } from './temporary-wdiff.js';
import { getVolume, isAborted, requireLatest } from './volume.js';
/** `dirty-hash-sync2`: a storage server sends what differs (docs/protocols.md, "Hash backup"). */
export function hashBackupHandler(server) {
    return async (session) => {
        const { channel } = session;
        let admitted;
        let volume;
        let request;
        try {
            request = await receiveBackupRequest(channel);
            volume = getVolume(server, request.volId);
            admitted = await admitHashBackup(server, volume);
        }
        catch (error) {
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
        }
        finally {
            begun.end();
        }
        await finishSync(channel);
    };
}
function admitHashBackup(server, volume) {
    return volume.mutex.run(() => {
        const admission = { notStopping: true, denied: DENIED_BY.everything, states: ['Archived'] };
        verifyAdmission(volume, admission, BACKUP_SERVER);
        const snapFrom = requireLatest(volume, BACKUP_SERVER).snapB;
        const begun = beginTransition(server, volume, BACKUP_SERVER, admission, ['Archived', 'HashSync']);
        return { begun, snapFrom };
    });
}
async function receiveHashBackup(server, volume, channel, request, snapFrom, uuid) {
    const { files, world } = volume;
    const { sizeLb, bulkLb, timestamp } = request;
    await autoResize(volume, server.options, sizeLb);
    const plan = { sizeLb, bulkLb, seed: hashSeedOf(timestamp) };
    await receiveHashDiff(server, volume, channel, plan, snapFrom, uuid, async () => {
        const snapTo = await receiveSyncedSnap(channel);
        // A dirty snapshot was never kept by anybody, so the diff that begins there may be merged.
        return makeDiff(snapFrom, snapTo, { isMergeable: !isCleanSnap(snapFrom), timestamp });
    });
    await files.saveState('Archived', STEPS.hashState);
    volume.lastSyncTimeS = world.clock.wallTimeS();
}
/**
 * Sends the hashes of a snapshot and makes a diff of what comes back: durable, and one of the volume's, when it
 * returns. `nameDiff` tells what diff it is, once everything has arrived. `uuid` becomes the volume's.
 */
export async function receiveHashDiff(server, volume, channel, plan, snapFrom, uuid, nameDiff) {
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
        }
        finally {
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
    }
    finally {
        await file.discard();
    }
}
