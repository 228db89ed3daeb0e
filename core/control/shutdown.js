import { errorText, FormatError, StateError } from '../errors.js';
import { stop } from './life-cycle.js';
import { getVolList } from './queries.js';
import { getState, runCtl, SHORT_TIMEOUT_S } from './session.js';
import { PROXY_ACTIVE } from './states.js';
const MODES = ['graceful', 'force', 'empty'];
/** Prints a banner and the server's own text for one server, some, or (an empty list) all. */
export async function status(session, servers = [], vol = null, timeoutS = SHORT_TIMEOUT_S) {
    const lines = [];
    const asked = 'name' in servers ? [servers] : servers.length > 0 ? servers : session.layout.getAll();
    for (const server of asked) {
        lines.push(`++++++++++++++++++++ ${server.name} ++++++++++++++++++++`);
        lines.push(...(await runCtl(session, server, ['status', ...(vol === null ? [] : [vol])], timeoutS)));
    }
    for (const line of lines)
        session.print(line);
    return lines;
}
/** Tells a server to end; returns when it has heard. Throws before anything is sent when the mode cannot be. */
export async function shutdown(session, server, mode = 'graceful') {
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
export function verifyShutdownMode(mode, what) {
    if (!MODES.includes(mode))
        throw new FormatError(`${what} bad mode:${mode}`);
}
/** Tells several servers to end, goes on past failures, and prints how each went. Returns the names that failed. */
export async function shutdownList(session, servers, mode = 'graceful') {
    verifyShutdownMode(mode, 'shutdown_list');
    if (mode === 'empty') {
        const other = servers.find((server) => server.kind !== 'proxy');
        if (other !== undefined)
            throw new StateError(`shutdown_list:mode empty is for proxies only:${other.name}`);
    }
    const failed = [];
    for (const server of servers) {
        try {
            await shutdown(session, server, mode);
            session.print(`shutdown succeeded ${server.name}`);
        }
        catch (error) {
            failed.push(server.name);
            session.print(`shutdown failed ${server.name} ${errorText(error)}`);
        }
    }
    return failed;
}
/** Tells all servers to end; with `empty` that is for the proxies and the others end gracefully. */
export async function shutdownAll(session, mode = 'graceful') {
    verifyShutdownMode(mode, 'shutdown_all');
    const { proxies, storages, archives } = session.layout;
    if (mode !== 'empty')
        return shutdownList(session, session.layout.getAll(), mode);
    // Proxies first: emptying them takes the archives.
    const failed = await shutdownList(session, proxies, 'empty');
    return [...failed, ...(await shutdownList(session, [...storages, ...archives], 'graceful'))];
}
