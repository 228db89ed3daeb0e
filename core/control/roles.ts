import { StateError } from '../errors.ts';
import { initVol, resetVol, stop } from './life-cycle.ts';
import type { ServerConnectionParam } from './server-layout.ts';
import { type ControlSession, getState, runCtl, waitForStateChange } from './session.ts';
import { stopSynchronizing } from './wiring.ts';

/** A storage's part in a backup group: target of backups, or standby (docs/operations.md, "Roles"). */

type Server = ServerConnectionParam;

/** Registers a walb device and begins as standby: Clear -> Standby. */
export async function initStorage(
  session: ControlSession,
  sx: Server,
  vol: string,
  wdevPath: string,
): Promise<void> {
  await initVol(session, sx, vol, wdevPath);
  await startStandby(session, sx, vol);
}

async function startStandby(session: ControlSession, sx: Server, vol: string): Promise<void> {
  const state = await getState(session, sx, vol);
  if (state !== 'SyncReady')
    throw new StateError(`_go_standby:bad state:${sx.name}:${vol}:${state}`, state, ['SyncReady']);
  await runCtl(session, sx, ['start', vol, 'standby']);
  await waitForStateChange(session, sx, vol, ['StartStandby'], ['Standby']);
}

/** Any working state -> Standby; a target stops sending to the primary archive first. */
export async function goStandby(session: ControlSession, sx: Server, vol: string): Promise<void> {
  const state = await getState(session, sx, vol);
  if (state === 'Standby') return;
  if (state === 'Target') {
    await stop(session, sx, vol, 'force');
    await stopSynchronizing(session, session.layout.getPrimaryArchive(), vol);
    await resetVol(session, sx, vol);
  } else if (state !== 'SyncReady') {
    throw new StateError(`go_standby:bad state:${sx.name}:${vol}:${state}`, state);
  }
  await startStandby(session, sx, vol);
}
