import { errorText, FormatError } from '../../errors.js';
import { receiveArchiveInfoRequest, replyArchiveInfo, } from '../../protocol/archive-info.js';
import { receiveWords, replyAccept } from '../../protocol/command.js';
import { parseKick, parseResize, parseStatus, parseStop, parseVolOnly, } from '../../protocol/command-words.js';
import { hostInfoToText } from '../../snapshot/host-info.js';
import { builtinHandlers, getCommand, okCommand, refuse, valueCommand } from '../shared/handlers.js';
import { beginStop, changeArchiveInfo, clearVolume, kickVolume, resizeVolume, startVolume, stopEmptyVolume, stopVolume, } from './life-cycle.js';
import { proxyGetters } from './queries.js';
import { wlogTransferHandler } from './receive.js';
import { SEND_STATES } from './states.js';
import { serverStatus, volumeStatus } from './status.js';
import { getVolume } from './volume.js';
/** All protocols that a proxy serves. */
export function proxyHandlers(server) {
    return new Map([
        ...builtinHandlers(server.status),
        ['get', getCommand(proxyGetters(server), server.stats)],
        [
            'status',
            valueCommand('c2pStatusServer', null, async (words) => {
                const { volId } = parseStatus(words);
                return volId === null ? serverStatus(server) : volumeStatus(server, await getVolume(server, volId));
            }),
        ],
        [
            'start',
            okCommand('c2pStartServer', 1, async (words, session) => {
                const { volId } = parseVolOnly(words);
                await startVolume(server, await getVolume(server, volId));
                tellSuccess(server, session, 'start', volId);
            }),
        ],
        ['stop', stopCommand(server)],
        ['archive-info', archiveInfoCommand(server)],
        [
            'clear-vol',
            okCommand('c2pClearVolServer', 1, async (words, session) => {
                const { volId } = parseVolOnly(words);
                await clearVolume(server, await getVolume(server, volId));
                tellSuccess(server, session, 'clearVol', volId);
            }),
        ],
        [
            'resize',
            okCommand('c2pResizeServer', null, async (words, session) => {
                if (words.length !== 2)
                    throw new FormatError(`c2pResizeServer:bad size:2:${words.length}`);
                const { volId, sizeLb } = parseResize(words, { zero: false, zeroClear: false });
                const volume = await getVolume(server, volId);
                const oldLb = volume.sizeLb;
                await resizeVolume(server, volume, sizeLb);
                tellSuccess(server, session, 'resize', volId, oldLb, sizeLb);
            }),
        ],
        [
            'kick',
            okCommand('c2pKickServer', null, async (words, session) => {
                await kick(server, words);
                tellSuccess(server, session, 'kick', words[0] ?? 'ALL', words[1] ?? 'ALL');
            }),
        ],
        ['wlog-transfer', wlogTransferHandler(server)],
    ]);
}
/** The line that a command which was done leaves in the log, as the original has it. */
function tellSuccess({ options }, { world, clientId }, command, ...about) {
    world.log.info(`[${options.nodeId}][${clientId}] ${command} succeeded:${about.join(':')}`);
}
/** Answers before it acts; what goes wrong afterwards is only logged. */
function stopCommand(server) {
    return async (session) => {
        let volume;
        let stopper;
        let mode;
        try {
            const words = parseStop(await receiveWords(session.channel, 'c2pStopServer'), true);
            mode = words.mode;
            volume = await getVolume(server, words.volId);
            stopper = beginStop(volume, mode);
        }
        catch (error) {
            await refuse(session, error);
            return;
        }
        try {
            await replyAccept(session.channel);
        }
        catch (error) {
            stopper.end();
            throw error;
        }
        if (mode === 'empty')
            await stopEmptyVolume(server, volume, stopper);
        else
            await stopVolume(server, volume, stopper);
        tellSuccess(server, session, 'stop', volume.volId, mode);
    };
}
function archiveInfoCommand(server) {
    return async (session) => {
        let answer;
        let request;
        try {
            request = await receiveArchiveInfoRequest(session.channel);
            answer = await changeArchiveInfo(server, await getVolume(server, request.volId), request);
        }
        catch (error) {
            await refuse(session, error);
            return;
        }
        const { action, volId, archiveName, info } = request;
        tellSuccess(server, session, `archive-info ${action}`, volId, ...archiveInfoWords(archiveName, info, answer));
        await replyArchiveInfo(session.channel, answer);
    };
}
/** How many archives there are, or which one and how it is reached. */
function archiveInfoWords(name, given, answer) {
    if (Array.isArray(answer))
        return [answer.length];
    const info = answer ?? given;
    return [name ?? '', ...(info === null ? [] : [hostInfoToText(info)])];
}
async function kick(server, words) {
    const { volId, archiveName } = parseKick(words);
    if (volId !== null) {
        await kickVolume(server, await getVolume(server, volId), archiveName);
        return;
    }
    for (const volume of [...server.volumes.values()]) {
        if (!SEND_STATES.includes(volume.states.state))
            continue;
        try {
            await kickVolume(server, volume, null);
        }
        catch (error) {
            server.world.log.error(errorText(error));
        }
    }
}
