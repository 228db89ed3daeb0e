import { writeMetaSnap } from '../snapshot/meta-codec.js';
import { ACCEPT } from './command.js';
/**
 * Hash backup, protocol `dirty-hash-sync2`, storage to archive (docs/protocols.md, "Hash backup"), after the
 * negotiation; what is not in this file is in backup-parts.ts and hash-sync-stream.ts:
 *
 *     C> "storage", volId, size, time, chunk size, compression      requestBackup | receiveBackupRequest
 *     S> "accept", its latest snapshot                               readSnapFrom | acceptHashSync
 *        or an error text and the end                                             | refuseBackup
 *        (the storage empties its log, going on from the snapshot's gid)
 *     C> uuid of the log                                              sendLogUuid | receiveLogUuid
 *     S> Ack                                                                      | ackLogUuid
 *     C> differences                                              sendDifferences | receiveDifferences
 *     C> snapshot |gidB, gidE|, normally dirty                     sendSyncedSnap | receiveSyncedSnap
 *     S> Ack, when diff and metadata are durable                                  | finishSync
 *
 * The seed of the hashes is the low half of the request's time (`hashSeedOf`). The differences have no Ack.
 */
export const DIRTY_HASH_SYNC_STEPS = {
    sendAccept: 'dirty-hash-sync.send-accept',
    snapFrom: 'dirty-hash-sync.snap-from',
};
const STEPS = DIRTY_HASH_SYNC_STEPS;
/** The seed of hashes that goes with a time: its low 32 bits. */
export function hashSeedOf(timestamp) {
    return timestamp % 2 ** 32;
}
/** Server: admits the backup and says from which snapshot it will be a diff. */
export async function acceptHashSync(channel, snapFrom) {
    channel.out.string(ACCEPT);
    writeMetaSnap(channel.out, snapFrom);
    await channel.flush(STEPS.sendAccept);
}
/** Client: reads that snapshot, right behind the acceptance. */
export async function readSnapFrom(channel) {
    return channel.readMetaSnap(STEPS.snapFrom);
}
