import { ProtocolError } from '../errors.js';
import { writeHostInfo } from '../snapshot/host-info.js';
import { withoutTrace } from './channel.js';
import { receiveWords, sendWords } from './command.js';
import { parseArchiveInfoCommand } from './command-words.js';
import { OK } from './negotiation.js';
import { parseArchiveName } from './params.js';
import { receiveHostInfo } from './settings.js';
/**
 * The settings of a proxy's archives (docs/protocols.md, "archive-info"), after the negotiation:
 *
 *     C> list: action, volId          action is add, update, get, list or delete
 *     C> archive name                 all but list
 *     C> archive settings             add and update only
 *     S> "ok"                         add, update, delete
 *     S> "ok", archive settings       get
 *     S> "ok", list of names          list
 *
 * or an error text. There is no Ack.
 */
export const ARCHIVE_INFO_STEPS = {
    sendRequest: 'archive-info.send-request',
    archiveName: 'archive-info.archive-name',
    settings: 'archive-info.settings',
    sendReply: 'archive-info.send-reply',
    reply: 'archive-info.reply',
    value: 'archive-info.value',
};
const STEPS = ARCHIVE_INFO_STEPS;
const CLIENT = 'c2pArchiveInfoClient';
const SERVER = 'c2pArchiveInfoServer';
export function hasSettings(action) {
    return action === 'add' || action === 'update';
}
/** Client: asks. Returns the settings for get, names for list, else null. */
export async function askArchiveInfo(channel, request) {
    await sendWords(channel, [request.action, request.volId], CLIENT);
    if (request.archiveName !== null)
        channel.out.string(request.archiveName);
    if (request.info !== null)
        writeHostInfo(channel.out, request.info);
    await channel.flush(STEPS.sendRequest);
    const reply = await channel.readString(STEPS.reply);
    if (reply !== OK)
        throw new ProtocolError(`${CLIENT}:not ok:${withoutTrace(reply)}`);
    if (request.action === 'get')
        return receiveHostInfo(channel, STEPS.value);
    if (request.action === 'list')
        return channel.readStrings(STEPS.value);
    return null;
}
/** Server: reads the whole request, before anything is answered. */
export async function receiveArchiveInfoRequest(channel) {
    const words = await receiveWords(channel, SERVER, 2);
    const { action, volId } = parseArchiveInfoCommand(words);
    const archiveName = action === 'list' ? null : parseArchiveName(await channel.readString(STEPS.archiveName));
    const info = hasSettings(action) ? await receiveHostInfo(channel, STEPS.settings) : null;
    return { action, volId, archiveName, info };
}
/** Server: answers with what `askArchiveInfo` returns. A refusal is `replyError` of command.ts. */
export async function replyArchiveInfo(channel, value) {
    channel.out.string(OK);
    if (isNames(value))
        channel.out.strings(value);
    else if (value !== null)
        writeHostInfo(channel.out, value);
    await channel.finish(STEPS.sendReply);
}
function isNames(value) {
    return Array.isArray(value);
}
