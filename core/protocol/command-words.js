import { FormatError } from '../errors.js';
import { uuidFromText } from '../format/uuid.js';
import { stateFromText } from '../snapshot/meta-text.js';
import { DEFAULT_BULK_LB, parseArchiveName, parseBulkLb, parseGid, parseNumber, parseSizeLb, parseU32, parseUint, parseVolId, requireWords, wordOr, } from './params.js';
import { parseHostInfoForRepl } from './settings.js';
/**
 * The words of each command (docs/protocols.md, "Commands"). Each function is used by the client to check and
 * by the server to read; all throw FormatError. Words beyond those named are ignored unless said otherwise.
 */
const MAX_SLEEP_PERCENT = 99;
/** `volId` */
export function parseVolOnly(words) {
    requireWords(words, 1);
    return { volId: parseVolId(words[0]) };
}
/** `[volId]` of `status`; null: the whole server. */
export function parseStatus(words) {
    return { volId: words.length === 0 ? null : parseVolId(words[0]) };
}
/** `volId gid` of `restore`, `del-restored`, `del-cold`, `apply`. */
export function parseVolAndGid(words) {
    requireWords(words, 2);
    return { volId: parseVolId(words[0]), gid: parseGid(words[1]) };
}
/** `volId [wdevPath]` of `init-vol`; a storage needs the path, an archive takes none. */
export function parseInitVol(words) {
    const { volId } = parseVolOnly(words);
    return { volId, wdevPath: words[1] ?? null };
}
/** `volId [target|standby]` of `start`; the role is for storage servers, and needed there. */
export function parseStart(words) {
    const { volId } = parseVolOnly(words);
    return { volId, role: words[1] ?? null };
}
/** The role of a storage's `start`. */
export function parseStorageRole(role) {
    if (role === 'target' || role === 'standby')
        return role;
    throw new FormatError(`parseStartParam:specify role: target or standby:${role}`);
}
/** `volId [mode]` of `stop`: the first letter decides. `empty` is for proxies only. */
export function parseStop(words, allowEmpty) {
    const { volId } = parseVolOnly(words);
    const letter = wordOr(words, 1, 'g')[0];
    const mode = letter === 'f' ? 'force' : letter === 'e' ? 'empty' : 'graceful';
    if (mode === 'empty' && !allowEmpty)
        throw new FormatError('parseStopParam:stop empty is not allowed.');
    return { volId, mode };
}
/** `volId [gid=0]` of a storage's `reset-vol`. */
export function parseResetVol(words) {
    const { volId } = parseVolOnly(words);
    return { volId, gid: parseGid(wordOr(words, 1, '0')) };
}
/** `volId [bulkSize=256k]` of `full-bkp`, `hash-bkp`. */
export function parseBackup(words) {
    const { volId } = parseVolOnly(words);
    return { volId, bulkLb: bulkWord(words, 1, 'parseBackupParam') };
}
/** `volId size [zeroclear]` of `resize`. The client lets a size of 0 through, no server does. */
export function parseResize(words, allow) {
    requireWords(words, 2);
    const volId = parseVolId(words[0]);
    const sizeLb = parseSizeLb(words[1]);
    if (sizeLb === 0 && !allow.zero)
        throw new FormatError('parseResizeParam:size param must not be 0');
    const option = wordOr(words, 2, '');
    if (option !== '' && option !== 'zeroclear')
        throw new FormatError(`parseResizeParam:bad option:${option}`);
    const zeroClear = option !== '';
    if (zeroClear && !allow.zeroClear)
        throw new FormatError('parseResizeParam:zeroclear option not allowed.');
    return { volId, sizeLb, zeroClear };
}
/** `bytesPerSecond` of `set-full-scan-bps`; 0 = no limit. */
export function parseSetFullScanBps(words) {
    requireWords(words, 1);
    return { lbPerS: parseSizeLb(words[0]) };
}
/** `[volId [archiveName]]` of a proxy's `kick`; a storage ignores them. */
export function parseKick(words) {
    return {
        volId: words.length === 0 ? null : parseVolId(words[0]),
        archiveName: words.length < 2 ? null : parseArchiveName(words[1]),
    };
}
/** `volId gidB size|gid number` of `merge`. */
export function parseMerge(words) {
    requireWords(words, 4);
    const volId = parseVolId(words[0]);
    const gidB = parseGid(words[1]);
    const until = parseUntil(words[2], words[3], 'parseMergeParam');
    if (until.kind === 'gid' && until.gid <= gidB) {
        throw new FormatError(`parseMergeParam:bad gid range:${gidB}:${until.gid}`);
    }
    return { volId, gidB, until };
}
/** `volId size|gid number addr:port ...` of `replicate`. */
export function parseReplicate(words) {
    requireWords(words, 4);
    return {
        volId: parseVolId(words[0]),
        until: parseUntil(words[1], words[2], 'parseReplicateParam'),
        replica: parseHostInfoForRepl(words.slice(3)),
    };
}
function parseUntil(kind, number, who) {
    if (kind === 'size')
        return { kind, mib: parseNumber(number) };
    if (kind === 'gid')
        return { kind, gid: parseGid(number) };
    throw new FormatError(`${who}:specify size or gid:${kind}`);
}
/** `volId gid ...` of `disable-snapshot`, `enable-snapshot`. */
export function parseChangeSnapshot(words) {
    const { volId } = parseVolOnly(words);
    if (words.length < 2)
        throw new FormatError('parseChangeSnapshotParam:specify gid list.');
    return { volId, gids: words.slice(1).map(parseGid) };
}
/** `volId gid [bulkSize=256k [size=0 [sleepPct=0]]]` of `bhash`, `virt-full-scan`. */
export function parseScan(words, who) {
    const { volId, gid } = parseVolAndGid(words);
    return {
        volId,
        gid,
        bulkLb: bulkWord(words, 2, who),
        sizeLb: parseSizeLb(wordOr(words, 3, '0')),
        sleepPercent: parseUint(wordOr(words, 4, '0'), MAX_SLEEP_PERCENT),
    };
}
/** `volId lsid` of `dbg-dump-logpack-header`. */
export function parseDumpLogpackHeader(words) {
    requireWords(words, 2);
    return { volId: parseVolId(words[0]), lsid: parseNumber(words[1]) };
}
/** `volId uuid` of `dbg-set-uuid`. */
export function parseSetUuid(words) {
    requireWords(words, 2);
    return { volId: parseVolId(words[0]), uuid: uuidFromText(words[1]) };
}
/** `volId state` of `dbg-set-state`. */
export function parseSetState(words) {
    requireWords(words, 2);
    return { volId: parseVolId(words[0]), state: words[1] };
}
/** `volId metaState` of `dbg-set-base`; `nowS` is the time of a state without one. */
export function parseSetBase(words, nowS) {
    requireWords(words, 2);
    return { volId: parseVolId(words[0]), base: stateFromText(words[1], nowS) };
}
const ARCHIVE_INFO_ACTIONS = ['add', 'update', 'get', 'list', 'delete'];
/** `action volId` of `archive-info`; the rest is not part of this list, see archive-info.ts. */
export function parseArchiveInfoCommand(words) {
    requireWords(words, 2);
    const action = ARCHIVE_INFO_ACTIONS.find((name) => name === words[0]);
    if (action === undefined)
        throw new FormatError(`parseArchiveInfoParam:bad command name:${words[0]}`);
    return { action, volId: parseVolId(words[1]) };
}
/** `[seconds=1]` of `sleep`. */
export function parseSleep(words) {
    return { seconds: parseU32(wordOr(words, 0, '1')) };
}
/** `[graceful|force]` of `shutdown`. */
export function parseShutdown(words) {
    const mode = wordOr(words, 0, 'graceful');
    if (mode !== 'graceful' && mode !== 'force')
        throw new FormatError(`parseShutdownParam:bad option:${mode}`);
    return { isForce: mode === 'force' };
}
function bulkWord(words, position, who) {
    const word = wordOr(words, position, '');
    return word === '' ? DEFAULT_BULK_LB : parseBulkLb(word, who);
}
