import { NotFoundError } from '../../errors.js';
import { uuidToText } from '../../format/uuid.js';
import { parseOptionalVolWords, parseVolWords } from '../../protocol/get.js';
import { storageLatestSnapToText } from '../../snapshot/lag-text.js';
import { listVolumeDirectories } from '../shared/persist.js';
import { readVolumeSuperSector } from './device-log.js';
import { newestPosition } from './snapshot.js';
import { STORAGE_STEPS as STEPS } from './steps.js';
import { getVolume, requireDevice, volumeWorld } from './volume.js';
/** What `get` answers at a storage server, by target (docs/operations.md, "get"). */
export function storageGetters(server) {
    const { world, options } = server;
    const volumeOf = (words) => getVolume(server, parseVolWords(words).volId);
    return new Map([
        ['state', async (words) => (await volumeOf(words)).states.state],
        ['host-type', () => 'storage'],
        ['vol', () => listVolumeDirectories(world, options.baseDirectory, STEPS.listVolumes)],
        ['pid', () => world.pid],
        ['is-overflow', async (words) => Number(await isOverflow(server, await volumeOf(words)))],
        ['log-usage', (words) => logUsage(server, parseOptionalVolWords(words).volId)],
        ['latest-snap', (words) => latestSnap(server, parseOptionalVolWords(words).volId)],
        [
            'uuid',
            async (words) => {
                const volume = await volumeOf(words);
                requireDevice(volume, 'getUuid');
                return uuidToText(await volume.files.loadUuid());
            },
        ],
        ['ts-delta', () => server.tsDeltas.lines],
        ['handler-stat', () => server.stats.take()],
    ]);
}
async function isOverflow(server, volume) {
    const path = requireDevice(volume, 'isOverflow');
    return volumeWorld(server, volume, 'get').devices.isOverflow(path, STEPS.readDevice);
}
/** The volumes asked about: one, or all that are not Clear, in order. */
async function chosenVolumes(server, volId) {
    if (volId !== null)
        return [await getVolume(server, volId)];
    return [...server.volumes.values()]
        .filter(({ states, wdevPath }) => states.state !== 'Clear' && wdevPath !== null)
        .sort((a, b) => (a.volId < b.volId ? -1 : 1));
}
async function logUsage(server, volId) {
    const lines = [];
    for (const volume of await chosenVolumes(server, volId)) {
        const path = requireDevice(volume, 'getLogUsage');
        const { devices } = volumeWorld(server, volume, 'get');
        const { latest, oldest } = await devices.lsids(path, STEPS.readDevice);
        const capacityPb = await devices.logCapacityPb(path, STEPS.readDevice);
        const { physicalBlockBytes } = await readVolumeSuperSector(server, volume);
        lines.push(`name:${volume.volId}\tusage_pb:${latest - oldest}\tcapacity_pb:${capacityPb}\tpbs:${physicalBlockBytes}`);
    }
    return lines;
}
async function latestSnap(server, volId) {
    const lines = [];
    for (const volume of await chosenVolumes(server, volId)) {
        if (volume.states.state !== 'Target')
            continue;
        const newest = await newestPosition(volume);
        lines.push(storageLatestSnapToText(volume.volId, newest, newest.lsid));
    }
    if (volId !== null && lines.length === 0) {
        throw new NotFoundError(`getLatestSnap:could not get latest snapshot for volume:${volId}`);
    }
    return lines;
}
