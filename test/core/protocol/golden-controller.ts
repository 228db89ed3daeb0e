import { errorText } from '../../../core/errors.ts';
import { Reader } from '../../../core/format/serializer.ts';
import * as archiveInfo from '../../../core/protocol/archive-info.ts';
import * as bhash from '../../../core/protocol/bhash.ts';
import * as builtin from '../../../core/protocol/builtin.ts';
import { Channel, withoutTrace } from '../../../core/protocol/channel.ts';
import * as command from '../../../core/protocol/command.ts';
import { parseScan } from '../../../core/protocol/command-words.ts';
import { runCommand, verifyCommand } from '../../../core/protocol/controller-commands.ts';
import { GET_TARGETS, receiveGet } from '../../../core/protocol/get.ts';
import { negotiateAsServer } from '../../../core/protocol/negotiation.ts';
import { replySnapshot } from '../../../core/protocol/snapshot.ts';
import { acceptVirtFullScan, sendVirtFullScan } from '../../../core/protocol/virt-full-scan.ts';
import { readHostInfo } from '../../../core/snapshot/host-info.ts';
import type { Exchange, Recording, RememberingCodecs } from './golden-wire.ts';
import { concat, type Dice, scripted } from './pipe.ts';

/** The same conversations as recorded, with our client, and with our server. */

export interface ClientRun {
  readonly sent: Uint8Array;
  /** Bytes of the server that the client did not read. */
  readonly left: number;
  readonly lines: readonly string[];
  readonly error: string | null;
  /** What virt-full-scan stored. */
  readonly image: Uint8Array;
}

/** The words of `walbc COMMAND WORDS...`. */
export function wordsOf(recording: Recording): { name: string; words: string[] } {
  const [, name, ...words] = recording.title.split(' ');
  // The one word with a blank in it, which the title does not show.
  if (recording.title === 'walbc exec /bin/echo a b c') return { name, words: ['/bin/echo', 'a b', 'c'] };
  return { name, words };
}

/** What the client says before it connects, or null. */
export function refusedBefore(recording: Recording): string | null {
  const { name, words } = wordsOf(recording);
  try {
    verifyCommand(name, words);
    return null;
  } catch (error) {
    return errorText(error);
  }
}

/** Our client against the recorded server. */
export async function runClient(
  recording: Recording,
  exchange: Exchange,
  codecs: RememberingCodecs,
): Promise<ClientRun> {
  const { name, words } = wordsOf(recording);
  // Byte by byte, so that the client never holds more than it needs.
  const oneByOne: Dice = () => 0;
  let read = 0;
  const script = scripted(exchange.server, (bound) => {
    read += 1;
    return oneByOne(bound);
  });
  const chunks: Uint8Array[] = [];
  let lines: string[] = [];
  let error: string | null = null;
  try {
    lines = await runCommand(new Channel(script.connection), 'ctl', name, words, {
      codecs,
      scanTarget: () => ({
        open: async () => {},
        sync: async () => {},
        writeChunk: async (_, sizeLb, data) => {
          chunks.push(data ?? new Uint8Array(sizeLb * 512));
        },
      }),
    });
  } catch (thrown) {
    error = errorText(thrown);
  }
  return { sent: script.sent(), left: exchange.server.length - read, lines, error, image: concat(chunks) };
}

/** Our server against the recorded client, deciding as the recorded server did. Returns what it sent. */
export async function runServer(
  exchange: Exchange,
  image: Uint8Array,
  codecs: RememberingCodecs,
): Promise<Uint8Array> {
  const script = scripted(exchange.client);
  const channel = new Channel(script.connection);
  const said = new Reader(exchange.server);
  const serverId = said.string();
  const verdict = said.string();
  const negotiated = await negotiateAsServer(channel, serverId, () => verdict === 'ok');
  if (negotiated !== null) {
    try {
      await answer(channel, negotiated.protocol, said, image, codecs);
    } catch (error) {
      await command.replyError(channel, errorText(error));
    }
  }
  return script.sent();
}

async function answer(
  channel: Channel,
  protocol: string,
  said: Reader,
  image: Uint8Array,
  codecs: RememberingCodecs,
): Promise<void> {
  switch (protocol) {
    case 'version':
      return builtin.replyVersion(channel, said.string());
    case 'shutdown':
      await builtin.receiveShutdown(channel);
      return builtin.replyShutdown(channel);
    case 'sleep':
      await builtin.receiveSleep(channel);
      return builtin.replySleep(channel);
    case 'get': {
      const { target } = await receiveGet(channel);
      if (refused(said)) return command.replyError(channel, refusal(said));
      const { kind } = GET_TARGETS.get(target)!;
      const value = kind === 'number' ? said.u64Number() : kind === 'text' ? said.string() : said.strings();
      return command.replyValue(channel, value);
    }
    case 'status':
    case 'exec':
      await command.receiveWords(channel, protocol);
      if (refused(said)) return command.replyError(channel, refusal(said));
      return command.replyValue(channel, said.strings());
    case 'archive-info': {
      const request = await archiveInfo.receiveArchiveInfoRequest(channel);
      if (refused(said)) return command.replyError(channel, refusal(said));
      if (request.action === 'get') return archiveInfo.replyArchiveInfo(channel, readHostInfo(said));
      return archiveInfo.replyArchiveInfo(channel, request.action === 'list' ? said.strings() : null);
    }
    case 'snapshot':
      await command.receiveWords(channel, protocol, 1);
      if (refused(said)) return command.replyError(channel, refusal(said));
      return replySnapshot(channel, said.u64Number());
    case 'bhash':
      await command.receiveWords(channel, protocol);
      said.string();
      await bhash.acceptBlockHash(channel);
      while (said.remaining > 0) {
        const at = said.offset;
        const control = said.u8();
        if (control === 3) await bhash.sayStillHashing(channel);
        else if (control === 1 && said.string() === 'ok') {
          return bhash.replyBlockHash(channel, said.raw(16));
        } else {
          said.offset = at;
          return bhash.failBlockHash(channel, refusal(said));
        }
      }
      return;
    case 'virt-full-scan': {
      const { bulkLb } = parseScan(await command.receiveWords(channel, protocol), protocol);
      said.string();
      await acceptVirtFullScan(channel);
      const sizeLb = said.u64Number();
      return sendVirtFullScan(channel, {
        sizeLb,
        bulkLb,
        codecs,
        readChunk: async (addressLb, chunkLb) => {
          if (image.length === 0) throw new Error('no such snapshot');
          return image.slice(addressLb * 512, (addressLb + chunkLb) * 512);
        },
      });
    }
    default: {
      await command.receiveWords(channel, protocol);
      // A storage closes without a word on some backups.
      if (said.remaining === 0) return channel.close();
      const reply = said.string();
      if (reply === 'ok') return command.replyOk(channel);
      if (reply === 'accept') return command.replyAccept(channel);
      return command.replyError(channel, withoutTrace(reply));
    }
  }
}

/** Whether the next text is not "ok", which is consumed. */
function refused(said: Reader): boolean {
  const at = said.offset;
  if (said.string() === 'ok') return false;
  said.offset = at;
  return true;
}

function refusal(said: Reader): string {
  return withoutTrace(said.string());
}
