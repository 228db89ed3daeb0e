import { FormatError, ProtocolError } from '../errors.ts';
import type { Uuid } from '../format/uuid.ts';
import type { MetaState } from '../snapshot/meta.ts';
import { writeMetaState } from '../snapshot/meta-codec.ts';
import { type Channel, withoutTrace } from './channel.ts';
import { ACCEPT, receiveWords } from './command.ts';
import { parseVolId } from './params.ts';

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
} as const;

const STEPS = REPL_SYNC_STEPS;
const CLIENT = 'c2aReplSyncClient';
const SERVER = 'c2aReplicateServer';

/** What the server needs first; "diffs" is nothing before the loop. */
const KINDS = ['full', 'resync', 'diffs'] as const;
export type ReplKind = (typeof KINDS)[number];

/** How the client goes on. */
const DECISIONS = ['stop', 'hash', 'diff'] as const;
export type ReplDecision = (typeof DECISIONS)[number];

/** Said to a client that may not resync but would have to. */
export const RESYNC_REFUSED = 'resync is required but not allowed';

/** Client: asks for a volume. Throws ProtocolError with the server's text when refused. */
export async function requestReplication(channel: Channel, volId: string): Promise<void> {
  channel.out.strings([volId]);
  await channel.flush(STEPS.sendVolume);
  await expectAccept(channel, STEPS.reply);
}

/** Server: reads which volume. */
export async function receiveReplVolume(channel: Channel): Promise<string> {
  const [volId] = await receiveWords(channel, SERVER, 1);
  return parseVolId(volId);
}

/** Server: the volume may be replicated into. */
export async function acceptReplication(channel: Channel): Promise<void> {
  channel.out.string(ACCEPT);
  await channel.flush(STEPS.sendAccept);
}

/** Server: refuses, here or in any part, and closes. Never throws. */
export async function refuseRepl(channel: Channel, text: string): Promise<void> {
  await channel.fail(text, STEPS.sendRefusal);
}

/** What the client says of itself. */
export interface Lineage {
  /** New with every full backup: equal ids have a common history. */
  readonly archiveUuid: Uuid;
  readonly doResync: boolean;
}

/** Client: says its lineage and hears what the server needs. ProtocolError for a resync that was not allowed. */
export async function sayLineage(channel: Channel, lineage: Lineage): Promise<ReplKind> {
  channel.out.raw(lineage.archiveUuid);
  channel.out.bool(lineage.doResync);
  await channel.flush(STEPS.sendLineage);
  await expectAccept(channel, STEPS.kindReply);
  const kind = pick(KINDS, await channel.readU32(STEPS.kind), 'a kind of replication');
  if (kind === 'resync' && !lineage.doResync) throw new ProtocolError(`${CLIENT}:${RESYNC_REFUSED}`);
  return kind;
}

/** Server: reads the client's lineage. */
export async function receiveLineage(channel: Channel): Promise<Lineage> {
  const archiveUuid = await channel.readUuid(STEPS.archiveUuid);
  return { archiveUuid, doResync: await channel.readBool(STEPS.doResync) };
}

/** Server: says what it needs. */
export async function sayKind(channel: Channel, kind: ReplKind): Promise<void> {
  channel.out.string(ACCEPT);
  channel.out.u32(KINDS.indexOf(kind));
  await channel.flush(STEPS.sendKind);
}

/** Server: says its latest state; everything up to it is durable. */
export async function sayLatest(channel: Channel, latest: MetaState): Promise<void> {
  writeMetaState(channel.out, latest);
  await channel.flush(STEPS.sendLatest);
}

/** Client: hears how far the server is. */
export async function readLatest(channel: Channel): Promise<MetaState> {
  return channel.readMetaState(STEPS.latest);
}

/** Client: goes on, or ends the loop. */
export async function sayDecision(channel: Channel, decision: ReplDecision): Promise<void> {
  channel.out.u32(DECISIONS.indexOf(decision));
  await channel.flush(STEPS.sendDecision);
}

/** Server: hears how the client goes on. */
export async function receiveDecision(channel: Channel): Promise<ReplDecision> {
  return pick(DECISIONS, await channel.readU32(STEPS.decision), 'a decision');
}

/** Client, behind "stop": waits for the server's end and closes. */
export async function readReplEnd(channel: Channel): Promise<void> {
  await channel.readAck(STEPS.end);
  channel.close();
}

/** Server, behind "stop". */
export async function finishReplication(channel: Channel): Promise<void> {
  channel.putAck();
  await channel.finish(STEPS.sendEnd);
}

async function expectAccept(channel: Channel, step: string): Promise<void> {
  const reply = await channel.readString(step);
  if (reply !== ACCEPT) throw new ProtocolError(withoutTrace(reply));
}

function pick<T>(values: readonly T[], index: number, what: string): T {
  if (index < values.length) return values[index];
  throw new FormatError(`${what} of 0 to ${values.length - 1} is expected, got ${index}`);
}
