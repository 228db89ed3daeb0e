import { AbortedError, errorText } from '../../errors.js';
import { Channel } from '../../protocol/channel.js';
import { negotiateAsServer } from '../../protocol/negotiation.js';
import { US_PER_S } from '../../units.js';
import { Condition } from './condition.js';
import { TaskGroup } from './task-group.js';
const STEPS = { listen: 'server.listen', accept: 'server.accept' };
export const SERVER_STEPS = STEPS;
/** Inactivity limit of sockets in microseconds, as the options ask. */
export function socketTimeoutUs(options) {
    return options.keepAlive ? 0 : options.socketTimeoutS * US_PER_S;
}
/**
 * Listens and serves until the status says otherwise, then waits for the conversations that are going on
 * (a forced shutdown cuts them). More than `maxConnections` clients wait unaccepted; they are never refused.
 */
export async function serve(world, options, handlers, stats, status) {
    const listener = await world.network.listen(options.port, STEPS.listen);
    world.log.info('run:Ready to accept connections');
    const channels = new Set();
    const sessions = new TaskGroup(world.log);
    const ended = new Condition();
    const accepting = acceptLoop(world, listener, async () => {
        while (channels.size >= options.maxConnections)
            await ended.next();
    }, (connection) => {
        const timeoutUs = socketTimeoutUs(options);
        connection.setTimeouts(timeoutUs, timeoutUs);
        const channel = new Channel(connection);
        channels.add(channel);
        sessions.start('session', async () => {
            try {
                await serveOne(world, options.nodeId, channel, handlers, stats);
            }
            finally {
                channel.close();
                channels.delete(channel);
                ended.notifyAll();
            }
        });
    });
    while (status.isRunning)
        await status.changed.next();
    listener.close();
    const cutWhenForced = async () => {
        while (!status.isForced)
            await status.changed.next();
        for (const channel of channels)
            channel.close();
    };
    void cutWhenForced();
    await accepting;
    await sessions.join();
}
async function acceptLoop(world, listener, room, begin) {
    for (;;) {
        await room();
        try {
            const connection = await listener.accept(STEPS.accept);
            if (connection === null)
                return;
            begin(connection);
        }
        catch (error) {
            world.log.error(`run:accept:${errorText(error)}`);
        }
    }
}
async function serveOne(world, nodeId, channel, handlers, stats) {
    let protocol = 'negotiation';
    try {
        const negotiated = await negotiateAsServer(channel, nodeId, (name) => handlers.has(name));
        if (negotiated === null)
            return;
        protocol = negotiated.protocol;
        const { clientId } = negotiated;
        stats.countProtocol(protocol, clientId);
        const beganUs = world.clock.monotonicUs();
        const handler = handlers.get(protocol);
        await handler({ channel, clientId, world: world.labelled({ task: protocol }) });
        stats.addLatency(protocol, (world.clock.monotonicUs() - beganUs) / US_PER_S);
    }
    catch (error) {
        if (error instanceof AbortedError)
            world.log.info(`${protocol}:${errorText(error)}`);
        else
            world.log.error(`${protocol}:${errorText(error)}`);
    }
}
