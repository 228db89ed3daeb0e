import { FormatError, NotFoundError } from '../errors.js';
import { COMMAND_STEPS, expectReply, receiveWords, sendWords } from './command.js';
import { OK } from './negotiation.js';
import { parseArchiveName, parseFlag, parseGid, parseU64, parseVolId, requireWords } from './params.js';
/**
 * Questions (docs/protocols.md, "get"), after the negotiation:
 *
 *     C> list: target, its words
 *     S> "ok", value, Ack         or an error text
 *
 * The client alone knows how to decode the value: a number, a text or lines, by target. It checks target and
 * words after the negotiation and before it sends them.
 */
const CLIENT = 'c2xGetClient';
const SERVER = 'runGetCommandServer';
/** What can be asked. Which server answers what is told in docs/protocols.md. */
export const GET_TARGETS = new Map(Object.entries({
    'all-actions': { kind: 'lines', verify: anything },
    'applicable-diff': { kind: 'lines', verify: parseApplicableDiffWords },
    'archive-uuid': { kind: 'text', verify: parseVolWords },
    base: { kind: 'text', verify: parseVolWords },
    'base-all': { kind: 'lines', verify: anything },
    cold: { kind: 'lines', verify: parseVolWords },
    diff: { kind: 'lines', verify: parseGidRangeWords },
    'exists-base-image': { kind: 'number', verify: parseVolWords },
    'exists-diff': { kind: 'number', verify: parseExistsDiffWords },
    'handler-stat': { kind: 'lines', verify: anything },
    'host-type': { kind: 'text', verify: anything },
    'is-overflow': { kind: 'number', verify: parseVolWords },
    'is-wdiff-send-error': { kind: 'number', verify: parseVolAndArchiveWords },
    'latest-snap': { kind: 'lines', verify: parseOptionalVolWords },
    'log-usage': { kind: 'lines', verify: parseOptionalVolWords },
    'meta-snap': { kind: 'text', verify: parseMetaSnapWords },
    'meta-state': { kind: 'text', verify: parseMetaStateWords },
    'num-action': { kind: 'number', verify: parseNumActionWords },
    'num-diff': { kind: 'number', verify: parseGidRangeWords },
    pid: { kind: 'number', verify: anything },
    progress: { kind: 'number', verify: parseVolWords },
    'proxy-diff': { kind: 'lines', verify: parseProxyDiffWords },
    restorable: { kind: 'lines', verify: parseRestorableWords },
    restored: { kind: 'lines', verify: parseVolWords },
    state: { kind: 'text', verify: parseVolWords },
    thinpool: { kind: 'text', verify: anything },
    'total-diff-size': { kind: 'number', verify: parseGidRangeWords },
    'ts-delta': { kind: 'lines', verify: anything },
    uuid: { kind: 'text', verify: parseVolWords },
    vol: { kind: 'lines', verify: anything },
    'vol-size': { kind: 'number', verify: parseVolWords },
    'volume-group': { kind: 'text', verify: anything },
}));
/** Client: asks. Throws NotFoundError or FormatError before anything is sent, ProtocolError when refused. */
export async function askGet(channel, words) {
    if (words.length === 0)
        throw new FormatError(`${CLIENT}:target not specified`);
    const target = GET_TARGETS.get(words[0]);
    if (target === undefined)
        throw new NotFoundError(`${CLIENT}:name not found:${words[0]}`);
    target.verify(words.slice(1));
    await sendWords(channel, words, CLIENT);
    await expectReply(channel, OK, CLIENT);
    const value = await readValue(channel, target.kind);
    await channel.readAck(COMMAND_STEPS.ack);
    return value;
}
async function readValue(channel, kind) {
    switch (kind) {
        case 'number':
            return channel.readNumber(COMMAND_STEPS.value);
        case 'text':
            return channel.readString(COMMAND_STEPS.value);
        case 'lines':
            return channel.readStrings(COMMAND_STEPS.value);
    }
}
/** The lines that `walbc get` prints. */
export function valueToLines(value) {
    if (typeof value === 'string')
        return [value];
    if (typeof value === 'number' || typeof value === 'boolean')
        return [String(Number(value))];
    return [...value];
}
/** Server: reads a question. The answer is `replyValue` or `replyError`. */
export async function receiveGet(channel) {
    const words = await receiveWords(channel, SERVER);
    if (words.length === 0)
        throw new FormatError(`${SERVER}:no target specified`);
    return { target: words[0], words: words.slice(1) };
}
/** What a server says of a target that it does not have. */
export function noSuchTarget(target) {
    return new NotFoundError(`${SERVER}:no such target:${target}`);
}
// The words of the targets. Each function is used by the client to check and by the server to read.
function anything() { }
/** `volId` */
export function parseVolWords(words) {
    requireWords(words, 1);
    return { volId: parseVolId(words[0]) };
}
/** `[volId]` */
export function parseOptionalVolWords(words) {
    return { volId: words.length === 0 ? null : parseVolId(words[0]) };
}
/** `volId archiveName` */
export function parseVolAndArchiveWords(words) {
    requireWords(words, 2);
    return { volId: parseVolId(words[0]), archiveName: parseArchiveName(words[1]) };
}
/** `volId [archiveName]`; null: the diffs not yet linked to any archive. */
export function parseProxyDiffWords(words) {
    const { volId } = parseVolWords(words);
    return { volId, archiveName: words.length < 2 ? null : parseArchiveName(words[1]) };
}
/** `volId [gidB=0 [gidE]]`; a gidE of null is beyond every gid. */
export function parseGidRangeWords(words) {
    const { volId } = parseVolWords(words);
    const gidB = words.length < 2 ? 0 : parseU64(words[1]);
    const gidE = words.length < 3 ? null : parseU64(words[2]);
    if (gidB === null || (gidE !== null && gidB >= gidE)) {
        throw new FormatError(`parseVolIdAndGidRangeParamForGet:bad gid range:${words[1]}:${words[2] ?? ''}`);
    }
    return { volId, gidB, gidE };
}
/** `volId [maxGid]` */
export function parseApplicableDiffWords(words) {
    const { volId } = parseVolWords(words);
    return { volId, maxGid: words.length < 2 ? null : parseU64(words[1]) };
}
/** `volId gid gid gid gid`: the ends of snapB and of snapE. */
export function parseExistsDiffWords(words) {
    requireWords(words, 5);
    return { volId: parseVolId(words[0]), gids: words.slice(1, 5).map(parseGid) };
}
/** `volId action`; the server knows the actions. */
export function parseNumActionWords(words) {
    requireWords(words, 2);
    return { volId: parseVolId(words[0]), action: words[1] };
}
/** `volId [all]` */
export function parseRestorableWords(words) {
    const { volId } = parseVolWords(words);
    if (words.length >= 2 && words[1] !== 'all') {
        throw new FormatError(`parseRestorableParamForGet:bad opt:${words[1]}`);
    }
    return { volId, all: words.length >= 2 };
}
/** `volId [gid]`; null: the latest. */
export function parseMetaSnapWords(words) {
    const { volId } = parseVolWords(words);
    return { volId, gid: words.length < 2 ? null : parseU64(words[1]) };
}
/** `volId isApplying [gid]` */
export function parseMetaStateWords(words) {
    requireWords(words, 2);
    return {
        volId: parseVolId(words[0]),
        isApplying: parseFlag(words[1]),
        gid: words.length < 3 ? null : parseU64(words[2]),
    };
}
