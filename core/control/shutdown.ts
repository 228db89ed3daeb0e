import { errorText, FormatError, StateError } from '../errors.ts';
import { stop } from './life-cycle.ts';
import { getVolList } from './queries.ts';
import type { ServerConnectionParam } from './server-layout.ts';
import { type ControlSession, getState, runCtl, SHORT_TIMEOUT_S } from './session.ts';
import { PROXY_ACTIVE } from './states.ts';

/** Status texts and the end of servers (docs/operations.md, "Status and shutdown"). */

type Server = ServerConnectionParam;

/**
 * `graceful` lets running work end, `force` lets it give up. `empty` is for proxies: each volume is stopped with
 * `empty` first, so that nothing waits there any more (docs/differences.md).
 */
export type ShutdownMode = 'graceful' | 'force' | 'empty';

const MODES: readonly string[] = ['graceful', 'force', 'empty'];

/** Prints a banner and the server's own text for one server, some, or (an empty list) all. */
export async function status(
  session: ControlSession,
  servers: Server | readonly Server[] = [],
  vol: string | null = null,
  timeoutS = SHORT_TIMEOUT_S,
): Promise<string[]> {
  const lines: string[] = [];
  const asked = 'name' in servers ? [servers] : servers.length > 0 ? servers : session.layout.getAll();
  for (const server of asked) {
    lines.push(`++++++++++++++++++++ ${server.name} ++++++++++++++++++++`);
    lines.push(...(await runCtl(session, server, ['status', ...(vol === null ? [] : [vol])], timeoutS)));
  }
  for (const line of lines) session.print(line);
  return lines;
}

/** Tells a server to end; returns when it has heard. Throws before anything is sent when the mode cannot be. */
export async function shutdown(
  session: ControlSession,
  server: Server,
  mode: ShutdownMode = 'graceful',
): Promise<void> {
  verifyShutdownMode(mode, 'shutdown');
  if (mode !== 'empty') {
    await runCtl(session, server, ['shutdown', mode]);
    return;
  }
  if (server.kind !== 'proxy') {
    throw new StateError(`shutdown:mode empty is for proxies only:${server.name}:${server.kind}`);
  }
  for (const vol of await getVolList(session, server)) {
    if (PROXY_ACTIVE.includes(await getState(session, server, vol)))
      await stop(session, server, vol, 'empty');
  }
  await runCtl(session, server, ['shutdown', 'graceful']);
}

/** Throws FormatError `WHAT bad mode` for another word. */
export function verifyShutdownMode(mode: string, what: string): void {
  if (!MODES.includes(mode)) throw new FormatError(`${what} bad mode:${mode}`);
}

/** Tells several servers to end, goes on past failures, and prints how each went. Returns the names that failed. */
export async function shutdownList(
  session: ControlSession,
  servers: readonly Server[],
  mode: ShutdownMode = 'graceful',
): Promise<string[]> {
  verifyShutdownMode(mode, 'shutdown_list');
  if (mode === 'empty') {
    const other = servers.find((server) => server.kind !== 'proxy');
    if (other !== undefined)
      throw new StateError(`shutdown_list:mode empty is for proxies only:${other.name}`);
  }
  const failed: string[] = [];
  for (const server of servers) {
    try {
      await shutdown(session, server, mode);
      session.print(`shutdown succeeded ${server.name}`);
    } catch (error) {
      failed.push(server.name);
      session.print(`shutdown failed ${server.name} ${errorText(error)}`);
    }
  }
  return failed;
}

/** Tells all servers to end; with `empty` that is for the proxies and the others end gracefully. */
export async function shutdownAll(
  session: ControlSession,
  mode: ShutdownMode = 'graceful',
): Promise<string[]> {
  verifyShutdownMode(mode, 'shutdown_all');
  const { proxies, storages, archives } = session.layout;
  if (mode !== 'empty') return shutdownList(session, session.layout.getAll(), mode);
  // Proxies first: emptying them takes the archives.
  const failed = await shutdownList(session, proxies, 'empty');
  return [...failed, ...(await shutdownList(session, [...storages, ...archives], 'graceful'))];
}
