import { FormatError } from '../errors.js';
import { writeCompressOpt } from '../snapshot/host-info.js';
import { writeMetaSnap } from '../snapshot/meta-codec.js';
import { withoutTrace } from './channel.js';
import { ACCEPT } from './command.js';
import { MAX_BULK_LB, parseVolId } from './params.js';
import { receiveCompressOpt } from './settings.js';
/** The beginning and the end that full and hash backup share, see dirty-full-sync.ts and dirty-hash-sync.ts. */
export const BACKUP_STEPS = {
    sendRequest: 'backup.send-request',
    hostType: 'backup.host-type',
    volId: 'backup.vol-id',
    size: 'backup.size',
    time: 'backup.time',
    bulk: 'backup.bulk',
    compression: 'backup.compression',
    reply: 'backup.reply',
    sendRefusal: 'backup.send-refusal',
    sendUuid: 'backup.send-uuid',
    uuid: 'backup.uuid',
    sendUuidAck: 'backup.send-uuid-ack',
    uuidAck: 'backup.uuid-ack',
    sendSnap: 'backup.send-snap',
    snap: 'backup.snap',
    sendFinalAck: 'backup.send-final-ack',
    finalAck: 'backup.final-ack',
};
const STEPS = BACKUP_STEPS;
const SERVER = 'backupServer';
/** Who sends images of its own: the only host type that may ask. */
const STORAGE = 'storage';
/** Client: asks. Returns null when accepted, else the archive's text. */
export async function requestBackup(channel, request) {
    channel.out.string(STORAGE);
    channel.out.string(request.volId);
    channel.out.u64(request.sizeLb);
    channel.out.u64(request.timestamp);
    channel.out.u64(request.bulkLb);
    writeCompressOpt(channel.out, request.compression);
    await channel.flush(STEPS.sendRequest);
    const reply = await channel.readString(STEPS.reply);
    return reply === ACCEPT ? null : withoutTrace(reply);
}
/** Server: reads the request; FormatError unless it comes from a storage server and makes sense. */
export async function receiveBackupRequest(channel) {
    const hostType = await channel.readString(STEPS.hostType);
    const volId = await channel.readString(STEPS.volId);
    const sizeLb = await channel.readNumber(STEPS.size);
    const timestamp = await channel.readNumber(STEPS.time);
    const bulkLb = await channel.readNumber(STEPS.bulk);
    const compression = await receiveCompressOpt(channel, STEPS.compression);
    if (hostType !== STORAGE)
        throw new FormatError(`${SERVER}:invalid hostType:${hostType}`);
    parseVolId(volId);
    verifyImageSize(sizeLb, bulkLb, SERVER);
    return { volId, sizeLb, timestamp, bulkLb, compression };
}
/** Throws FormatError unless there is something to send and chunks are 512 bytes to 4 MiB. */
export function verifyImageSize(sizeLb, bulkLb, who) {
    if (sizeLb === 0)
        throw new FormatError(`${who}:sizeLb is zero`);
    if (bulkLb === 0)
        throw new FormatError(`${who}:bulkLb is zero`);
    if (bulkLb > MAX_BULK_LB)
        throw new FormatError(`${who}:too large bulkLb:${MAX_BULK_LB}:${bulkLb}`);
}
/** Server: refuses and closes. Never throws. */
export async function refuseBackup(channel, text) {
    await channel.fail(text, STEPS.sendRefusal);
}
/** Client: says the uuid of its log, new since it was emptied, and waits until the archive has heard it. */
export async function sendLogUuid(channel, uuid) {
    channel.out.raw(uuid);
    await channel.flush(STEPS.sendUuid);
    await channel.readAck(STEPS.uuidAck);
}
/** Server: reads the uuid. */
export async function receiveLogUuid(channel) {
    return channel.readUuid(STEPS.uuid);
}
/** Server: the sync begins. */
export async function ackLogUuid(channel) {
    await channel.sendAck(STEPS.sendUuidAck);
}
/** Client: says which snapshot the image is, waits until the archive has made all durable, and closes. */
export async function sendSyncedSnap(channel, snap) {
    writeMetaSnap(channel.out, snap);
    await channel.flush(STEPS.sendSnap);
    await channel.readAck(STEPS.finalAck);
    channel.close();
}
/** Server: reads the snapshot. */
export async function receiveSyncedSnap(channel) {
    return channel.readMetaSnap(STEPS.snap);
}
/** Server: everything is durable; the end. */
export async function finishSync(channel) {
    channel.putAck();
    await channel.finish(STEPS.sendFinalAck);
}
