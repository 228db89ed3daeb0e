import { NotFoundError, StateError } from '../../errors.js';
import { parseOptionalVolWords, parseProxyDiffWords, parseVolAndArchiveWords, parseVolWords, } from '../../protocol/get.js';
import { proxyLatestSnapToText } from '../../snapshot/lag-text.js';
import { formatMetaDiff } from '../../snapshot/meta-text.js';
import { listVolumeDirectories } from '../shared/persist.js';
import { PROXY_STEPS as STEPS } from './steps.js';
import { getVolume, sortedArchives } from './volume.js';
/** What `get` answers at a proxy, by target (docs/operations.md, "get"). */
export function proxyGetters(server) {
    const { world, options } = server;
    return new Map([
        ['state', async (words) => (await getVolume(server, parseVolWords(words).volId)).states.state],
        ['host-type', () => 'proxy'],
        ['vol', () => listVolumeDirectories(world, options.baseDirectory, STEPS.listVolumes)],
        ['pid', () => world.pid],
        ['is-wdiff-send-error', (words) => isWdiffSendError(server, words)],
        ['latest-snap', (words) => latestSnap(server, parseOptionalVolWords(words).volId)],
        ['handler-stat', () => server.stats.take()],
        ['proxy-diff', (words) => proxyDiff(server, words)],
    ]);
}
async function isWdiffSendError(server, words) {
    const { volId, archiveName } = parseVolAndArchiveWords(words);
    const volume = await getVolume(server, volId);
    const { state } = volume.states;
    if (state === 'Clear')
        throw new StateError(`isWdiffSendError:bad state:${volId}:${state}`, state);
    const archive = volume.archives.get(archiveName);
    if (archive === undefined)
        throw new NotFoundError(`isWdiffSendError:bad archive name:${volId}:${archiveName}`);
    return Number(archive.isSendError);
}
async function latestSnap(server, volId) {
    const volumes = volId === null
        ? [...server.volumes.values()].sort((a, b) => (a.volId < b.volId ? -1 : 1))
        : [await getVolume(server, volId)];
    const lines = [];
    for (const volume of volumes) {
        for (const archive of sortedArchives(volume)) {
            const diff = archive.diffs.set.diffWithMaxGid();
            const snap = diff === null ? null : { gid: diff.snapE.gidB, timestamp: diff.timestamp };
            lines.push(proxyLatestSnapToText(volume.volId, archive.name, snap));
        }
    }
    if (volId !== null && lines.length === 0) {
        throw new NotFoundError(`getLatestSnap:could not get latest snapshot for volume:${volId}`);
    }
    return lines;
}
async function proxyDiff(server, words) {
    const { volId, archiveName } = parseProxyDiffWords(words);
    const volume = await getVolume(server, volId);
    const set = archiveName === null ? volume.received.set : volume.archives.get(archiveName)?.diffs.set;
    return (set?.getAll() ?? []).map((diff) => formatMetaDiff('', diff));
}
