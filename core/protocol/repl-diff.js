import { writeMetaDiff } from '../snapshot/meta-codec.js';
import { OK } from './negotiation.js';
import { expectOk } from './repl-full.js';
/**
 * The part of replication that sends a diff which the client has (docs/protocols.md, "Diff replication"):
 *
 *     C> volume size, 0, uuid, diff                  offerDiff | receiveDiffOffer
 *     S> "ok"  or an error text and the end                    | acceptDiff, refuseRepl
 *     C> packs (pack-stream.ts)                      sendPacks | receivePacks
 *     S> Ack, when the diff is durable             readDiffAck | ackDiff
 */
export const REPL_DIFF_STEPS = {
    sendOffer: 'repl-diff.send-offer',
    size: 'repl-diff.size',
    unused: 'repl-diff.unused',
    uuid: 'repl-diff.uuid',
    diff: 'repl-diff.diff',
    sendOk: 'repl-diff.send-ok',
    reply: 'repl-diff.reply',
    sendAck: 'repl-diff.send-ack',
    ack: 'repl-diff.ack',
};
const STEPS = REPL_DIFF_STEPS;
/** Client: offers. Throws ProtocolError with the server's text when refused. */
export async function offerDiff(channel, offer) {
    const { out } = channel;
    out.u64(offer.sizeLb);
    out.u32(0);
    out.raw(offer.uuid);
    writeMetaDiff(out, offer.diff);
    await channel.flush(STEPS.sendOffer);
    await expectOk(channel, STEPS.reply);
}
/** Server: reads the offer. */
export async function receiveDiffOffer(channel) {
    const sizeLb = await channel.readNumber(STEPS.size);
    await channel.readU32(STEPS.unused);
    const uuid = await channel.readUuid(STEPS.uuid);
    return { sizeLb, uuid, diff: await channel.readMetaDiff(STEPS.diff) };
}
/** Server: go on. */
export async function acceptDiff(channel) {
    channel.out.string(OK);
    await channel.flush(STEPS.sendOk);
}
/** Client, behind the packs: waits until the diff is durable. */
export async function readDiffAck(channel) {
    await channel.readAck(STEPS.ack);
}
/** Server: the diff is durable. The conversation goes on with the next state. */
export async function ackDiff(channel) {
    await channel.sendAck(STEPS.sendAck);
}
