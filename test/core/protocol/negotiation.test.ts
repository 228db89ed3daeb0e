import { expect, it } from 'vitest';
import { ProtocolError } from '../../../core/errors.ts';
import { Reader, Writer } from '../../../core/format/serializer.ts';
import { Channel } from '../../../core/protocol/channel.ts';
import { negotiateAsClient, negotiateAsServer } from '../../../core/protocol/negotiation.ts';
import { pipe, scripted, settleBoth } from './pipe.ts';

const served = (protocol: string) => protocol === 'status';

function saying(...texts: readonly string[]): Channel {
  const writer = new Writer();
  for (const text of texts) writer.string(text);
  return new Channel(scripted(writer.finish()).connection);
}

it('both sides learn who the other is', async () => {
  const both = pipe();
  const outcomes = await settleBoth([
    negotiateAsClient(new Channel(both.client), 'controller', 'status'),
    negotiateAsServer(new Channel(both.server), 'a0', served),
  ]);
  expect(outcomes).toEqual([{ value: 'a0' }, { value: { clientId: 'controller', protocol: 'status' } }]);
});

it('a protocol that is not served is refused: the server ends, the client throws its text', async () => {
  const both = pipe();
  const channel = new Channel(both.client);
  const [client, server] = await settleBoth([
    negotiateAsClient(channel, 'controller', 'dance').finally(() => channel.close()),
    negotiateAsServer(new Channel(both.server), 'a0', served),
  ]);
  expect(server).toEqual({ value: null });
  expect(client).toMatchObject({
    error: { message: expect.stringContaining('bad protocol:dance:controller') },
  });
  expect('error' in client && client.error).toBeInstanceOf(ProtocolError);
});

it('the client goes on after ok and nothing else', async () => {
  expect(await negotiateAsClient(saying('s0', 'ok'), 'c', 'status')).toBe('s0');
  for (const reply of ['', 'OK', 'ok ', 'full', 'too many connections']) {
    await expect(negotiateAsClient(saying('s0', reply), 'c', 'status')).rejects.toThrow(
      `run1stNegotiateAsClient:${reply}`,
    );
  }
});

it.each([0, 2, 0xffff_ffff])('version %i is refused', async (version) => {
  const writer = new Writer();
  writer.string('c');
  writer.string('status');
  writer.u32(version);
  const script = scripted(writer.finish());
  expect(await negotiateAsServer(new Channel(script.connection), 'a0', served)).toBeNull();
  const answer = new Reader(script.sent());
  expect(answer.string()).toBe('a0');
  expect(answer.string()).toContain(`version differ c/s:${version}:1`);
});
