import { StateError } from '../errors.js';
import { start, stop } from './life-cycle.js';
import { getArchiveInfo, getArchiveInfoList } from './queries.js';
import { getServer, hostPortText } from './server-layout.js';
import { getState, runCtl } from './session.js';
import { PROXY_ACTIVE } from './states.js';
import { archiveInfoArgs } from './values.js';
async function putArchiveInfo(session, action, px, vol, ax, syncOpt) {
    const words = ['archive-info', action, vol, ax.name, hostPortText(ax.address), ...archiveInfoArgs(syncOpt)];
    await runCtl(session, px, words);
}
/** Registers an archive at a proxy, which is stopped for it and started again (unless `doStart` is false). */
export async function addArchiveToProxy(session, px, vol, ax, options = {}) {
    if (PROXY_ACTIVE.includes(await getState(session, px, vol)))
        await stop(session, px, vol, 'force');
    const isKnown = (await getArchiveInfoList(session, px, vol)).includes(ax.name);
    await putArchiveInfo(session, isKnown ? 'update' : 'add', px, vol, ax, options.syncOpt ?? null);
    if ((await getState(session, px, vol)) === 'Stopped' && options.doStart !== false)
        await start(session, px, vol);
}
/** Takes an archive out; what waits for it there is lost, unless `stopEmpty` lets it be sent first. */
export async function delArchiveFromProxy(session, px, vol, ax, stopEmpty = false) {
    const mode = stopEmpty ? 'empty' : 'force';
    if (PROXY_ACTIVE.includes(await getState(session, px, vol)))
        await stop(session, px, vol, mode);
    if ((await getArchiveInfoList(session, px, vol)).includes(ax.name)) {
        await runCtl(session, px, ['archive-info', 'delete', vol, ax.name]);
    }
    if ((await getState(session, px, vol)) === 'Stopped')
        await start(session, px, vol);
}
/** Changes how a stopped proxy sends to an archive. */
export async function updateArchiveInfo(session, px, vol, ax, syncOpt) {
    const state = await getState(session, px, vol);
    if (state !== 'Stopped')
        throw new StateError(`update_archive_info: bad state:${px.name}:${vol}:${state}`, state);
    if (!(await getArchiveInfoList(session, px, vol)).includes(ax.name)) {
        throw new StateError(`update_archive_info: not exists:${px.name}:${vol}:${ax.name}`);
    }
    await putArchiveInfo(session, 'update', px, vol, ax, syncOpt);
}
/** Makes one proxy send where another does, and starts it. */
export async function copyArchiveInfo(session, source, vol, destination) {
    for (const name of await getArchiveInfoList(session, source, vol)) {
        const ax = getServer(name, session.layout.archives);
        const { syncOpt } = await getArchiveInfo(session, source, vol, ax);
        await addArchiveToProxy(session, destination, vol, ax, { doStart: false, syncOpt });
    }
    await start(session, destination, vol);
}
/** Whether all proxies send to an archive. Throws StateError when only some do. */
export async function isSynchronizing(session, ax, vol) {
    const listed = [];
    for (const px of session.layout.proxies) {
        listed.push((await getArchiveInfoList(session, px, vol)).includes(ax.name));
    }
    if (listed.every(Boolean))
        return true;
    if (!listed.some(Boolean))
        return false;
    throw new StateError('is_synchronizing: some proxies are synchronizing, some are not.');
}
/** Lets all proxies send to an archive. */
export async function startSynchronizing(session, ax, vol, syncOpt = null) {
    for (const px of session.layout.proxies)
        await addArchiveToProxy(session, px, vol, ax, { syncOpt });
    await kickStorageAll(session);
}
/** Stops all proxies from sending to an archive; what waits for it is lost. */
export async function stopSynchronizing(session, ax, vol) {
    for (const px of session.layout.proxies)
        await delArchiveFromProxy(session, px, vol, ax);
    await kickStorageAll(session);
}
export async function kickStorageAll(session) {
    for (const sx of session.layout.storages)
        await runCtl(session, sx, ['kick']);
}
/** Lets every proxy try at once to send to an archive. */
export async function kickProxy(session, vol, ax) {
    for (const px of session.layout.proxies)
        await runCtl(session, px, ['kick', vol, ax.name]);
}
