import { StateError } from '../../errors.js';
import { Reader, Writer } from '../../format/serializer.js';
import { readHostInfo, writeHostInfo } from '../../snapshot/host-info.js';
import { decodeWith, encodeWith } from '../../snapshot/meta-codec.js';
import { ActionCounters } from '../shared/action-counter.js';
import { Condition } from '../shared/condition.js';
import { DiffFiles } from '../shared/diff-files.js';
import { Mutex } from '../shared/mutex.js';
import { exists, loadFile, saveFile } from '../shared/persist.js';
import { logStates, StateMachine } from '../shared/state-machine.js';
import { StopState } from '../shared/stop-state.js';
import { PROXY_EDGES } from './states.js';
import { PROXY_STEPS as STEPS } from './steps.js';
export function sendtoDirectory(volume, archiveName) {
    return `${volume.directory}/sendto/${archiveName}`;
}
/** The volume's archives, by name in order. */
export function sortedArchives(volume) {
    return [...volume.archives.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
/**
 * The volume of an id, loaded at the first mention. One that has no directory is `Clear` and is not remembered, so
 * that questions about arbitrary names cost no memory (docs/differences.md).
 */
export async function getVolume(server, volId) {
    for (;;) {
        const known = server.volumes.get(volId) ?? null;
        if (known !== null)
            return known;
        const loading = server.loading.get(volId) ?? null;
        if (loading === null)
            break;
        await loading.next();
    }
    const loaded = new Condition();
    server.loading.set(volId, loaded);
    try {
        const volume = newVolume(server, volId);
        if (!(await exists(server.world.files, volume.directory, STEPS.loadVolume)))
            return volume;
        await loadFiles(server, volume);
        volume.states.set('Stopped');
        server.volumes.set(volId, volume);
        return volume;
    }
    finally {
        server.loading.delete(volId);
        loaded.notifyAll();
    }
}
function newVolume(server, volId) {
    const world = server.world.labelled({ volume: volId });
    const directory = `${server.options.baseDirectory}/${volId}`;
    const changed = new Condition();
    return {
        volId,
        directory,
        mutex: new Mutex(),
        changed,
        states: new StateMachine(PROXY_EDGES, 'Clear', changed, logStates(world.log)),
        stopState: new StopState(changed),
        actions: new ActionCounters(world.clock, changed),
        received: new DiffFiles(world, `${directory}/received`),
        archives: new Map(),
        sizeLb: 0,
        lastReceivedAtS: 0,
        lastReceivedAtUs: null,
    };
}
/** Reads what a directory holds. Directories that a crash left out are made again. */
async function loadFiles(server, volume) {
    const world = server.world.labelled({ volume: volume.volId });
    const { files } = world;
    await makeDirectories(world, volume.directory);
    await volume.received.reload(STEPS.loadVolume);
    for (const entry of await files.list(volume.directory, STEPS.loadVolume)) {
        if (entry.kind !== 'file' || !entry.name.endsWith('.archive'))
            continue;
        const archive = addArchive(server, volume, entry.name.slice(0, -'.archive'.length));
        if (!(await exists(files, archive.diffs.directory, STEPS.loadVolume))) {
            await files.makeDirectory(archive.diffs.directory, STEPS.makeDirectories);
        }
        await archive.diffs.reload(STEPS.loadVolume);
    }
    volume.sizeLb = await loadSize(world, volume);
    world.log.info(`volume archive info:${volume.volId}:${volume.archives.size}:${sortedArchives(volume)
        .map((a) => a.name)
        .join(',')}`);
}
/** Makes `received/` and `sendto/` where they are missing. */
export async function makeDirectories(world, directory) {
    for (const path of [`${directory}/received`, `${directory}/sendto`]) {
        if (!(await exists(world.files, path, STEPS.makeDirectories))) {
            await world.files.makeDirectory(path, STEPS.makeDirectories);
        }
    }
}
/** Adds an archive to the memory. */
export function addArchive(server, volume, name) {
    const world = server.world.labelled({ volume: volume.volId });
    const diffs = new DiffFiles(world, sendtoDirectory(volume, name));
    const archive = { name, diffs, isSendError: false, lastSentAtS: 0 };
    volume.archives.set(name, archive);
    return archive;
}
async function loadSize(world, volume) {
    if (!(await exists(world.files, `${volume.directory}/size`, STEPS.loadVolume)))
        return 0;
    return new Reader(await loadFile(world.files, `${volume.directory}/size`, STEPS.loadVolume)).u64Number();
}
/** Writes the file `size` of a volume's directory. */
export async function writeSize(world, directory, sizeLb) {
    const writer = new Writer();
    writer.u64(sizeLb);
    await saveFile(world, directory, 'size', writer.finish(), STEPS.saveSize);
}
export async function saveSize(server, volume, sizeLb) {
    await writeSize(server.world, volume.directory, sizeLb);
    volume.sizeLb = sizeLb;
}
export async function loadArchiveInfo(server, volume, archiveName) {
    const path = `${volume.directory}/${archiveName}.archive`;
    return decodeWith(readHostInfo, await loadFile(server.world.files, path, STEPS.loadArchiveInfo));
}
/** Writes how to reach an archive into a volume's directory. */
export async function saveArchiveInfo(world, directory, archiveName, info) {
    const content = encodeWith(writeHostInfo, info);
    await saveFile(world, directory, `${archiveName}.archive`, content, STEPS.saveArchiveInfo);
}
/** Queues the send of one archive unless it is queued. */
export function pushSend(server, volume, archiveName, delayMs) {
    const task = { volId: volume.volId, archiveName, retryDelayMs: 0 };
    server.tasks.push(taskKey(task), task, delayMs);
}
/** Queues it for this time, whatever was planned. */
export function pushSendForce(server, volume, archiveName, delayMs, retryDelayMs = 0) {
    const task = { volId: volume.volId, archiveName, retryDelayMs };
    server.tasks.pushForce(taskKey(task), task, delayMs);
}
/** Queues every archive now unless it is queued. */
export function pushWaitingSends(server, volume) {
    for (const { name } of volume.archives.values())
        pushSend(server, volume, name, 0);
}
/** Queues every archive now and forgets what was given up. */
export function pushAllSends(server, volume) {
    for (const archive of volume.archives.values()) {
        archive.isSendError = false;
        pushSendForce(server, volume, archive.name, 0);
    }
}
function taskKey(task) {
    return `${task.volId} ${task.archiveName}`;
}
/** Throws StateError `FUNC:bad state:STATE` unless the state is among `accepted`; an empty FUNC leaves no colon. */
export function verifyState(volume, accepted, func) {
    const { state } = volume.states;
    if (accepted.includes(state))
        return;
    throw new StateError(`${func === '' ? '' : `${func}:`}bad state:${state}`, state, accepted);
}
