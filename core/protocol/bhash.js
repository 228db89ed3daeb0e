import { ProtocolError } from '../errors.js';
import { CONTROL, LIMITS, withoutTrace } from './channel.js';
import { ACCEPT, expectReply, sendWords } from './command.js';
import { OK } from './negotiation.js';
/**
 * The hash of a snapshot (docs/protocols.md, "bhash"), after the negotiation with an archive:
 *
 *     C> list: volId, gid, chunk size, size, pause     all but the first two may be left out
 *     S> "accept"                                      or an error text
 *     S> Dummy                                         at most once per second while it works
 *     S> End, "ok", hash                               or End, error text
 *
 * There is no Ack. The words are read with `receiveWords`, a refusal is `replyError` of command.ts.
 */
export const BHASH_STEPS = {
    sendAccept: 'bhash.send-accept',
    sendDummy: 'bhash.send-dummy',
    sendHash: 'bhash.send-hash',
    sendFailure: 'bhash.send-failure',
    control: 'bhash.control',
    result: 'bhash.result',
    hash: 'bhash.hash',
};
const STEPS = BHASH_STEPS;
const CLIENT = 'c2aBlockHashClient';
/** A job that says nothing else for a year is no job. */
const MAX_DUMMIES = 366 * 86_400;
/** Client: asks and waits. Returns the 16 bytes of the hash; ProtocolError with the server's text. */
export async function askBlockHash(channel, words) {
    await sendWords(channel, words, CLIENT);
    await expectReply(channel, ACCEPT, CLIENT);
    for (let dummies = 0; dummies < MAX_DUMMIES; dummies++) {
        const control = await channel.readU8(STEPS.control);
        if (control === CONTROL.dummy)
            continue;
        const text = control === CONTROL.end
            ? await channel.readString(STEPS.result)
            : await readTextBegunWith(channel, control);
        if (control !== CONTROL.end || text !== OK)
            throw new ProtocolError(`${CLIENT}:${withoutTrace(text)}`);
        return (await channel.readHash(STEPS.hash)).slice();
    }
    throw new ProtocolError(`${CLIENT}:the server never ended`);
}
/**
 * A server of the original that fails while it works sends its text without End: the byte taken for a control
 * byte was the head of the text's length.
 */
async function readTextBegunWith(channel, head) {
    const sizeBytes = await channel.readNumberBegunWith(head, STEPS.result);
    if (sizeBytes > LIMITS.textBytes) {
        throw new ProtocolError(`a control byte is expected at ${STEPS.control}, got ${head}`);
    }
    return channel.readText(sizeBytes, STEPS.result);
}
/** Server: the work begins. */
export async function acceptBlockHash(channel) {
    channel.out.string(ACCEPT);
    await channel.flush(STEPS.sendAccept);
}
/** Server: is still at work. */
export async function sayStillHashing(channel) {
    channel.out.u8(CONTROL.dummy);
    await channel.flush(STEPS.sendDummy);
}
/** Server: the result. */
export async function replyBlockHash(channel, hash) {
    channel.out.u8(CONTROL.end);
    channel.out.string(OK);
    channel.out.raw(hash);
    await channel.finish(STEPS.sendHash);
}
/** Server, behind the acceptance: the work failed. Never throws. */
export async function failBlockHash(channel, text) {
    channel.out.u8(CONTROL.end);
    await channel.fail(text, STEPS.sendFailure);
}
