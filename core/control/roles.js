import { StateError } from '../errors.js';
import { initVol, resetVol, stop } from './life-cycle.js';
import { getState, runCtl, waitForStateChange } from './session.js';
import { stopSynchronizing } from './wiring.js';
/** Registers a walb device and begins as standby: Clear -> Standby. */
export async function initStorage(session, sx, vol, wdevPath) {
    await initVol(session, sx, vol, wdevPath);
    await startStandby(session, sx, vol);
}
async function startStandby(session, sx, vol) {
    const state = await getState(session, sx, vol);
    if (state !== 'SyncReady')
        throw new StateError(`_go_standby:bad state:${sx.name}:${vol}:${state}`, state, ['SyncReady']);
    await runCtl(session, sx, ['start', vol, 'standby']);
    await waitForStateChange(session, sx, vol, ['StartStandby'], ['Standby']);
}
/** Any working state -> Standby; a target stops sending to the primary archive first. */
export async function goStandby(session, sx, vol) {
    const state = await getState(session, sx, vol);
    if (state === 'Standby')
        return;
    if (state === 'Target') {
        await stop(session, sx, vol, 'force');
        await stopSynchronizing(session, session.layout.getPrimaryArchive(), vol);
        await resetVol(session, sx, vol);
    }
    else if (state !== 'SyncReady') {
        throw new StateError(`go_standby:bad state:${sx.name}:${vol}:${state}`, state);
    }
    await startStandby(session, sx, vol);
}
