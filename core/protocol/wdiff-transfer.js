import { FormatError } from '../errors.js';
import { writeMetaDiff } from '../snapshot/meta-codec.js';
import { withoutTrace } from './channel.js';
import { ACCEPT } from './command.js';
import { parseVolId } from './params.js';
/**
 * A diff, protocol `wdiff-transfer`, proxy to archive (docs/protocols.md, "Diff transfer"), after the
 * negotiation:
 *
 *     C> volId, "proxy", uuid, 0, volume size, diff      requestWdiffTransfer | receiveWdiffRequest
 *     S> "accept"                                                             | acceptWdiff
 *        or one of the words below, or an error text, and the end             | rejectWdiff
 *     C> packs (pack-stream.ts)                                     sendPacks | receivePacks
 *     S> Ack, when the diff is durable                           readWdiffAck | finishWdiff
 */
export const WDIFF_TRANSFER_STEPS = {
    sendRequest: 'wdiff-transfer.send-request',
    volId: 'wdiff-transfer.vol-id',
    hostType: 'wdiff-transfer.host-type',
    uuid: 'wdiff-transfer.uuid',
    unused: 'wdiff-transfer.unused',
    size: 'wdiff-transfer.size',
    diff: 'wdiff-transfer.diff',
    sendAccept: 'wdiff-transfer.send-accept',
    sendRejection: 'wdiff-transfer.send-rejection',
    reply: 'wdiff-transfer.reply',
    sendAck: 'wdiff-transfer.send-ack',
    ack: 'wdiff-transfer.ack',
};
const STEPS = WDIFF_TRANSFER_STEPS;
const SERVER = 'p2aWdiffTransferServer';
/** Words by which an archive refuses a diff; what the proxy does then is told in docs/protocols.md. */
export const WDIFF_REJECTIONS = [
    'stopped',
    'syncing',
    'wdiff-recv',
    'archive-not-found',
    'different-uuid',
    'smaller-lv-size',
    'too-old-diff',
    'too-new-diff',
];
/** Client: offers a diff. */
export async function requestWdiffTransfer(channel, request) {
    const { out } = channel;
    out.string(request.volId);
    out.string(request.hostType);
    out.raw(request.uuid);
    out.u32(0);
    out.u64(request.sizeLb);
    writeMetaDiff(out, request.diff);
    await channel.flush(STEPS.sendRequest);
    const text = await channel.readString(STEPS.reply);
    if (text === ACCEPT)
        return { kind: 'accept' };
    const word = WDIFF_REJECTIONS.find((rejection) => rejection === text);
    return word === undefined ? { kind: 'error', text: withoutTrace(text) } : { kind: 'rejected', word };
}
/** Server: reads the offer. Throws FormatError for a bad volume id or host type. */
export async function receiveWdiffRequest(channel) {
    const volId = await channel.readString(STEPS.volId);
    const hostType = await channel.readString(STEPS.hostType);
    const uuid = await channel.readUuid(STEPS.uuid);
    await channel.readU32(STEPS.unused);
    const sizeLb = await channel.readNumber(STEPS.size);
    const diff = await channel.readMetaDiff(STEPS.diff);
    if (volId === '')
        throw new FormatError('ArchiveVolInfo:volId is empty');
    parseVolId(volId);
    if (hostType !== 'proxy' && hostType !== 'archive') {
        throw new FormatError(`${SERVER}:bad hostType:${hostType}`);
    }
    return { volId, hostType, uuid, sizeLb, diff };
}
/** Server: admits the diff. */
export async function acceptWdiff(channel) {
    channel.out.string(ACCEPT);
    await channel.flush(STEPS.sendAccept);
}
/** Server: refuses by a word or an error text, and closes. Never throws. */
export async function rejectWdiff(channel, text) {
    await channel.fail(text, STEPS.sendRejection);
}
/** Client, behind the packs: waits until the diff is durable at the archive. */
export async function readWdiffAck(channel) {
    await channel.readAck(STEPS.ack);
}
/** Server: the diff is durable. */
export async function finishWdiff(channel) {
    channel.putAck();
    await channel.finish(STEPS.sendAck);
}
