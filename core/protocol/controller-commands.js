import { NotFoundError } from '../errors.js';
import { hexOf } from '../format/binary.js';
import { hostInfoFromWords, hostInfoToText } from '../snapshot/host-info.js';
import { askArchiveInfo, hasSettings } from './archive-info.js';
import { askBlockHash } from './bhash.js';
import { askShutdown, askSleep, askVersion } from './builtin.js';
import { ACCEPT, expectReply, readLinesReply, sendWords, verifyWordCount } from './command.js';
import * as words from './command-words.js';
import { askGet, valueToLines } from './get.js';
import { negotiateAsClient, OK } from './negotiation.js';
import { parseArchiveName, requireWords } from './params.js';
import { askSnapshot } from './snapshot.js';
import { askVirtFullScan } from './virt-full-scan.js';
/** Throws FormatError for words that the command cannot have, NotFoundError when there is no such command. */
export function verifyCommand(name, list) {
    commandOf(name).verify(list);
}
/**
 * Negotiates, runs one command and closes. Returns the lines that it prints. Throws ProtocolError with the
 * server's text when refused.
 */
export async function runCommand(channel, clientId, name, list, help) {
    try {
        const command = commandOf(name);
        await negotiateAsClient(channel, clientId, name);
        return await command.run(channel, list, help);
    }
    finally {
        channel.close();
    }
}
/** Names of all commands, sorted. */
export function commandNames() {
    return [...COMMANDS.keys()].sort();
}
function commandOf(name) {
    const command = COMMANDS.get(name);
    if (command === undefined)
        throw new NotFoundError(`no such command:${name}`);
    return command;
}
/** A command answered by "ok" or "accept". `count`: exactly so many words. */
function simple(who, expected, verify, count = null) {
    return {
        verify: (list) => {
            if (count !== null)
                verifyWordCount(list, who, count);
            verify(list);
        },
        run: async (channel, list) => {
            await sendWords(channel, list, who);
            await expectReply(channel, expected, who);
            return [];
        },
    };
}
function lines(who, verify) {
    return {
        verify,
        run: async (channel, list) => {
            await sendWords(channel, list, who);
            return readLinesReply(channel, who);
        },
    };
}
function anything() { }
const RESIZE = { zero: true, zeroClear: true };
/** `action volId [archiveName [addr:port [compression [delaySec]]]]` */
function parseArchiveInfoWords(list) {
    const { action, volId } = words.parseArchiveInfoCommand(list);
    if (action === 'list')
        return { action, volId, archiveName: null, info: null };
    requireWords(list, hasSettings(action) ? 4 : 3);
    const info = hasSettings(action) ? hostInfoFromWords(list.slice(3)) : null;
    return { action, volId, archiveName: parseArchiveName(list[2]), info };
}
async function runArchiveInfo(channel, list) {
    const answer = await askArchiveInfo(channel, parseArchiveInfoWords(list));
    if (answer === null)
        return [];
    return Array.isArray(answer) ? answer : [hostInfoToText(answer)];
}
const VIRT_FULL_SCAN = 'parseVirtualFullScanParam';
async function runVirtFullScan(channel, list, help) {
    const [place, ...rest] = list;
    const { bulkLb } = words.parseScan(rest, VIRT_FULL_SCAN);
    await askVirtFullScan(channel, rest, { ...help.scanTarget(place), bulkLb, codecs: help.codecs });
    return [];
}
const COMMANDS = new Map([
    ['apply', simple('c2aApplyClient', ACCEPT, words.parseVolAndGid, 2)],
    ['archive-info', { verify: parseArchiveInfoWords, run: runArchiveInfo }],
    [
        'bhash',
        {
            verify: (list) => words.parseScan(list, 'parseBlockHashParam'),
            run: async (channel, list) => [hexOf(await askBlockHash(channel, list))],
        },
    ],
    ['clear-vol', simple('c2xClearVolClient', OK, words.parseVolOnly, 1)],
    ['dbg-dump-logpack-header', simple('c2sDumpLogpackHeaderClient', OK, words.parseDumpLogpackHeader, 2)],
    ['dbg-reload-metadata', simple('c2aReloadMetadataClient', OK, words.parseVolOnly, 1)],
    ['dbg-set-base', simple('c2aSetBaseClient', OK, (list) => words.parseSetBase(list, 0), 2)],
    ['dbg-set-state', simple('c2aSetStateClient', OK, words.parseSetState, 2)],
    ['dbg-set-uuid', simple('c2aSetUuidClient', OK, words.parseSetUuid, 2)],
    ['debug', simple('c2xDebugClient', OK, anything)],
    ['del-cold', simple('c2aDelColdClient', OK, words.parseVolAndGid, 2)],
    ['del-restored', simple('c2aDelRestoredClient', OK, words.parseVolAndGid, 2)],
    ['disable-snapshot', simple('c2aDisableSnapshot', OK, words.parseChangeSnapshot)],
    ['enable-snapshot', simple('c2aEnableSnapshot', OK, words.parseChangeSnapshot)],
    ['exec', lines('c2xGetStrVecClient', anything)],
    ['full-bkp', simple('c2sBackupClient', ACCEPT, words.parseBackup)],
    ['gc-diff', simple('c2aGarbageCollectDiffClient', OK, words.parseVolOnly, 1)],
    ['get', { verify: anything, run: async (channel, list) => valueToLines(await askGet(channel, list)) }],
    ['hash-bkp', simple('c2sBackupClient', ACCEPT, words.parseBackup)],
    ['init-vol', simple('c2xInitVolClient', OK, words.parseInitVol)],
    ['kick', simple('c2xKickClient', OK, anything)],
    ['merge', simple('c2aMergeClient', ACCEPT, words.parseMerge, 4)],
    ['replicate', simple('c2aReplicateClient', ACCEPT, words.parseReplicate)],
    ['reset-vol', simple('c2xResetVolClient', OK, words.parseResetVol)],
    ['resize', simple('c2xResizeClient', OK, (list) => words.parseResize(list, RESIZE))],
    ['restore', simple('c2aRestoreClient', ACCEPT, words.parseVolAndGid, 2)],
    ['set-full-scan-bps', simple('c2sSetFullScanBpsClient', OK, words.parseSetFullScanBps)],
    [
        'shutdown',
        {
            verify: words.parseShutdown,
            run: async (channel, list) => {
                await askShutdown(channel, words.parseShutdown(list).isForce);
                return [];
            },
        },
    ],
    [
        'sleep',
        {
            verify: words.parseSleep,
            run: async (channel, list) => {
                await askSleep(channel, words.parseSleep(list).seconds);
                return [];
            },
        },
    ],
    [
        'snapshot',
        {
            verify: (list) => {
                verifyWordCount(list, 'c2sSnapshotClient', 1);
                words.parseVolOnly(list);
            },
            run: async (channel, list) => [String(await askSnapshot(channel, list[0]))],
        },
    ],
    ['start', simple('c2xStartClient', OK, words.parseStart)],
    ['status', lines('c2xGetStrVecClient', words.parseStatus)],
    ['stop', simple('c2xStopClient', ACCEPT, (list) => words.parseStop(list, true))],
    ['version', { verify: anything, run: async (channel) => [await askVersion(channel)] }],
    [
        'virt-full-scan',
        {
            verify: (list) => {
                requireWords(list, 3);
                words.parseScan(list.slice(1), VIRT_FULL_SCAN);
            },
            run: runVirtFullScan,
        },
    ],
]);
