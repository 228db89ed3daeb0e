import { errorText, FormatError } from '../../errors.ts';
import {
  type ArchiveInfoRequest,
  receiveArchiveInfoRequest,
  replyArchiveInfo,
} from '../../protocol/archive-info.ts';
import { receiveWords, replyAccept } from '../../protocol/command.ts';
import {
  parseKick,
  parseResize,
  parseStatus,
  parseStop,
  parseVolOnly,
  type StopMode,
} from '../../protocol/command-words.ts';
import { builtinHandlers, getCommand, okCommand, refuse, valueCommand } from '../shared/handlers.ts';
import type { Handler } from '../shared/server.ts';
import type { Stopper } from '../shared/stop-state.ts';
import {
  beginStop,
  changeArchiveInfo,
  clearVolume,
  kickVolume,
  resizeVolume,
  startVolume,
  stopEmptyVolume,
  stopVolume,
} from './life-cycle.ts';
import { proxyGetters } from './queries.ts';
import { wlogTransferHandler } from './receive.ts';
import { SEND_STATES } from './states.ts';
import { serverStatus, volumeStatus } from './status.ts';
import { getVolume, type ProxyServer, type ProxyVolume } from './volume.ts';

/** All protocols that a proxy serves. */
export function proxyHandlers(server: ProxyServer): Map<string, Handler> {
  return new Map<string, Handler>([
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
      okCommand('c2pStartServer', 1, async (words, { world, clientId }) => {
        const { volId } = parseVolOnly(words);
        await startVolume(server, await getVolume(server, volId));
        world.log.info(`[${clientId}] start succeeded:${volId}`);
      }),
    ],
    ['stop', stopCommand(server)],
    ['archive-info', archiveInfoCommand(server)],
    [
      'clear-vol',
      okCommand('c2pClearVolServer', 1, async (words) => {
        await clearVolume(server, await getVolume(server, parseVolOnly(words).volId));
      }),
    ],
    [
      'resize',
      okCommand('c2pResizeServer', null, async (words) => {
        if (words.length !== 2) throw new FormatError(`c2pResizeServer:bad size:2:${words.length}`);
        const { volId, sizeLb } = parseResize(words, { zero: false, zeroClear: false });
        await resizeVolume(server, await getVolume(server, volId), sizeLb);
      }),
    ],
    ['kick', okCommand('c2pKickServer', null, (words) => kick(server, words))],
    ['wlog-transfer', wlogTransferHandler(server)],
  ]);
}

/** Answers before it acts; what goes wrong afterwards is only logged. */
function stopCommand(server: ProxyServer): Handler {
  return async (session) => {
    let volume: ProxyVolume;
    let stopper: Stopper;
    let mode: StopMode;
    try {
      const words = parseStop(await receiveWords(session.channel, 'c2pStopServer'), true);
      mode = words.mode;
      volume = await getVolume(server, words.volId);
      stopper = beginStop(volume, mode);
    } catch (error) {
      await refuse(session, error);
      return;
    }
    try {
      await replyAccept(session.channel);
    } catch (error) {
      stopper.end();
      throw error;
    }
    if (mode === 'empty') await stopEmptyVolume(server, volume, stopper);
    else await stopVolume(server, volume, stopper);
    session.world.log.info(`[${session.clientId}] stop succeeded:${volume.volId}:${mode}`);
  };
}

function archiveInfoCommand(server: ProxyServer): Handler {
  return async (session) => {
    let answer: Awaited<ReturnType<typeof changeArchiveInfo>>;
    let request: ArchiveInfoRequest;
    try {
      request = await receiveArchiveInfoRequest(session.channel);
      answer = await changeArchiveInfo(server, await getVolume(server, request.volId), request);
    } catch (error) {
      await refuse(session, error);
      return;
    }
    session.world.log.info(`[${session.clientId}] archive-info ${request.action} succeeded:${request.volId}`);
    await replyArchiveInfo(session.channel, answer);
  };
}

async function kick(server: ProxyServer, words: readonly string[]): Promise<void> {
  const { volId, archiveName } = parseKick(words);
  if (volId !== null) {
    await kickVolume(server, await getVolume(server, volId), archiveName);
    return;
  }
  for (const volume of [...server.volumes.values()]) {
    if (!SEND_STATES.includes(volume.states.state)) continue;
    try {
      await kickVolume(server, volume, null);
    } catch (error) {
      server.world.log.error(errorText(error));
    }
  }
}
