import { errorText, IoError, StateError } from '../../errors.ts';
import type { Until } from '../../protocol/command-words.ts';
import {
  type ReplDecision,
  readLatest,
  readReplEnd,
  requestReplication,
  sayDecision,
  sayLineage,
} from '../../protocol/repl-sync.ts';
import type { HostInfoForRepl } from '../../protocol/settings.ts';
import { gidOrder, type MetaState, makeState } from '../../snapshot/meta.ts';
import { diffListToMaterialize, restorableList } from '../../snapshot/state-query.ts';
import { MIB } from '../../units.ts';
import { type Conversation, openConversation } from '../shared/client.ts';
import { type AdmittedWork, beginAction } from './admission.ts';
import { sendDiffRepl, sendFullRepl, sendHashRepl, sendResyncRepl } from './replicate-sending.ts';
import { tellsAnotherLog } from './same-log.ts';
import { ACTION, ACTIVE_STATES, DENIED_BY } from './states.ts';
import { ARCHIVE_STEPS as STEPS } from './steps.ts';
import { type ArchiveServer, type ArchiveVolume, requireLatest } from './volume.ts';

const FUNC = 'c2aReplicateServer';

export interface ReplicateRequest {
  readonly until: Until;
  readonly replica: HostInfoForRepl;
}

/** Begins a replication once the other archive has agreed, or throws what the operator is told. */
export async function admitReplicate(
  server: ArchiveServer,
  volume: ArchiveVolume,
  request: ReplicateRequest,
): Promise<AdmittedWork> {
  const endAction = await volume.mutex.run(() =>
    beginAction(server, volume, ACTION.replSyncAsClient, FUNC, {
      notStopping: true,
      states: ACTIVE_STATES,
      denied: DENIED_BY.apply,
    }),
  );
  try {
    let conversation = await connect(server, volume, request.replica);
    return {
      run: async () => {
        try {
          await replicate(server, volume, conversation, request, false);
        } catch (error) {
          if (!tellsAnotherLog(error)) throw error;
          volume.world.log.info(`${FUNC}:${volume.volId}:compares instead:${errorText(error)}`);
          conversation.channel.close();
          conversation = await connect(server, volume, request.replica);
          await replicate(server, volume, conversation, request, true);
        }
      },
      end: () => {
        conversation.channel.close();
        endAction();
      },
    };
  } catch (error) {
    endAction();
    throw error;
  }
}

async function connect(
  server: ArchiveServer,
  volume: ArchiveVolume,
  replica: HostInfoForRepl,
): Promise<Conversation> {
  let conversation: Conversation;
  try {
    const { world } = volume;
    conversation = await openConversation(
      world,
      replica.address,
      'repl-sync3',
      server.options,
      STEPS.replConnect,
    );
  } catch (error) {
    if (error instanceof IoError && error.code === 'ECONNREFUSED') {
      throw new IoError(error.code, 'Socket::connect:bad socket:Connection refused(111)');
    }
    throw error;
  }
  try {
    await requestReplication(conversation.channel, volume.volId);
  } catch (error) {
    conversation.channel.close();
    throw error;
  }
  return conversation;
}

/**
 * One conversation. `comparesFirst`: the other archive takes no diff here, for its latest snapshot may be of another log
 * (same-log.ts); what differs from it brings it onto this one, whatever it is.
 */
async function replicate(
  server: ArchiveServer,
  volume: ArchiveVolume,
  { channel, serverId }: Conversation,
  { until, replica }: ReplicateRequest,
  comparesFirst: boolean,
): Promise<void> {
  const { files, world } = volume;
  const note = (state: MetaState) => noteReplicated(server, volume, serverId, state);
  const kind = await sayLineage(channel, {
    archiveUuid: await files.loadArchiveUuid(),
    doResync: replica.doResync,
  });
  let isTransferred = kind !== 'diffs';
  if (kind === 'full') note(await sendFullRepl(server, volume, channel, replica));
  else if (kind === 'resync') note(await sendResyncRepl(server, volume, channel, replica));
  for (;;) {
    const theirs = await readLatest(channel);
    const decided = await decide(volume, theirs, until);
    const compares = decided === 'diff' && comparesFirst && !isTransferred;
    const target = compares ? nextClean(volume, theirs, await volume.files.loadBase()) : null;
    const decision = target === null ? decided : 'hash';
    await sayDecision(channel, decision);
    if (decision === 'stop') {
      await readReplEnd(channel);
      if (!isTransferred) note(theirs);
      world.log.info(`replication succeeded:${volume.volId}:${serverId}`);
      return;
    }
    if (decision === 'hash') note(await sendHashRepl(server, volume, channel, replica, theirs, target));
    else note(await sendDiffRepl(server, volume, channel, replica, theirs));
    isTransferred = true;
  }
}

/** How to go on when the other archive is at `theirs`. */
async function decide(volume: ArchiveVolume, theirs: MetaState, until: Until): Promise<ReplDecision> {
  const latest = requireLatest(volume, FUNC);
  const base = await volume.files.loadBase();
  const theirGid = gidOrder(theirs.snapB.gidB);
  if (theirGid >= gidOrder(latest.snapB.gidB)) return 'stop';
  if (theirGid < gidOrder(base.snapB.gidB)) return 'hash';
  const diffs = diffListToMaterialize(
    volume.wdiffs.set,
    makeState(theirs.snapB, theirs.timestamp),
    latest.snapB.gidB ?? 0,
    false,
  );
  if (diffs === null || diffs.length === 0) {
    throw new StateError(`${FUNC}:timing problem may occur:${volume.volId}`);
  }
  if (until.kind === 'gid') return until.gid <= gidOrder(diffs[0].snapB.gidB) ? 'stop' : 'diff';
  if (until.mib === 0) return 'diff';
  const totalBytes = diffs.reduce((sum, diff) => sum + diff.dataSizeBytes, 0);
  return totalBytes > until.mib * MIB ? 'diff' : 'stop';
}

/** The oldest snapshot here behind `theirs` whose content is of one time; null when there is none yet. */
function nextClean(volume: ArchiveVolume, theirs: MetaState, base: MetaState): MetaState | null {
  const { gidB, gidE } = theirs.snapB;
  const isBehind = ({ snapB }: MetaState) =>
    gidOrder(snapB.gidB) > gidOrder(gidB) && gidOrder(snapB.gidB) >= gidOrder(gidE);
  return restorableList(volume.wdiffs.set, base, true).find(isBehind) ?? null;
}

/** Remembers, for `ts-delta`, how far another archive is. */
function noteReplicated(
  server: ArchiveServer,
  volume: ArchiveVolume,
  destId: string,
  state: MetaState,
): void {
  const known = server.replicated.get(volume.volId) ?? new Map<string, MetaState>();
  known.set(destId, state);
  server.replicated.set(volume.volId, known);
}
