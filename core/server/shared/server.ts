import { AbortedError, errorText } from '../../errors.ts';
import { Channel } from '../../protocol/channel.ts';
import { negotiateAsServer } from '../../protocol/negotiation.ts';
import { US_PER_S } from '../../units.ts';
import type { Connection, Listener, World } from '../../world/index.ts';
import { Condition } from './condition.ts';
import type { HandlerStats } from './handler-stats.ts';
import type { ProcessStatus } from './process-status.ts';
import { TaskGroup } from './task-group.ts';

/** One conversation that a client opened, after the negotiation. */
export interface Session<W extends World = World> {
  readonly channel: Channel;
  readonly clientId: string;
  /** The server's world, labelled with the protocol. */
  readonly world: W;
}

/**
 * Serves one protocol. Tells the client about refusals itself; what it throws is only logged, and the
 * connection is closed.
 */
export type Handler<W extends World = World> = (session: Session<W>) => Promise<void>;

export interface ServerOptions {
  readonly nodeId: string;
  readonly port: number;
  readonly maxConnections: number;
  /** Inactivity limit of accepted sockets; 0 = none. */
  readonly socketTimeoutS: number;
  /** With keep-alive accepted and outgoing sockets have no inactivity limit. */
  readonly keepAlive: boolean;
}

const STEPS = { listen: 'server.listen', accept: 'server.accept' } as const;

/** Inactivity limit of sockets in microseconds, as the options ask. */
export function socketTimeoutUs(options: Pick<ServerOptions, 'socketTimeoutS' | 'keepAlive'>): number {
  return options.keepAlive ? 0 : options.socketTimeoutS * US_PER_S;
}

/**
 * Listens and serves until the status says otherwise, then waits for the conversations that are going on
 * (a forced shutdown cuts them). More than `maxConnections` clients wait unaccepted; they are never refused.
 */
export async function serve<W extends World>(
  world: W,
  options: ServerOptions,
  handlers: ReadonlyMap<string, Handler<W>>,
  stats: HandlerStats,
  status: ProcessStatus,
): Promise<void> {
  const listener = await world.network.listen(options.port, STEPS.listen);
  world.log.info('run:Ready to accept connections');
  const channels = new Set<Channel>();
  const sessions = new TaskGroup(world.log);
  const ended = new Condition();

  const accepting = acceptLoop(
    world,
    listener,
    async () => {
      while (channels.size >= options.maxConnections) await ended.next();
    },
    (connection) => {
      const timeoutUs = socketTimeoutUs(options);
      connection.setTimeouts(timeoutUs, timeoutUs);
      const channel = new Channel(connection);
      channels.add(channel);
      sessions.start('session', async () => {
        try {
          await serveOne(world, options.nodeId, channel, handlers, stats);
        } finally {
          channel.close();
          channels.delete(channel);
          ended.notifyAll();
        }
      });
    },
  );

  while (status.isRunning) await status.changed.next();
  listener.close();
  const cutWhenForced = async () => {
    while (!status.isForced) await status.changed.next();
    for (const channel of channels) channel.close();
  };
  void cutWhenForced();
  await accepting;
  await sessions.join();
}

async function acceptLoop(
  world: World,
  listener: Listener,
  room: () => Promise<void>,
  begin: (connection: Connection) => void,
): Promise<void> {
  for (;;) {
    await room();
    try {
      const connection = await listener.accept(STEPS.accept);
      if (connection === null) return;
      begin(connection);
    } catch (error) {
      world.log.error(`run:accept:${errorText(error)}`);
    }
  }
}

async function serveOne<W extends World>(
  world: W,
  nodeId: string,
  channel: Channel,
  handlers: ReadonlyMap<string, Handler<W>>,
  stats: HandlerStats,
): Promise<void> {
  let protocol = 'negotiation';
  try {
    const negotiated = await negotiateAsServer(channel, nodeId, (name) => handlers.has(name));
    if (negotiated === null) return;
    protocol = negotiated.protocol;
    const { clientId } = negotiated;
    stats.countProtocol(protocol, clientId);
    const beganUs = world.clock.monotonicUs();
    const handler = handlers.get(protocol) as Handler<W>;
    await handler({ channel, clientId, world: world.labelled({ task: protocol }) as W });
    stats.addLatency(protocol, (world.clock.monotonicUs() - beganUs) / US_PER_S);
  } catch (error) {
    if (error instanceof AbortedError) world.log.info(`${protocol}:${errorText(error)}`);
    else world.log.error(`${protocol}:${errorText(error)}`);
  }
}
