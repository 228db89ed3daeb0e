import { Channel } from '../../protocol/channel.ts';
import { negotiateAsClient } from '../../protocol/negotiation.ts';
import { US_PER_S } from '../../units.ts';
import type { HostPort, Step, World } from '../../world/index.ts';
import { type ServerOptions, socketTimeoutUs } from './server.ts';

/** A conversation that this server opened, after the negotiation. */
export interface Conversation {
  readonly channel: Channel;
  readonly serverId: string;
}

/** Connects within a time limit and gives the sockets their limits. */
export async function openChannel(
  world: World,
  address: HostPort,
  limits: { readonly connectUs: number; readonly socketUs: number },
  step: Step,
): Promise<Channel> {
  const connection = await world.network.connect(address, limits.connectUs, step);
  connection.setTimeouts(limits.socketUs, limits.socketUs);
  return new Channel(connection);
}

/** Connects and negotiates with this server's time limits. The caller closes the channel. */
export async function openConversation(
  world: World,
  address: HostPort,
  protocol: string,
  options: Pick<ServerOptions, 'nodeId' | 'socketTimeoutS' | 'keepAlive'>,
  step: Step,
): Promise<Conversation> {
  const limits = { connectUs: options.socketTimeoutS * US_PER_S, socketUs: socketTimeoutUs(options) };
  const channel = await openChannel(world, address, limits, step);
  try {
    return { channel, serverId: await negotiateAsClient(channel, options.nodeId, protocol) };
  } catch (error) {
    channel.close();
    throw error;
  }
}
