import { FormatError, StateError } from '../errors.ts';
import type { ServerConnectionParam } from './server-layout.ts';
import {
  type ControlSession,
  getState,
  runCtl,
  SHORT_TIMEOUT_S,
  STOP_TIMEOUT_S,
  verifyState,
  waitForStateChange,
} from './session.ts';
import {
  ARCHIVE_ACTIVE,
  ARCHIVE_CLEARABLE,
  ARCHIVE_STOPPING,
  PROXY_ACTIVE,
  PROXY_STOPPING,
  STORAGE_STOPPING_STANDBY,
  STORAGE_STOPPING_TARGET,
} from './states.ts';
import { verifySizeUnit } from './values.ts';

type Server = ServerConnectionParam;

/** How to stop: let running work end, let a proxy send everything first, or let running work give up. */
export type StopMode = 'graceful' | 'empty' | 'force';

/** The bare command: a storage needs the path of the walb device, an archive takes none. */
export async function initVol(
  session: ControlSession,
  server: Server,
  vol: string,
  wdevPath: string | null = null,
): Promise<void> {
  await runCtl(session, server, ['init-vol', vol, ...(wdevPath === null ? [] : [wdevPath])]);
}

/** Stopped -> the working state of the server's kind (a storage becomes target). */
export async function start(session: ControlSession, server: Server, vol: string): Promise<void> {
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
export async function stopNbk(
  session: ControlSession,
  server: Server,
  vol: string,
  mode: StopMode = 'graceful',
): Promise<string> {
  if (!['graceful', 'empty', 'force'].includes(mode)) throw new FormatError(`stop:bad mode:${mode}`);
  const previous = await getState(session, server, vol);
  await runCtl(session, server, ['stop', vol, mode]);
  return previous;
}

/** Stops and waits. */
export async function stop(
  session: ControlSession,
  server: Server,
  vol: string,
  mode: StopMode = 'graceful',
): Promise<void> {
  await waitForStopped(session, server, vol, await stopNbk(session, server, vol, mode));
}

/**
 * Waits until a stop has ended; `previous` is what stopNbk returned, needed for storages. Servers give a stop up
 * after one or two minutes and go on as before: then this throws TimeoutError.
 */
export async function waitForStopped(
  session: ControlSession,
  server: Server,
  vol: string,
  previous: string | null = null,
  timeoutS = STOP_TIMEOUT_S,
): Promise<void> {
  let passing: readonly string[];
  let goal = 'Stopped';
  if (server.kind === 'storage') {
    if (previous === null) throw new StateError('wait_for_stopped: prevSt not specified');
    const wasSyncing = ['HashSync', 'FullSync'].includes(previous);
    const toStandby = previous === 'Standby' || wasSyncing;
    // A sync that is being given up is on its way too.
    passing = toStandby ? [...STORAGE_STOPPING_STANDBY, 'HashSync', 'FullSync'] : STORAGE_STOPPING_TARGET;
    if (toStandby) goal = 'SyncReady';
  } else {
    passing = server.kind === 'proxy' ? PROXY_STOPPING : ARCHIVE_STOPPING;
  }
  await waitForStateChange(session, server, vol, passing, [goal], timeoutS);
}

/** Storage: Stopped -> SyncReady, its log emptied. Archive: Stopped or SyncReady -> SyncReady, all data gone. */
export async function resetVol(
  session: ControlSession,
  server: Server,
  vol: string,
  timeoutS = SHORT_TIMEOUT_S,
): Promise<void> {
  await runCtl(session, server, ['reset-vol', vol], timeoutS);
  await verifyState(session, server, vol, 'SyncReady');
}

/** Makes a server forget a volume, from any working state; nothing when it is Clear already. */
export async function clearVol(session: ControlSession, server: Server, vol: string): Promise<void> {
  let state = await getState(session, server, vol);
  if (state === 'Clear') return;
  const working: readonly string[] =
    server.kind === 'storage' ? ['Target', 'Standby'] : server.kind === 'proxy' ? PROXY_ACTIVE : ['Archived'];
  if (working.includes(state)) {
    await stop(session, server, vol, 'force');
    state = await getState(session, server, vol);
  }
  if (server.kind === 'storage' && state === 'Stopped') {
    await resetVol(session, server, vol);
    state = await getState(session, server, vol);
  }
  const clearable =
    server.kind === 'storage' ? ['SyncReady'] : server.kind === 'proxy' ? ['Stopped'] : ARCHIVE_CLEARABLE;
  if (!clearable.includes(state)) {
    throw new StateError(`clear:${server.name}:${vol}:${state}`, state, clearable);
  }
  await runCtl(session, server, ['clear-vol', vol]);
}

export async function clearVolEverywhere(session: ControlSession, vol: string): Promise<void> {
  for (const server of session.layout.getAll()) await clearVol(session, server, vol);
}

/** Lets proxies and storages do at once what they have put off. */
export async function kickAll(session: ControlSession, servers: readonly Server[]): Promise<void> {
  for (const server of servers) await runCtl(session, server, ['kick']);
}

/** Limits full and hash scans of a storage; bytes per second with a unit, 0 = no limit. */
export async function setFullScanBps(
  session: ControlSession,
  sx: Server,
  throughputU: string,
): Promise<void> {
  verifySizeUnit(throughputU);
  await runCtl(session, sx, ['set-full-scan-bps', throughputU]);
}
