import { ProtocolError } from '../errors.js';
import { withoutTrace } from './channel.js';
import { sendWords } from './command.js';
import { OK } from './negotiation.js';
/**
 * Taking a snapshot (docs/protocols.md, "snapshot"), after the negotiation with a storage server:
 *
 *     C> list: volId
 *     S> "ok", gid            or an error text
 *
 * There is no Ack. The words are read with `receiveWords`, a refusal is `replyError` of command.ts.
 */
export const SNAPSHOT_STEPS = {
    sendGid: 'snapshot.send-gid',
    reply: 'snapshot.reply',
    gid: 'snapshot.gid',
};
const STEPS = SNAPSHOT_STEPS;
const CLIENT = 'c2sSnapshotClient';
/** Client: asks for a snapshot and returns its gid. */
export async function askSnapshot(channel, volId) {
    await sendWords(channel, [volId], CLIENT);
    const reply = await channel.readString(STEPS.reply);
    if (reply !== OK)
        throw new ProtocolError(`${CLIENT}:not ok:${withoutTrace(reply)}`);
    return channel.readNumber(STEPS.gid);
}
/** Server: the snapshot is durable and has this gid. */
export async function replySnapshot(channel, gid) {
    channel.out.string(OK);
    channel.out.u64(gid);
    await channel.finish(STEPS.sendGid);
}
