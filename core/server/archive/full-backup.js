import { errorText } from '../../errors.js';
import { UUID_BYTES } from '../../format/uuid.js';
import { ackLogUuid, finishSync, receiveBackupRequest, receiveLogUuid, receiveSyncedSnap, refuseBackup, } from '../../protocol/backup-parts.js';
import { acceptFullSync, ackImage } from '../../protocol/dirty-full-sync.js';
import { makeState } from '../../snapshot/meta.js';
import { beginTransition } from './admission.js';
import { prepareBase } from './base-image.js';
import { receiveBaseImage } from './full-image.js';
import { removeColdCopies } from './history.js';
import { saveStateOrUndo } from './save-state.js';
import { DENIED_BY } from './states.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
import { getVolume } from './volume.js';
/** What the original calls itself in its answers to backups. */
export const BACKUP_SERVER = 'backupServer';
/** `dirty-full-sync3`: a storage server sends the whole volume (docs/protocols.md, "Full backup"). */
export function fullBackupHandler(server) {
    return async (session) => {
        const { channel } = session;
        let begun;
        let volume;
        let request;
        try {
            request = await receiveBackupRequest(channel);
            volume = getVolume(server, request.volId);
            begun = await admitFullBackup(server, volume);
        }
        catch (error) {
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
        }
        finally {
            begun.end();
        }
        await finishSync(channel);
    };
}
function admitFullBackup(server, volume) {
    const admission = { notStopping: true, denied: DENIED_BY.everything, states: ['SyncReady'] };
    return volume.mutex.run(() => beginTransition(server, volume, BACKUP_SERVER, admission, ['SyncReady', 'FullSync']));
}
async function receiveFullBackup(server, volume, { channel }, request, uuid) {
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
async function saveFullBackup(volume, snap, timestamp, uuid) {
    const { files, wdiffs, world } = volume;
    const base = makeState(snap, timestamp);
    await wdiffs.clear();
    await files.saveBase(base, STEPS.fullBase);
    await files.saveArchiveUuid(world.random.bytes('archive-uuid', UUID_BYTES));
    await files.saveUuid(uuid);
    await saveStateOrUndo(volume, 'Archived', 'SyncReady', STEPS.fullState);
    volume.latest = base;
    volume.lastSyncTimeS = world.clock.wallTimeS();
}
