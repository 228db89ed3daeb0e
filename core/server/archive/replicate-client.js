import { IoError, StateError } from '../../errors.js';
import { readLatest, readReplEnd, requestReplication, sayDecision, sayLineage, } from '../../protocol/repl-sync.js';
import { gidOrder, makeState } from '../../snapshot/meta.js';
import { diffListToMaterialize } from '../../snapshot/state-query.js';
import { MIB } from '../../units.js';
import { openConversation } from '../shared/client.js';
import { beginAction } from './admission.js';
import { sendDiffRepl, sendFullRepl, sendHashRepl, sendResyncRepl } from './replicate-sending.js';
import { ACTION, ACTIVE_STATES, DENIED_BY } from './states.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
import { requireLatest } from './volume.js';
const FUNC = 'c2aReplicateServer';
/** Begins a replication once the other archive has agreed, or throws what the operator is told. */
export async function admitReplicate(server, volume, request) {
    const endAction = await volume.mutex.run(() => beginAction(server, volume, ACTION.replSyncAsClient, FUNC, {
        notStopping: true,
        states: ACTIVE_STATES,
        denied: DENIED_BY.apply,
    }));
    try {
        const conversation = await connect(server, volume, request.replica);
        return {
            run: () => replicate(server, volume, conversation, request),
            end: () => {
                conversation.channel.close();
                endAction();
            },
        };
    }
    catch (error) {
        endAction();
        throw error;
    }
}
async function connect(server, volume, replica) {
    let conversation;
    try {
        const { world } = volume;
        conversation = await openConversation(world, replica.address, 'repl-sync3', server.options, STEPS.replConnect);
    }
    catch (error) {
        if (error instanceof IoError && error.code === 'ECONNREFUSED') {
            throw new IoError(error.code, 'Socket::connect:bad socket:Connection refused(111)');
        }
        throw error;
    }
    try {
        await requestReplication(conversation.channel, volume.volId);
    }
    catch (error) {
        conversation.channel.close();
        throw error;
    }
    return conversation;
}
async function replicate(server, volume, { channel, serverId }, { until, replica }) {
    const { files, world } = volume;
    const note = (state) => noteReplicated(server, volume, serverId, state);
    const kind = await sayLineage(channel, {
        archiveUuid: await files.loadArchiveUuid(),
        doResync: replica.doResync,
    });
    let isTransferred = kind !== 'diffs';
    if (kind === 'full')
        note(await sendFullRepl(server, volume, channel, replica));
    else if (kind === 'resync')
        note(await sendResyncRepl(server, volume, channel, replica));
    for (;;) {
        const theirs = await readLatest(channel);
        const decision = await decide(volume, theirs, until);
        await sayDecision(channel, decision);
        if (decision === 'stop') {
            await readReplEnd(channel);
            if (!isTransferred)
                note(theirs);
            world.log.info(`replication succeeded:${volume.volId}:${serverId}`);
            return;
        }
        const send = decision === 'hash' ? sendHashRepl : sendDiffRepl;
        note(await send(server, volume, channel, replica, theirs));
        isTransferred = true;
    }
}
/** How to go on when the other archive is at `theirs`. */
async function decide(volume, theirs, until) {
    const latest = requireLatest(volume, FUNC);
    const base = await volume.files.loadBase();
    const theirGid = gidOrder(theirs.snapB.gidB);
    if (theirGid >= gidOrder(latest.snapB.gidB))
        return 'stop';
    if (theirGid < gidOrder(base.snapB.gidB))
        return 'hash';
    const diffs = diffListToMaterialize(volume.wdiffs.set, makeState(theirs.snapB, theirs.timestamp), latest.snapB.gidB ?? 0, false);
    if (diffs === null || diffs.length === 0) {
        throw new StateError(`${FUNC}:timing problem may occur:${volume.volId}`);
    }
    if (until.kind === 'gid')
        return until.gid <= gidOrder(diffs[0].snapB.gidB) ? 'stop' : 'diff';
    if (until.mib === 0)
        return 'diff';
    const totalBytes = diffs.reduce((sum, diff) => sum + diff.dataSizeBytes, 0);
    return totalBytes > until.mib * MIB ? 'diff' : 'stop';
}
/** Remembers, for `ts-delta`, how far another archive is. */
function noteReplicated(server, volume, destId, state) {
    const known = server.replicated.get(volume.volId) ?? new Map();
    known.set(destId, state);
    server.replicated.set(volume.volId, known);
}
