import { AbortedError, StateError } from '../../errors.js';
import { latestState } from '../../snapshot/state-query.js';
import { ActionCounters } from '../shared/action-counter.js';
import { Condition } from '../shared/condition.js';
import { Mutex } from '../shared/mutex.js';
import { logStates, StateMachine } from '../shared/state-machine.js';
import { StopState } from '../shared/stop-state.js';
import { VolumeLvs } from './lvs.js';
import { ARCHIVE_EDGES } from './states.js';
import { ArchiveVolumeFiles } from './volume-files.js';
import { WatchedMutex } from './watched-mutex.js';
import { WdiffStore } from './wdiff-store.js';
export function newVolume(server, volId) {
    const world = server.world.labelled({ volume: volId });
    const directory = `${server.options.baseDirectory}/${volId}`;
    const changed = new Condition();
    return {
        volId,
        world,
        mutex: new WatchedMutex(world, volId, server.options.lockTimeThresholdS),
        imageMutex: new Mutex(),
        changed,
        states: new StateMachine(ARCHIVE_EDGES, 'Clear', changed, logStates(world.log)),
        stopState: new StopState(changed),
        actions: new ActionCounters(world.clock, changed),
        files: new ArchiveVolumeFiles(world, directory),
        wdiffs: new WdiffStore(world, directory),
        lvs: new VolumeLvs(world, volId),
        baseReaders: new Set(),
        progressLb: 0,
        lastSyncTimeS: 0,
        lastWdiffReceivedTimeS: 0,
        latest: null,
        unclearedLb: null,
        zeroMutex: new Mutex(),
        damage: null,
    };
}
/**
 * The volume of an id. One that nobody initialised is `Clear` and is not remembered, so that questions about
 * arbitrary names cost no memory (docs/differences.md). Throws StateError for a volume that is damaged.
 */
export function getVolume(server, volId) {
    const volume = server.volumes.get(volId) ?? newVolume(server, volId);
    verifyServed(volume);
    return volume;
}
function verifyServed(volume) {
    if (volume.damage !== null)
        throw new StateError(`the volume is damaged:${volume.volId}:${volume.damage}`);
}
/** The volumes that can be served, in the order of their ids. */
export function servedVolumes(server, states = null) {
    return [...server.volumes.values()]
        .filter((volume) => volume.damage === null && (states === null || states.includes(volume.states.state)))
        .sort((a, b) => (a.volId < b.volId ? -1 : 1));
}
/** Throws StateError `FUNC:bad state:STATE` unless the state is among `accepted`. */
export function verifyState(volume, accepted, func) {
    const { state } = volume.states;
    if (!accepted.includes(state))
        throw new StateError(`${func}:bad state:${state}`, state, accepted);
}
/** Throws StateError while the volume is being stopped. */
export function verifyNotStopping(volume, func) {
    volume.stopState.verify(['NotStopping'], volume.volId, func);
}
/** Long work asks this between its pieces. */
export function isAborted(server, volume) {
    return volume.stopState.isForced || server.status.isForced;
}
/** Throws AbortedError when the volume or the server is being stopped by force. */
export function checkAborted(server, volume, func) {
    if (isAborted(server, volume))
        throw new AbortedError(`${func}:force stopped:${volume.volId}`);
}
/** Finds out anew where the diffs lead. */
export async function refreshLatest(volume) {
    volume.latest = latestState(volume.wdiffs.set, await volume.files.loadBase());
}
/** Where the diffs lead. Throws StateError when there is no image. */
export function requireLatest(volume, func) {
    if (volume.latest === null)
        throw new StateError(`${func}:no image:${volume.volId}`, volume.states.state);
    return volume.latest;
}
/** The world for one task of a volume. */
export function taskWorld(volume, task) {
    return volume.world.labelled({ task, volume: volume.volId });
}
