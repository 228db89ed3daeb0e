import { FormatError, ProtocolError } from '../errors.js';
import { writeMetaState } from '../snapshot/meta-codec.js';
import { withoutTrace } from './channel.js';
import { ACCEPT, receiveWords } from './command.js';
import { parseVolId } from './params.js';
/**
 * Replication, protocol `repl-sync3`, archive to archive (docs/protocols.md, "Replication"), after the
 * negotiation:
 *
 *     C> list: volId                                       requestReplication | receiveReplVolume
 *     S> "accept"  or an error text and the end                               | acceptReplication, refuseRepl
 *     C> archive uuid, resync allowed?                             sayLineage | receiveLineage
 *     S> "accept", kind  or an error text and the end                         | sayKind, refuseRepl
 *        kind full:   repl-full.ts
 *        kind resync: repl-resync.ts
 *     then again and again
 *     S> its latest state                                          readLatest | sayLatest
 *     C> decision                                                 sayDecision | receiveDecision
 *        hash: repl-hash.ts
 *        diff: repl-diff.ts
 *        stop: the end
 *     S> Ack                                                      readReplEnd | finishReplication
 *
 * The server alone picks the kind, the client alone decides how to go on. In the parts the server answers "ok"
 * or an error text that ends the whole conversation. A state that the server says is durable there.
 */
export const REPL_SYNC_STEPS = {
    sendVolume: 'repl-sync.send-volume',
    sendAccept: 'repl-sync.send-accept',
    sendRefusal: 'repl-sync.send-refusal',
    reply: 'repl-sync.reply',
    sendLineage: 'repl-sync.send-lineage',
    archiveUuid: 'repl-sync.archive-uuid',
    doResync: 'repl-sync.do-resync',
    sendKind: 'repl-sync.send-kind',
    kindReply: 'repl-sync.kind-reply',
    kind: 'repl-sync.kind',
    sendLatest: 'repl-sync.send-latest',
    latest: 'repl-sync.latest',
    sendDecision: 'repl-sync.send-decision',
    decision: 'repl-sync.decision',
    sendEnd: 'repl-sync.send-end',
    end: 'repl-sync.end',
};
const STEPS = REPL_SYNC_STEPS;
const CLIENT = 'c2aReplSyncClient';
const SERVER = 'c2aReplicateServer';
/** What the server needs first; "diffs" is nothing before the loop. */
const KINDS = ['full', 'resync', 'diffs'];
/** How the client goes on. */
const DECISIONS = ['stop', 'hash', 'diff'];
/** Said to a client that may not resync but would have to. */
export const RESYNC_REFUSED = 'resync is required but not allowed';
/** Client: asks for a volume. Throws ProtocolError with the server's text when refused. */
export async function requestReplication(channel, volId) {
    channel.out.strings([volId]);
    await channel.flush(STEPS.sendVolume);
    await expectAccept(channel, STEPS.reply);
}
/** Server: reads which volume. */
export async function receiveReplVolume(channel) {
    const [volId] = await receiveWords(channel, SERVER, 1);
    return parseVolId(volId);
}
/** Server: the volume may be replicated into. */
export async function acceptReplication(channel) {
    channel.out.string(ACCEPT);
    await channel.flush(STEPS.sendAccept);
}
/** Server: refuses, here or in any part, and closes. Never throws. */
export async function refuseRepl(channel, text) {
    await channel.fail(text, STEPS.sendRefusal);
}
/** Client: says its lineage and hears what the server needs. ProtocolError for a resync that was not allowed. */
export async function sayLineage(channel, lineage) {
    channel.out.raw(lineage.archiveUuid);
    channel.out.bool(lineage.doResync);
    await channel.flush(STEPS.sendLineage);
    await expectAccept(channel, STEPS.kindReply);
    const kind = pick(KINDS, await channel.readU32(STEPS.kind), 'a kind of replication');
    if (kind === 'resync' && !lineage.doResync)
        throw new ProtocolError(`${CLIENT}:${RESYNC_REFUSED}`);
    return kind;
}
/** Server: reads the client's lineage. */
export async function receiveLineage(channel) {
    const archiveUuid = await channel.readUuid(STEPS.archiveUuid);
    return { archiveUuid, doResync: await channel.readBool(STEPS.doResync) };
}
/** Server: says what it needs. */
export async function sayKind(channel, kind) {
    channel.out.string(ACCEPT);
    channel.out.u32(KINDS.indexOf(kind));
    await channel.flush(STEPS.sendKind);
}
/** Server: says its latest state; everything up to it is durable. */
export async function sayLatest(channel, latest) {
    writeMetaState(channel.out, latest);
    await channel.flush(STEPS.sendLatest);
}
/** Client: hears how far the server is. */
export async function readLatest(channel) {
    return channel.readMetaState(STEPS.latest);
}
/** Client: goes on, or ends the loop. */
export async function sayDecision(channel, decision) {
    channel.out.u32(DECISIONS.indexOf(decision));
    await channel.flush(STEPS.sendDecision);
}
/** Server: hears how the client goes on. */
export async function receiveDecision(channel) {
    return pick(DECISIONS, await channel.readU32(STEPS.decision), 'a decision');
}
/** Client, behind "stop": waits for the server's end and closes. */
export async function readReplEnd(channel) {
    await channel.readAck(STEPS.end);
    channel.close();
}
/** Server, behind "stop". */
export async function finishReplication(channel) {
    channel.putAck();
    await channel.finish(STEPS.sendEnd);
}
async function expectAccept(channel, step) {
    const reply = await channel.readString(step);
    if (reply !== ACCEPT)
        throw new ProtocolError(withoutTrace(reply));
}
function pick(values, index, what) {
    if (index < values.length)
        return values[index];
    throw new FormatError(`${what} of 0 to ${values.length - 1} is expected, got ${index}`);
}
