import { Channel } from '../../protocol/channel.js';
import { negotiateAsClient } from '../../protocol/negotiation.js';
import { US_PER_S } from '../../units.js';
import { socketTimeoutUs } from './server.js';
/** Connects within a time limit and gives the sockets their limits. */
export async function openChannel(world, address, limits, step) {
    const connection = await world.network.connect(address, limits.connectUs, step);
    connection.setTimeouts(limits.socketUs, limits.socketUs);
    return new Channel(connection);
}
/** Connects and negotiates with this server's time limits. The caller closes the channel. */
export async function openConversation(world, address, protocol, options, step) {
    const limits = { connectUs: options.socketTimeoutS * US_PER_S, socketUs: socketTimeoutUs(options) };
    const channel = await openChannel(world, address, limits, step);
    try {
        return { channel, serverId: await negotiateAsClient(channel, options.nodeId, protocol) };
    }
    catch (error) {
        channel.close();
        throw error;
    }
}
