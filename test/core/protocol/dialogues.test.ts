import { describe, expect, it } from 'vitest';
import { Channel } from '../../../core/protocol/channel.ts';
import { expectEqual } from '../../expect-same.ts';
import type { Dialogue } from './dialogue-kit.ts';
import { DIALOGUES } from './dialogues.ts';
import { dice, errorOf, type PipeOptions, pipe, settleBoth } from './pipe.ts';

async function hold(dialogue: Dialogue, options: PipeOptions = {}) {
  const both = pipe(options);
  const client = new Channel(both.client);
  const server = new Channel(both.server);
  const sides = [dialogue.client(client), dialogue.server(server)];
  // A process whose part failed closes its connection.
  sides[0].catch(() => client.close());
  sides[1].catch(() => server.close());
  const outcomes = await settleBoth(sides);
  return { outcomes, clientBytes: both.clientBytes().length, serverBytes: both.serverBytes().length };
}

describe.each(DIALOGUES)('$name', (dialogue) => {
  it('is understood by both sides', async () => {
    const { outcomes } = await hold(dialogue);
    expectEqual(outcomes, [{ value: dialogue.clientValue }, { value: dialogue.serverValue }]);
  });

  it('does not depend on how bytes are cut into segments, nor on buffer sizes', async () => {
    for (let seed = 0; seed < 20; seed++) {
      const { outcomes } = await hold(dialogue, { segments: dice(seed), capacityBytes: 1 + (seed % 5) * 40 });
      expectEqual(outcomes, [{ value: dialogue.clientValue }, { value: dialogue.serverValue }]);
    }
  });

  it.each(['reset', 'end'] as const)('ends on both sides when cut after any byte (%s)', async (cut) => {
    const { clientBytes, serverBytes } = await hold(dialogue);
    for (let at = 0; at < clientBytes; at += stride(at, clientBytes)) {
      const { outcomes } = await hold(dialogue, { cutClientAfter: at, cut });
      // The server never has the whole request, so it never believes that all went well.
      expect(errorOf(outcomes[1])).toBeInstanceOf(Error);
    }
    for (let at = 0; at < serverBytes; at += stride(at, serverBytes)) {
      const { outcomes } = await hold(dialogue, { cutServerAfter: at, cut });
      const client = outcomes[0];
      if (errorOf(client) !== undefined) expect(errorOf(client)).toBeInstanceOf(Error);
      else expect(client).not.toEqual({ value: dialogue.clientValue });
    }
  });
});

/** Every byte near the ends, and then every 37th: packs have 4096 bytes of header. */
function stride(at: number, sizeBytes: number): number {
  return at < 400 || at > sizeBytes - 400 ? 1 : 37;
}
