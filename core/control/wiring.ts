import { StateError } from '../errors.ts';
import { type StopMode, start, stop } from './life-cycle.ts';
import { getArchiveInfo, getArchiveInfoList } from './queries.ts';
import { getServer, hostPortText, type ServerConnectionParam } from './server-layout.ts';
import { type ControlSession, getState, runCtl } from './session.ts';
import { PROXY_ACTIVE } from './states.ts';
import { archiveInfoArgs, type SyncOpt } from './values.ts';

/** Which archives a proxy sends to (docs/operations.md, "Synchronising"). */

type Server = ServerConnectionParam;

async function putArchiveInfo(
  session: ControlSession,
  action: 'add' | 'update',
  px: Server,
  vol: string,
  ax: Server,
  syncOpt: SyncOpt | null,
): Promise<void> {
  const words = ['archive-info', action, vol, ax.name, hostPortText(ax.address), ...archiveInfoArgs(syncOpt)];
  await runCtl(session, px, words);
}

/** Registers an archive at a proxy, which is stopped for it and started again (unless `doStart` is false). */
export async function addArchiveToProxy(
  session: ControlSession,
  px: Server,
  vol: string,
  ax: Server,
  options: { readonly doStart?: boolean; readonly syncOpt?: SyncOpt | null } = {},
): Promise<void> {
  if (PROXY_ACTIVE.includes(await getState(session, px, vol))) await stop(session, px, vol, 'force');
  const isKnown = (await getArchiveInfoList(session, px, vol)).includes(ax.name);
  await putArchiveInfo(session, isKnown ? 'update' : 'add', px, vol, ax, options.syncOpt ?? null);
  if ((await getState(session, px, vol)) === 'Stopped' && options.doStart !== false)
    await start(session, px, vol);
}

/** Takes an archive out; what waits for it there is lost, unless `stopEmpty` lets it be sent first. */
export async function delArchiveFromProxy(
  session: ControlSession,
  px: Server,
  vol: string,
  ax: Server,
  stopEmpty = false,
): Promise<void> {
  const mode: StopMode = stopEmpty ? 'empty' : 'force';
  if (PROXY_ACTIVE.includes(await getState(session, px, vol))) await stop(session, px, vol, mode);
  if ((await getArchiveInfoList(session, px, vol)).includes(ax.name)) {
    await runCtl(session, px, ['archive-info', 'delete', vol, ax.name]);
  }
  if ((await getState(session, px, vol)) === 'Stopped') await start(session, px, vol);
}

/** Changes how a stopped proxy sends to an archive. */
export async function updateArchiveInfo(
  session: ControlSession,
  px: Server,
  vol: string,
  ax: Server,
  syncOpt: SyncOpt,
): Promise<void> {
  const state = await getState(session, px, vol);
  if (state !== 'Stopped')
    throw new StateError(`update_archive_info: bad state:${px.name}:${vol}:${state}`, state);
  if (!(await getArchiveInfoList(session, px, vol)).includes(ax.name)) {
    throw new StateError(`update_archive_info: not exists:${px.name}:${vol}:${ax.name}`);
  }
  await putArchiveInfo(session, 'update', px, vol, ax, syncOpt);
}

/** Makes one proxy send where another does, and starts it. */
export async function copyArchiveInfo(
  session: ControlSession,
  source: Server,
  vol: string,
  destination: Server,
): Promise<void> {
  for (const name of await getArchiveInfoList(session, source, vol)) {
    const ax = getServer(name, session.layout.archives);
    const { syncOpt } = await getArchiveInfo(session, source, vol, ax);
    await addArchiveToProxy(session, destination, vol, ax, { doStart: false, syncOpt });
  }
  await start(session, destination, vol);
}

/** Whether all proxies send to an archive. Throws StateError when only some do. */
export async function isSynchronizing(session: ControlSession, ax: Server, vol: string): Promise<boolean> {
  const listed: boolean[] = [];
  for (const px of session.layout.proxies) {
    listed.push((await getArchiveInfoList(session, px, vol)).includes(ax.name));
  }
  if (listed.every(Boolean)) return true;
  if (!listed.some(Boolean)) return false;
  throw new StateError('is_synchronizing: some proxies are synchronizing, some are not.');
}

/** Lets all proxies send to an archive. */
export async function startSynchronizing(
  session: ControlSession,
  ax: Server,
  vol: string,
  syncOpt: SyncOpt | null = null,
): Promise<void> {
  for (const px of session.layout.proxies) await addArchiveToProxy(session, px, vol, ax, { syncOpt });
  await kickStorageAll(session);
}

/** Stops all proxies from sending to an archive; what waits for it is lost. */
export async function stopSynchronizing(session: ControlSession, ax: Server, vol: string): Promise<void> {
  for (const px of session.layout.proxies) await delArchiveFromProxy(session, px, vol, ax);
  await kickStorageAll(session);
}

export async function kickStorageAll(session: ControlSession): Promise<void> {
  for (const sx of session.layout.storages) await runCtl(session, sx, ['kick']);
}

/** Lets every proxy try at once to send to an archive. */
export async function kickProxy(session: ControlSession, vol: string, ax: Server): Promise<void> {
  for (const px of session.layout.proxies) await runCtl(session, px, ['kick', vol, ax.name]);
}
