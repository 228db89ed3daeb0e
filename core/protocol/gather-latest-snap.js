import { ProtocolError } from '../errors.js';
import { writeSnapshotInfo } from '../snapshot/snapshot-info.js';
import { LIMITS, withoutTrace } from './channel.js';
import { ACCEPT } from './command.js';
import { OK } from './negotiation.js';
/**
 * A storage server asks its archive how far the archive's copies are (docs/protocols.md,
 * "gather-latest-snap"), after the negotiation:
 *
 *     C> "ok", list of volIds         the list may be empty
 *     S> "accept", a latest snapshot for each, in the same order, "ok"
 *
 * Instead of "ok" the client may send an error text and close; instead of "accept" the server may.
 */
export const GATHER_LATEST_SNAP_STEPS = {
    sendRequest: 'gather-latest-snap.send-request',
    clientWord: 'gather-latest-snap.client-word',
    volIds: 'gather-latest-snap.vol-ids',
    sendReply: 'gather-latest-snap.send-reply',
    reply: 'gather-latest-snap.reply',
    snapshots: 'gather-latest-snap.snapshots',
    end: 'gather-latest-snap.end',
};
const STEPS = GATHER_LATEST_SNAP_STEPS;
const CLIENT = 'gatherLatestSnap';
/** Client: asks about volumes. The answer has the same volumes in the same order, else ProtocolError. */
export async function askLatestSnaps(channel, volIds) {
    channel.out.string(OK);
    channel.out.strings(volIds);
    await channel.flush(STEPS.sendRequest);
    const reply = await channel.readString(STEPS.reply);
    if (reply !== ACCEPT)
        throw new ProtocolError(`${CLIENT}:${withoutTrace(reply)}`);
    const count = await channel.readNumber(STEPS.snapshots);
    if (count !== volIds.length) {
        throw new ProtocolError(`${CLIENT}:${volIds.length} snapshots are expected, got ${count}`);
    }
    const snaps = [];
    for (const expected of volIds) {
        const volume = await channel.readString(STEPS.snapshots);
        if (volume !== expected)
            throw new ProtocolError(`${CLIENT}:${expected} is expected, got ${volume}`);
        const gid = await channel.readU64(STEPS.snapshots);
        const timestamp = await channel.readNumber(STEPS.snapshots);
        snaps.push({ volume, gid, timestamp, lsid: await channel.readU64(STEPS.snapshots) });
    }
    const end = await channel.readString(STEPS.end);
    if (end !== OK)
        throw new ProtocolError(`${CLIENT}:${withoutTrace(end)}`);
    return snaps;
}
/** Client: says why it cannot ask, and closes. Never throws. */
export async function giveUpGathering(channel, text) {
    await channel.fail(text, STEPS.sendRequest);
}
/** Server: reads the volumes asked about. Throws ProtocolError with the client's text when it gave up. */
export async function receiveGatherRequest(channel) {
    const word = await channel.readString(STEPS.clientWord);
    if (word !== OK)
        throw new ProtocolError(`gatherLatestSnapServer:${withoutTrace(word)}`);
    return channel.readStrings(STEPS.volIds, LIMITS.listCount);
}
/** Server: answers. Unknown volumes have gid null, timestamp 0, lsid null. */
export async function replyLatestSnaps(channel, snaps) {
    const { out } = channel;
    out.string(ACCEPT);
    out.u64(snaps.length);
    for (const snap of snaps)
        writeSnapshotInfo(out, snap);
    out.string(OK);
    await channel.finish(STEPS.sendReply);
}
