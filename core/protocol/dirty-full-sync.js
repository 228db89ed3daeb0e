import { ACCEPT } from './command.js';
import { sendImage } from './full-sync-stream.js';
/**
 * Full backup, protocol `dirty-full-sync3`, storage to archive (docs/protocols.md, "Full backup"), after the
 * negotiation; what is not in this file is in backup-parts.ts:
 *
 *     C> "storage", volId, size, time, chunk size, compression      requestBackup | receiveBackupRequest
 *     S> "accept"  or an error text and the end                                   | acceptFullSync, refuseBackup
 *        (the storage empties its log; the archive's volume is ready)
 *     C> uuid of the log                                              sendLogUuid | receiveLogUuid
 *     S> Ack                                                                      | ackLogUuid
 *     C> image (full-sync-stream.ts)                                sendFullImage | receiveImage
 *     S> Ack, when the image is durable                                           | ackImage
 *     C> snapshot |0, gidE|, normally dirty                        sendSyncedSnap | receiveSyncedSnap
 *     S> Ack, when the metadata are durable                                       | finishSync
 */
export const DIRTY_FULL_SYNC_STEPS = {
    sendAccept: 'dirty-full-sync.send-accept',
    sendImageAck: 'dirty-full-sync.send-image-ack',
    imageAck: 'dirty-full-sync.image-ack',
};
const STEPS = DIRTY_FULL_SYNC_STEPS;
/** Server: admits the backup. */
export async function acceptFullSync(channel) {
    channel.out.string(ACCEPT);
    await channel.flush(STEPS.sendAccept);
}
/** Client: sends the image and waits until the archive has made it durable. */
export async function sendFullImage(channel, source) {
    await sendImage(channel, source);
    await channel.readAck(STEPS.imageAck);
}
/** Server: all of the image is durable. */
export async function ackImage(channel) {
    await channel.sendAck(STEPS.sendImageAck);
}
