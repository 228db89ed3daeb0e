import {
  AbortedError,
  FormatError,
  IoError,
  NotFoundError,
  ProtocolError,
  StateError,
  TimeoutError,
} from '../../../core/errors.ts';
import { Channel } from '../../../core/protocol/channel.ts';
import type { Dialogue } from '../../core/protocol/dialogue-kit.ts';
import { DIALOGUES } from '../../core/protocol/dialogues.ts';
import { pipe, scripted, settleBoth } from '../../core/protocol/pipe.ts';
import { FuzzFault, type FuzzTarget } from '../target.ts';

/** Everything that each side says when all goes well. */
async function recorded(dialogue: Dialogue): Promise<{ client: Uint8Array; server: Uint8Array }> {
  const both = pipe();
  await settleBoth([dialogue.client(new Channel(both.client)), dialogue.server(new Channel(both.server))]);
  return { client: both.clientBytes(), server: both.serverBytes() };
}

/** A side that hears bytes from a peer, which then ends. */
function side(dialogue: Dialogue, which: 'client' | 'server'): FuzzTarget {
  return {
    name: `protocol-${which}:${dialogue.name.replace(/[^a-z0-9]+/gi, '-')}`,
    maySeedsBeRefused: true,
    async seeds() {
      const said = await recorded(dialogue);
      return [which === 'server' ? said.client : said.server];
    },
    async run(bytes) {
      const channel = new Channel(scripted(bytes).connection);
      const running = dialogue[which](channel);
      const [outcome] = await settleBoth([running.then(() => null)]);
      if ('error' in outcome) throw outcome.error;
      if (!('value' in outcome)) throw new FuzzFault('waits for ever');
    },
    refusals: [FormatError, ProtocolError, AbortedError, IoError, TimeoutError, StateError, NotFoundError],
    maxArrayBytes: 34 * 1024 * 1024,
  };
}

/** Targets of both sides of every conversation. */
export const PROTOCOL_TARGETS: readonly FuzzTarget[] = DIALOGUES.flatMap((dialogue) => [
  side(dialogue, 'server'),
  side(dialogue, 'client'),
]);
