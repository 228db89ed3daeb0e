import { FormatError, NotFoundError, StateError, TimeoutError } from '../errors.js';
import { digitsToUnixTime } from '../format/time-text.js';
import { sleep } from '../server/shared/condition.js';
import { compressOptFromText, DEFAULT_COMPRESS_OPT } from '../snapshot/host-info.js';
import { diffFromListing, formatMetaDiff, gidInfoFromText, gidInfoToText, snapFromText, stateFromText, } from '../snapshot/meta-text.js';
import { US_PER_S } from '../units.js';
import { hostPortText } from './server-layout.js';
import { getState, runCtl } from './session.js';
import { ARCHIVE_ACTIVE } from './states.js';
import { parseLtsv } from './values.js';
async function one(session, server, words) {
    return (await runCtl(session, server, ['get', ...words]))[0] ?? '';
}
async function many(session, server, words) {
    return runCtl(session, server, ['get', ...words]);
}
async function count(session, server, words) {
    return Number(await one(session, server, words));
}
/** `storage`, `proxy` or `archive`. */
export const getHostType = (session, server) => one(session, server, ['host-type']);
/** Names of the servers that answer. */
export async function getAliveServer(session) {
    const alive = [];
    for (const server of session.layout.getAll()) {
        try {
            await getHostType(session, server);
            alive.push(server.name);
        }
        catch {
            // A server that does not answer is not alive; nothing else is asked here.
        }
    }
    return alive;
}
/** Prints `name address:port kind state` of each server, `err` for those that do not answer. */
export async function getStateAll(session, vol, servers = session.layout.getAll()) {
    const lines = [];
    for (const server of servers) {
        let state;
        try {
            state = await getState(session, server, vol);
        }
        catch {
            state = 'err';
        }
        lines.push(`${server.name} ${hostPortText(server.address)} ${server.kind} ${state}`);
    }
    for (const line of lines)
        session.print(line);
    return lines;
}
/** Volumes that a server has a directory for. */
export const getVolList = (session, server) => many(session, server, ['vol']);
export const getUuid = (session, server, vol) => one(session, server, ['uuid', vol]);
export const getArchiveUuid = (session, ax, vol) => one(session, ax, ['archive-uuid', vol]);
export const getVolSizeLb = (session, ax, vol) => count(session, ax, ['vol-size', vol]);
export const getProgressLb = (session, ax, vol) => count(session, ax, ['progress', vol]);
/** Prints the fraction that a running sync has done, each second until none runs. */
export async function monitorProgress(session, ax, vol, timeoutS) {
    const { clock } = session.world;
    const deadlineUs = clock.monotonicUs() + timeoutS * US_PER_S;
    while (clock.monotonicUs() < deadlineUs) {
        const doneLb = await getProgressLb(session, ax, vol);
        if (doneLb === 0)
            return;
        session.print((doneLb / (await getVolSizeLb(session, ax, vol))).toFixed(6));
        await sleep(clock, US_PER_S);
    }
    throw new TimeoutError(`monitor_progress:timeout:${ax.name}:${vol}:${timeoutS}`);
}
export async function getBase(session, ax, vol) {
    return stateFromText(await one(session, ax, ['base', vol]), session.world.clock.wallTimeS());
}
/** By volume: the state of its base image; volumes that are not active are left out. */
export async function getBaseAll(session, ax) {
    const found = new Map();
    for (const line of await many(session, ax, ['base-all'])) {
        const fields = parseLtsv(line);
        const name = fields.get('name');
        const state = fields.get('metastate');
        if (name === undefined || state === undefined)
            throw new FormatError(`get_base_all:bad line:${line}`);
        found.set(name, stateFromText(state, session.world.clock.wallTimeS()));
    }
    return found;
}
/** Every diff that an archive has, superseded ones too, beginning in [gidB, gidE). */
export async function getDiffList(session, ax, vol, gidB = 0, gidE = null) {
    return (await many(session, ax, ['diff', vol, ...gidRange(gidB, gidE)])).map(diffFromListing);
}
/** The diffs that are applied one after the other from the base on, up to a gid. */
export async function getApplicableDiffList(session, ax, vol, gid = null) {
    return (await many(session, ax, ['applicable-diff', vol, gidText(gid)])).map(diffFromListing);
}
export async function printDiffList(session, ax, vol, gidB = 0, gidE = null) {
    for (const diff of await getDiffList(session, ax, vol, gidB, gidE))
        session.print(formatMetaDiff('', diff));
}
export async function printApplicableDiffList(session, ax, vol, gid = null) {
    for (const diff of await getApplicableDiffList(session, ax, vol, gid))
        session.print(formatMetaDiff('', diff));
}
export const getNumDiff = async (session, ax, vol, gidB = 0, gidE = null) => count(session, ax, ['num-diff', vol, ...gidRange(gidB, gidE)]);
export const getTotalDiffSize = async (session, ax, vol, gidB = 0, gidE = null) => count(session, ax, ['total-diff-size', vol, ...gidRange(gidB, gidE)]);
/** Whether an archive has exactly the clean diff |gidB|-->|gidE|. */
export async function existsDiff(session, ax, vol, gidB, gidE) {
    const gids = [gidB, gidB, gidE, gidE].map(String);
    return (await count(session, ax, ['exists-diff', vol, ...gids])) !== 0;
}
export async function existsBaseImage(session, ax, vol) {
    return (await count(session, ax, ['exists-base-image', vol])) !== 0;
}
export async function isOverflow(session, sx, vol) {
    return (await count(session, sx, ['is-overflow', vol])) !== 0;
}
/** Throws StateError when the log of a volume has overflowed. */
export async function verifyNotOverflow(session, sx, vol) {
    if (await isOverflow(session, sx, vol))
        throw new StateError(`verify_not_overflow:${sx.name}:${vol}`);
}
export async function isWdiffSendError(session, px, vol, ax) {
    return (await count(session, px, ['is-wdiff-send-error', vol, ax.name])) !== 0;
}
/** Names of the archives that a proxy sends a volume's diffs to. */
export const getArchiveInfoList = (session, px, vol) => runCtl(session, px, ['archive-info', 'list', vol]);
/** A SyncOpt with the library's defaults: snappy:0:1, no delay, merged up to 1G, compared by 64K. */
export function makeSyncOpt(given = {}) {
    return {
        compression: DEFAULT_COMPRESS_OPT,
        delayS: 0,
        maxWdiffMergeSizeU: '1G',
        bulkSizeU: '64K',
        ...given,
    };
}
/** What a proxy knows of an archive: `host:port`, and how it sends. */
export async function getArchiveInfo(session, px, vol, ax) {
    const line = (await runCtl(session, px, ['archive-info', 'get', vol, ax.name]))[0] ?? '';
    const [hostPort = '', compression = '', delay = ''] = line.split(' ');
    return {
        hostPort,
        syncOpt: makeSyncOpt({ compression: compressOptFromText(compression), delayS: Number(delay) }),
    };
}
/** Snapshots that can be restored: the explicit ones and the newest, or all. Ascending. */
export async function getRestorable(session, ax, vol, opt = '') {
    if (opt !== '' && opt !== 'all')
        throw new FormatError(`get_restorable:bad opt:${opt}`);
    const words = opt === '' ? [] : [opt];
    return (await many(session, ax, ['restorable', vol, ...words])).map(gidInfoFromText);
}
export async function getRestorableGid(session, ax, vol, opt = '') {
    return (await getRestorable(session, ax, vol, opt)).map((info) => info.gid);
}
export async function printRestorable(session, ax, vol, opt = '') {
    for (const info of await getRestorable(session, ax, vol, opt))
        session.print(gidInfoToText(info));
}
/** The newest gid that can be restored. Throws NotFoundError when there is none. */
export async function getLatestCleanSnapshot(session, ax, vol) {
    const gid = (await getRestorableGid(session, ax, vol)).at(-1);
    if (gid === undefined)
        throw new NotFoundError(`get_latest_clean_snapshot:not found:${ax.name}:${vol}`);
    return gid;
}
export async function getRestored(session, ax, vol) {
    return (await many(session, ax, ['restored', vol])).map(Number);
}
export async function getCold(session, ax, vol) {
    return (await many(session, ax, ['cold', vol])).map(Number);
}
/** Where a restored snapshot is found on the archive's host; whether it exists is not looked at. */
export async function getRestoredPath(session, ax, vol, gid) {
    return `/dev/${await one(session, ax, ['volume-group'])}/wr_${vol}_${gid}`;
}
/** By volume: the gid of the latest snapshot. */
export async function getLatestSnapshotInfo(session, server, vol = null) {
    const found = new Map();
    for (const line of await many(session, server, ['latest-snap', ...(vol === null ? [] : [vol])])) {
        const fields = parseLtsv(line);
        const name = fields.get('name');
        const gid = fields.get('gid');
        if (name === undefined || gid === undefined || !/^[0-9]+$/.test(gid)) {
            throw new FormatError(`get_latest_snapshot_info:bad line:${line}`);
        }
        found.set(name, Number(gid));
    }
    return found;
}
export async function getMetaSnap(session, ax, vol, gid = null) {
    return snapFromText(await one(session, ax, ['meta-snap', vol, ...(gid === null ? [] : [String(gid)])]));
}
export async function getMetaState(session, ax, vol, isApplying, gid = null) {
    const words = ['meta-state', vol, isApplying ? '1' : '0', ...(gid === null ? [] : [String(gid)])];
    return stateFromText(await one(session, ax, words), session.world.clock.wallTimeS());
}
/** The hash of a snapshot as 32 hex digits; it depends on the chunk size. */
export async function getBlockHash(session, ax, vol, gid, bulkSizeU = '64K', scanSizeU = null) {
    const words = ['bhash', vol, String(gid), bulkSizeU, ...(scanSizeU === null ? [] : [scanSizeU])];
    return (await runCtl(session, ax, words))[0] ?? '';
}
/** How far destinations lag behind, one map of fields for each. */
export async function getTsDelta(session, server) {
    return (await many(session, server, ['ts-delta'])).map(parseLtsv);
}
/** By volume and action; volumes that are not active are left out. */
export async function getAllActions(session, ax) {
    const result = new Map();
    for (const line of await many(session, ax, ['all-actions'])) {
        const [vol = '', ...words] = line.split(' ');
        if (words.length % 3 !== 0)
            throw new FormatError(`get_all_actions:bad line:${line}`);
        const actions = new Map();
        for (let i = 0; i < words.length; i += 3) {
            const [action = '', number = '', time = ''] = words.slice(i, i + 3);
            actions.set(action, {
                count: Number(number),
                lastBeginS: time === '---' ? null : digitsToUnixTime(time.replace(/[-T:]/g, '')),
            });
        }
        result.set(vol, actions);
    }
    return result;
}
/** As getAllActions, for the volumes where nothing runs: the time at which each action began last. */
export async function getIdleVolumes(session, ax) {
    const idle = new Map();
    for (const [vol, actions] of await getAllActions(session, ax)) {
        if ([...actions.values()].some((info) => info.count > 0))
            continue;
        idle.set(vol, new Map([...actions].map(([action, info]) => [action, info.lastBeginS])));
    }
    return idle;
}
/** Whether an archive works on a volume. */
export async function isArchiveActive(session, ax, vol) {
    return ARCHIVE_ACTIVE.includes(await getState(session, ax, vol));
}
function gidText(gid) {
    return gid === null ? '18446744073709551615' : String(gid);
}
function gidRange(gidB, gidE) {
    if (gidE !== null && gidB > gidE)
        throw new FormatError(`bad gid range:${gidB}:${gidE}`);
    return [String(gidB), gidText(gidE)];
}
