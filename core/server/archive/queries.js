import { NotFoundError, StateError } from '../../errors.js';
import { timeToPrintable } from '../../format/time-text.js';
import { uuidToText } from '../../format/uuid.js';
import { parseApplicableDiffWords, parseExistsDiffWords, parseGidRangeWords, parseMetaSnapWords, parseMetaStateWords, parseNumActionWords, parseOptionalVolWords, parseRestorableWords, parseVolWords, } from '../../protocol/get.js';
import { applyDiffs } from '../../snapshot/algebra.js';
import { applicableDiffListByGid } from '../../snapshot/diff-chain.js';
import { archiveLatestSnapToText, tsDeltaToText } from '../../snapshot/lag-text.js';
import { makeDiff, makeSnap, snapToText } from '../../snapshot/meta.js';
import { formatMetaDiff, gidInfoOf, gidInfoToText, stateToTextWithTime } from '../../snapshot/meta-text.js';
import { unknownSnapshotInfo } from '../../snapshot/snapshot-info.js';
import { restorableList, stateByGid } from '../../snapshot/state-query.js';
import { listVolumeDirectories } from '../shared/persist.js';
import { requireBaseLb } from './base-image.js';
import { ACTIVE_OR_STOPPED_STATES, ACTIVE_STATES, ARCHIVE_ACTIONS } from './states.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
import { getVolume, servedVolumes, verifyNotStopping, } from './volume.js';
/** What `get` answers at an archive server, by target (docs/operations.md, "get"). */
export function archiveGetters(server) {
    const { world, options } = server;
    const volumeOf = (words) => getVolume(server, parseVolWords(words).volId);
    return new Map([
        ['state', (words) => volumeOf(words).states.state],
        ['host-type', () => 'archive'],
        ['vol', () => listVolumeDirectories(world, options.baseDirectory, STEPS.getVolumeNames)],
        ['pid', () => world.pid],
        ['diff', (words) => diffsOf(server, words).map((diff) => formatMetaDiff('', diff))],
        ['applicable-diff', (words) => applicableDiffs(server, words)],
        ['num-diff', (words) => diffsOf(server, words).length],
        ['total-diff-size', (words) => diffsOf(server, words).reduce((sum, diff) => sum + diff.dataSizeBytes, 0)],
        ['exists-diff', (words) => existsDiff(server, words)],
        ['exists-base-image', (words) => volumeOf(words).lvs.baseLb !== null],
        ['num-action', (words) => numAction(server, words)],
        ['restored', (words) => gidsOf(volumeOf(words), 'restored', 'getRestored')],
        ['cold', (words) => gidsOf(volumeOf(words), 'cold', 'getCold')],
        ['restorable', (words) => restorable(server, words)],
        [
            'uuid',
            async (words) => {
                const volume = volumeOf(words);
                verifyVolumeState(volume, ACTIVE_STATES, 'getUuid');
                return uuidToText(await volume.files.loadUuid());
            },
        ],
        [
            'archive-uuid',
            async (words) => {
                const volume = volumeOf(words);
                verifyVolumeState(volume, ACTIVE_STATES, 'getArchiveUuid');
                return uuidToText(await volume.files.loadArchiveUuid());
            },
        ],
        [
            'base',
            async (words) => {
                const volume = volumeOf(words);
                verifyVolumeState(volume, ACTIVE_STATES, 'getBase');
                return stateToTextWithTime(await volume.files.loadBase());
            },
        ],
        ['base-all', () => baseAll(server)],
        ['vol-size', (words) => requireBaseLb(volumeOf(words), 'getVolSize')],
        ['progress', (words) => volumeOf(words).progressLb],
        ['volume-group', () => world.volumes.group],
        ['thinpool', () => world.volumes.pool],
        ['all-actions', () => servedVolumes(server, ACTIVE_STATES).map(actionsLine)],
        ['meta-snap', (words) => metaSnap(server, words)],
        ['meta-state', (words) => metaState(server, words)],
        ['latest-snap', (words) => latestSnap(server, words)],
        ['ts-delta', () => tsDelta(server)],
        ['handler-stat', () => server.stats.take()],
    ]);
}
/** Throws StateError `FUNC:bad state:VOL:STATE`. */
function verifyVolumeState(volume, accepted, func) {
    const { state } = volume.states;
    if (!accepted.includes(state))
        throw new StateError(`${func}:bad state:${volume.volId}:${state}`, state, accepted);
}
function diffsOf(server, words) {
    const { volId, gidB, gidE } = parseGidRangeWords(words);
    return getVolume(server, volId).wdiffs.set.getAll(gidB, gidE);
}
async function applicableDiffs(server, words) {
    const { volId, maxGid } = parseApplicableDiffWords(words);
    const { files, wdiffs } = getVolume(server, volId);
    const base = await files.loadBase();
    return applicableDiffListByGid(wdiffs.set, base.snapB, maxGid).map((diff) => formatMetaDiff('', diff));
}
function existsDiff(server, words) {
    const { volId, gids } = parseExistsDiffWords(words);
    const volume = getVolume(server, volId);
    verifyVolumeState(volume, ACTIVE_OR_STOPPED_STATES, 'getExistsDiff');
    return volume.wdiffs.set.exists(makeDiff(makeSnap(gids[0], gids[1]), makeSnap(gids[2], gids[3])));
}
function numAction(server, words) {
    const { volId, action } = parseNumActionWords(words);
    const volume = getVolume(server, volId);
    if (volume.states.state === 'Clear')
        throw new StateError(`getNumAction:bad state:${volId}:Clear`, 'Clear');
    if (!ARCHIVE_ACTIONS.includes(action))
        throw new NotFoundError(`getNumAction:no such action:${action}`);
    return volume.actions.count(action);
}
function gidsOf(volume, role, func) {
    verifyNotStopping(volume, func);
    verifyVolumeState(volume, ACTIVE_OR_STOPPED_STATES, func);
    return volume.lvs.gids(role).map(String);
}
async function restorable(server, words) {
    const { volId, all } = parseRestorableWords(words);
    const volume = getVolume(server, volId);
    verifyNotStopping(volume, 'getRestorable');
    if (!ACTIVE_STATES.includes(volume.states.state))
        return [];
    const base = await volume.files.loadBase();
    return restorableList(volume.wdiffs.set, base, all).map((state) => gidInfoToText(gidInfoOf(state)));
}
async function baseAll(server) {
    const lines = [];
    for (const { volId, files } of servedVolumes(server, ACTIVE_STATES)) {
        lines.push(`name:${volId}\tmetastate:${stateToTextWithTime(await files.loadBase())}`);
    }
    return lines;
}
function actionsLine({ volId, actions }) {
    const parts = ARCHIVE_ACTIONS.map((name) => `${name} ${actions.count(name)} ${timeToPrintable(actions.beganAtS(name))}`);
    return `${volId} ${parts.join(' ')}`;
}
async function metaSnap(server, words) {
    const { volId, gid } = parseMetaSnapWords(words);
    const { files, wdiffs } = getVolume(server, volId);
    const { snapB } = await files.loadBase();
    return snapToText(applyDiffs(snapB, applicableDiffListByGid(wdiffs.set, snapB, gid)));
}
async function metaState(server, words) {
    const { volId, isApplying, gid } = parseMetaStateWords(words);
    const { files, wdiffs } = getVolume(server, volId);
    const base = await files.loadBase();
    return stateToTextWithTime(stateByGid(wdiffs.set, base, gid, isApplying ? 'begin' : 'end'));
}
function latestSnap(server, words) {
    const { volId } = parseOptionalVolWords(words);
    const volumes = volId === null ? servedVolumes(server) : [getVolume(server, volId)];
    const lines = [];
    for (const volume of volumes) {
        const info = latestSnapInfo(volume);
        if (info.gid !== null)
            lines.push(archiveLatestSnapToText(info.volume, info));
    }
    if (volId !== null && lines.length === 0) {
        throw new NotFoundError(`getLatestSnap:could not get latest snapshot for volume:${volId}`);
    }
    return lines;
}
/** How far the copy of a volume is; gid null while there is none. */
export function latestSnapInfo(volume) {
    const { latest, states, volId } = volume;
    if (latest === null || !ACTIVE_OR_STOPPED_STATES.includes(states.state))
        return unknownSnapshotInfo(volId);
    return { volume: volId, gid: latest.snapB.gidB, timestamp: latest.timestamp, lsid: null };
}
/** What a storage server asks: for each id the latest snapshot, of unknown ids none. */
export function gatherLatestSnaps(server, volIds) {
    return volIds.map((volId) => {
        const volume = server.volumes.get(volId);
        return volume === undefined || volume.damage !== null
            ? unknownSnapshotInfo(volId)
            : latestSnapInfo(volume);
    });
}
function tsDelta(server) {
    const lines = [];
    for (const volume of servedVolumes(server, ACTIVE_OR_STOPPED_STATES)) {
        const destinations = server.replicated.get(volume.volId);
        if (destinations === undefined || volume.latest === null)
            continue;
        const source = { gid: volume.latest.snapB.gidB, timestamp: volume.latest.timestamp };
        for (const [destId, state] of [...destinations].sort(([a], [b]) => (a < b ? -1 : 1))) {
            const dest = { gid: state.snapB.gidB, timestamp: state.timestamp };
            lines.push(tsDeltaToText({ volume: volume.volId, destId, kind: 'archive', source, dest }));
        }
    }
    return lines;
}
