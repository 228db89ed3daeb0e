import { NotFoundError, StateError } from '../../errors.js';
import { ActionCounters } from '../shared/action-counter.js';
import { Condition } from '../shared/condition.js';
import { Mutex } from '../shared/mutex.js';
import { exists } from '../shared/persist.js';
import { logStates, StateMachine } from '../shared/state-machine.js';
import { StopState } from '../shared/stop-state.js';
import { STORAGE_EDGES } from './states.js';
import { STORAGE_STEPS as STEPS } from './steps.js';
import { StorageVolumeFiles } from './volume-files.js';
/** A volume as it is on disk: `Clear` when it has no directory. Throws when its files cannot be read. */
async function loadVolume(server, volId) {
    const volume = newVolume(server, volId);
    const { files } = server.world;
    if (!(await exists(files, volume.files.directory, STEPS.loadVolume)))
        return volume;
    const path = await volume.files.loadPath();
    if (!(await server.world.devices.exists(path, STEPS.checkDevice))) {
        throw new NotFoundError(`StorageVolInfo:not found:${path}`);
    }
    volume.wdevPath = path;
    volume.states.set(await volume.files.loadState());
    return volume;
}
function newVolume(server, volId) {
    const world = server.world.labelled({ volume: volId });
    const changed = new Condition();
    return {
        volId,
        mutex: new Mutex(),
        queueMutex: new Mutex(),
        changed,
        states: new StateMachine(STORAGE_EDGES, 'Clear', changed, logStates(world.log)),
        stopState: new StopState(changed),
        actions: new ActionCounters(world.clock, changed),
        files: new StorageVolumeFiles(world, `${server.options.baseDirectory}/${volId}`),
        wdevPath: null,
        watch: null,
    };
}
/**
 * The volume of an id, loaded and going on at the first mention: a volume that could not be loaded at the start
 * comes back when its device or files do. One that nobody initialised is `Clear` and is not remembered before a
 * command makes it more, so that questions about arbitrary names cost no memory (docs/differences.md).
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
        const volume = await loadVolume(server, volId);
        if (volume.states.state === 'Clear')
            return volume;
        server.volumes.set(volId, volume);
        try {
            await server.resume(volume);
        }
        catch (error) {
            server.volumes.delete(volId);
            throw error;
        }
        return volume;
    }
    finally {
        server.loading.delete(volId);
        loaded.notifyAll();
    }
}
/** The volume, which must have a device. Throws StateError `FUNC:bad state:Clear` when it is Clear. */
export function requireDevice(volume, func) {
    if (volume.wdevPath === null || volume.states.state === 'Clear') {
        throw new StateError(`${func}:bad state:Clear`, 'Clear');
    }
    return volume.wdevPath;
}
/** Throws StateError `FUNC:bad state:STATE` unless the state is among `accepted`. */
export function verifyState(volume, accepted, func) {
    const { state } = volume.states;
    if (!accepted.includes(state))
        throw new StateError(`${func}:bad state:${state}`, state, accepted);
}
/** The world for tasks of one volume. */
export function volumeWorld(server, volume, task) {
    return server.world.labelled({ task, volume: volume.volId });
}
