import { FormatError, ProtocolError } from '../errors.js';
import { writeCompressOpt } from '../snapshot/host-info.js';
import { writeMetaState } from '../snapshot/meta-codec.js';
import { verifyImageSize } from './backup-parts.js';
import { withoutTrace } from './channel.js';
import { sendImage } from './full-sync-stream.js';
import { OK } from './negotiation.js';
import { receiveCompressOpt } from './settings.js';
/**
 * The part of replication that copies a whole base image (docs/protocols.md, "Full replication"), when the
 * server has none:
 *
 *     C> volume size, chunk size, base state, uuid, compression      offerFull | receiveFullOffer
 *     S> "ok", where to begin  or an error text and the end                    | acceptFull, refuseRepl
 *     C> image from there (full-sync-stream.ts)                   sendReplImage | receiveImage
 *     S> Ack, when the image is durable                                        | ackReplImage
 *
 * A copy that was cut goes on where the server says. The metadata have no Ack: the client hears of them by the
 * state that comes next.
 */
export const REPL_FULL_STEPS = {
    sendOffer: 'repl-full.send-offer',
    size: 'repl-full.size',
    bulk: 'repl-full.bulk',
    base: 'repl-full.base',
    uuid: 'repl-full.uuid',
    compression: 'repl-full.compression',
    sendStart: 'repl-full.send-start',
    reply: 'repl-full.reply',
    start: 'repl-full.start',
    sendAck: 'repl-full.send-ack',
    ack: 'repl-full.ack',
};
const STEPS = REPL_FULL_STEPS;
const WHO = 'runFullReplServer';
/** Client: offers its base. Returns where to begin; ProtocolError with the server's text when refused. */
export async function offerFull(channel, offer) {
    const { out } = channel;
    out.u64(offer.sizeLb);
    out.u64(offer.bulkLb);
    writeMetaState(out, offer.base);
    out.raw(offer.uuid);
    writeCompressOpt(out, offer.compression);
    await channel.flush(STEPS.sendOffer);
    await expectOk(channel, STEPS.reply);
    const startLb = await channel.readNumber(STEPS.start);
    if (startLb > offer.sizeLb) {
        throw new FormatError(`a start of at most ${offer.sizeLb} is expected, got ${startLb} (reading ${STEPS.start})`);
    }
    return startLb;
}
/** Server: reads the offer. */
export async function receiveFullOffer(channel) {
    const sizeLb = await channel.readNumber(STEPS.size);
    const bulkLb = await channel.readNumber(STEPS.bulk);
    const base = await channel.readMetaState(STEPS.base);
    const uuid = await channel.readUuid(STEPS.uuid);
    const compression = await receiveCompressOpt(channel, STEPS.compression);
    verifyImageSize(sizeLb, bulkLb, WHO);
    return { sizeLb, bulkLb, base, uuid, compression };
}
/** Server: takes the image from `startLb` on; what is before it is there already. */
export async function acceptFull(channel, startLb) {
    channel.out.string(OK);
    channel.out.u64(startLb);
    await channel.flush(STEPS.sendStart);
}
/** Client: sends the image and waits until the server has made it durable. */
export async function sendReplImage(channel, source) {
    await sendImage(channel, source);
    await channel.readAck(STEPS.ack);
}
/** Server: all of the image is durable. */
export async function ackReplImage(channel) {
    await channel.sendAck(STEPS.sendAck);
}
/** Reads the "ok" of a part of replication. Throws ProtocolError with the server's text. */
export async function expectOk(channel, step) {
    const reply = await channel.readString(step);
    if (reply !== OK)
        throw new ProtocolError(withoutTrace(reply));
}
