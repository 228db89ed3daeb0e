import { FormatError, ProtocolError } from '../errors.js';
import { withoutTrace } from './channel.js';
import { OK } from './negotiation.js';
/**
 * The shape of most commands of an operator (docs/protocols.md, "Commands"), after the negotiation:
 *
 *     C> list of words
 *     S> "ok"                     done               (OK)
 *     S> "accept"                 admitted, goes on  (ACC)
 *     S> "ok", value, Ack         answered           (VAL)
 *     S> error text               refused            (ERR)
 *
 * The server half-closes behind OK, ACC and VAL and waits for the client to close. Work behind an ACC begins
 * only then: a client that does not close takes its request back.
 */
export const COMMAND_STEPS = {
    sendWords: 'command.send-words',
    words: 'command.words',
    sendOk: 'command.send-ok',
    sendAccept: 'command.send-accept',
    sendValue: 'command.send-value',
    sendError: 'command.send-error',
    reply: 'command.reply',
    value: 'command.value',
    ack: 'command.ack',
};
const STEPS = COMMAND_STEPS;
/** Admitted: the work or the stream follows. */
export const ACCEPT = 'accept';
/** Client: sends the words of a command. None may be empty; `who` opens the error text. */
export async function sendWords(channel, words, who) {
    verifyWords(words, who);
    channel.out.strings(words);
    await channel.flush(STEPS.sendWords);
}
/** Server: reads the words of a command, `count` of them unless that is null. */
export async function receiveWords(channel, who, count = null) {
    const words = await channel.readStrings(STEPS.words);
    if (count !== null)
        verifyWordCount(words, who, count);
    verifyWords(words, who);
    return words;
}
/** Throws FormatError `who:bad size:WANTED:GOT`. */
export function verifyWordCount(words, who, count) {
    if (words.length !== count)
        throw new FormatError(`${who}:bad size:${count}:${words.length}`);
}
function verifyWords(words, who) {
    const empty = words.indexOf('');
    if (empty >= 0)
        throw new FormatError(`${who}:empty string:${empty}`);
}
/** Server: OK. When it returns, the client has closed. */
export async function replyOk(channel) {
    channel.out.string(OK);
    await channel.finish(STEPS.sendOk);
}
/** Server: ACC. Throws when the client did not close in time or reset: then the work must not begin. */
export async function replyAccept(channel) {
    channel.out.string(ACCEPT);
    await channel.finish(STEPS.sendAccept);
}
/** Server: VAL. */
export async function replyValue(channel, value) {
    channel.out.string(OK);
    if (typeof value === 'number')
        channel.out.u64(value);
    else if (typeof value === 'boolean')
        channel.out.bool(value);
    else if (typeof value === 'string')
        channel.out.string(value);
    else
        channel.out.strings(value);
    channel.putAck();
    await channel.finish(STEPS.sendValue);
}
/** Server: ERR. Never throws. */
export async function replyError(channel, text) {
    await channel.fail(text, STEPS.sendError);
}
/** Client: reads `expected` and nothing else; another text is a ProtocolError `who:text`. */
export async function expectReply(channel, expected, who) {
    const reply = await channel.readString(STEPS.reply);
    if (reply !== expected)
        throw new ProtocolError(`${who}:${withoutTrace(reply)}`);
}
/** Client: reads the lines of a VAL, of `status` and `exec`. */
export async function readLinesReply(channel, who) {
    await expectReply(channel, OK, who);
    const lines = await channel.readStrings(STEPS.value);
    await channel.readAck(STEPS.ack);
    return lines;
}
