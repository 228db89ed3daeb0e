import { FormatError, StateError } from '../errors.js';
import { getState, runCtl, SHORT_TIMEOUT_S, STOP_TIMEOUT_S, verifyState, waitForStateChange, } from './session.js';
import { ARCHIVE_ACTIVE, ARCHIVE_CLEARABLE, ARCHIVE_STOPPING, PROXY_ACTIVE, PROXY_STOPPING, STORAGE_STOPPING_STANDBY, STORAGE_STOPPING_TARGET, } from './states.js';
import { verifySizeUnit } from './values.js';
/** The bare command: a storage needs the path of the walb device, an archive takes none. */
export async function initVol(session, server, vol, wdevPath = null) {
    await runCtl(session, server, ['init-vol', vol, ...(wdevPath === null ? [] : [wdevPath])]);
}
/** Stopped -> the working state of the server's kind (a storage becomes target). */
export async function start(session, server, vol) {
    if (server.kind === 'storage') {
        await runCtl(session, server, ['start', vol, 'target']);
        await waitForStateChange(session, server, vol, ['StartTarget'], ['Target']);
        return;
    }
    await runCtl(session, server, ['start', vol]);
    const goal = server.kind === 'proxy' ? PROXY_ACTIVE : ARCHIVE_ACTIVE;
    await waitForStateChange(session, server, vol, ['Start'], goal);
}
/** Sends the stop and returns the state that the volume had. `empty` is for proxies. */
export async function stopNbk(session, server, vol, mode = 'graceful') {
    if (!['graceful', 'empty', 'force'].includes(mode))
        throw new FormatError(`stop:bad mode:${mode}`);
    const previous = await getState(session, server, vol);
    await runCtl(session, server, ['stop', vol, mode]);
    return previous;
}
/** Stops and waits. */
export async function stop(session, server, vol, mode = 'graceful') {
    await waitForStopped(session, server, vol, await stopNbk(session, server, vol, mode));
}
/**
 * Waits until a stop has ended; `previous` is what stopNbk returned, needed for storages. Servers give a stop up
 * after one or two minutes and go on as before: then this throws TimeoutError.
 */
export async function waitForStopped(session, server, vol, previous = null, timeoutS = STOP_TIMEOUT_S) {
    let passing;
    let goal = 'Stopped';
    if (server.kind === 'storage') {
        if (previous === null)
            throw new StateError('wait_for_stopped: prevSt not specified');
        const wasSyncing = ['HashSync', 'FullSync'].includes(previous);
        const toStandby = previous === 'Standby' || wasSyncing;
        // A sync that is being given up is on its way too.
        passing = toStandby ? [...STORAGE_STOPPING_STANDBY, 'HashSync', 'FullSync'] : STORAGE_STOPPING_TARGET;
        if (toStandby)
            goal = 'SyncReady';
    }
    else {
        passing = server.kind === 'proxy' ? PROXY_STOPPING : ARCHIVE_STOPPING;
    }
    await waitForStateChange(session, server, vol, passing, [goal], timeoutS);
}
/** Storage: Stopped -> SyncReady, its log emptied. Archive: Stopped or SyncReady -> SyncReady, all data gone. */
export async function resetVol(session, server, vol, timeoutS = SHORT_TIMEOUT_S) {
    await runCtl(session, server, ['reset-vol', vol], timeoutS);
    await verifyState(session, server, vol, 'SyncReady');
}
/** Makes a server forget a volume, from any working state; nothing when it is Clear already. */
export async function clearVol(session, server, vol) {
    let state = await getState(session, server, vol);
    if (state === 'Clear')
        return;
    const working = server.kind === 'storage' ? ['Target', 'Standby'] : server.kind === 'proxy' ? PROXY_ACTIVE : ['Archived'];
    if (working.includes(state)) {
        await stop(session, server, vol, 'force');
        state = await getState(session, server, vol);
    }
    if (server.kind === 'storage' && state === 'Stopped') {
        await resetVol(session, server, vol);
        state = await getState(session, server, vol);
    }
    const clearable = server.kind === 'storage' ? ['SyncReady'] : server.kind === 'proxy' ? ['Stopped'] : ARCHIVE_CLEARABLE;
    if (!clearable.includes(state)) {
        throw new StateError(`clear:${server.name}:${vol}:${state}`, state, clearable);
    }
    await runCtl(session, server, ['clear-vol', vol]);
}
export async function clearVolEverywhere(session, vol) {
    for (const server of session.layout.getAll())
        await clearVol(session, server, vol);
}
/** Lets proxies and storages do at once what they have put off. */
export async function kickAll(session, servers) {
    for (const server of servers)
        await runCtl(session, server, ['kick']);
}
/** Limits full and hash scans of a storage; bytes per second with a unit, 0 = no limit. */
export async function setFullScanBps(session, sx, throughputU) {
    verifySizeUnit(throughputU);
    await runCtl(session, sx, ['set-full-scan-bps', throughputU]);
}
