import { ProtocolError } from '../errors.js';
import { LIMITS, withoutTrace } from './channel.js';
/**
 * How every conversation begins (docs/protocols.md, "Negotiation").
 *
 *     C> client id, protocol name, version 1
 *     S> server id
 *     S> "ok", or an error text and the end
 *
 * The server answers its id before any verdict. The client sends nothing more until it has read "ok".
 */
export const NEGOTIATION_STEPS = {
    sendRequest: 'negotiation.send-request',
    clientId: 'negotiation.client-id',
    protocol: 'negotiation.protocol',
    version: 'negotiation.version',
    sendReply: 'negotiation.send-reply',
    serverId: 'negotiation.server-id',
    reply: 'negotiation.reply',
};
const STEPS = NEGOTIATION_STEPS;
export const PROTOCOL_VERSION = 1;
/** Answer to a negotiation, and to many requests: go on, or done. */
export const OK = 'ok';
/** Client: asks for a protocol. Returns the server's id; throws ProtocolError with the server's text. */
export async function negotiateAsClient(channel, clientId, protocol) {
    channel.out.string(clientId);
    channel.out.string(protocol);
    channel.out.u32(PROTOCOL_VERSION);
    await channel.flush(STEPS.sendRequest);
    const serverId = await channel.readString(STEPS.serverId, LIMITS.nameBytes);
    const reply = await channel.readString(STEPS.reply);
    if (reply !== OK)
        throw new ProtocolError(`run1stNegotiateAsClient:${withoutTrace(reply)}`);
    return serverId;
}
/**
 * Server: hears what the client wants and answers. Returns null when it was refused: the client has been told
 * and the channel is closed. Throws ProtocolError, TimeoutError or IoError when the client does not finish.
 */
export async function negotiateAsServer(channel, serverId, isServed) {
    const clientId = await channel.readString(STEPS.clientId, LIMITS.nameBytes);
    const protocol = await channel.readString(STEPS.protocol, LIMITS.nameBytes);
    const version = await channel.readU32(STEPS.version);
    channel.out.string(serverId);
    const refusal = refusalOf(clientId, protocol, version, isServed);
    if (refusal !== null) {
        await channel.fail(refusal, STEPS.sendReply);
        return null;
    }
    channel.out.string(OK);
    await channel.flush(STEPS.sendReply);
    return { clientId, protocol };
}
function refusalOf(clientId, protocol, version, isServed) {
    if (version !== PROTOCOL_VERSION) {
        return `run1stNegotiateAsServer:version differ c/s:${version}:${PROTOCOL_VERSION}`;
    }
    if (!isServed(protocol))
        return `findServerHandler:bad protocol:${protocol}:${clientId}`;
    return null;
}
