import { errorText, ProtocolError } from '../../errors.js';
import { uuidEquals } from '../../format/uuid.js';
import { acceptReplication, finishReplication, RESYNC_REFUSED, receiveDecision, receiveLineage, receiveReplVolume, refuseRepl, sayKind, sayLatest, } from '../../protocol/repl-sync.js';
import { verifyAdmission } from './admission.js';
import { receiveDiffRepl, receiveFullRepl, receiveHashRepl, receiveResyncRepl } from './replicate-parts.js';
import { REPL_SERVER as FUNC, Reservation } from './reservation.js';
import { DENIED_BY } from './states.js';
import { getVolume, requireLatest } from './volume.js';
/** `repl-sync3`: another archive sends its copy (docs/protocols.md, "Replication"). */
export function replicationHandler(server) {
    return async (session) => {
        const { channel } = session;
        let volume;
        let reservation;
        let endForeground;
        try {
            volume = getVolume(server, await receiveReplVolume(channel));
            ({ reservation, endForeground } = await admit(server, volume));
        }
        catch (error) {
            session.world.log.error(`${FUNC}:${errorText(error)}`);
            await refuseRepl(channel, errorText(error));
            return;
        }
        try {
            await acceptReplication(channel);
            await serveReplication(server, volume, channel, reservation);
        }
        finally {
            reservation.end();
            endForeground();
        }
        await finishReplication(channel);
    };
}
function admit(server, volume) {
    return volume.mutex.run(() => {
        const endForeground = server.foreground.begin(FUNC);
        try {
            const admission = {
                notStopping: true,
                denied: DENIED_BY.everything,
                states: ['SyncReady', 'Archived'],
            };
            verifyAdmission(volume, admission, FUNC);
            return { reservation: new Reservation(volume), endForeground };
        }
        catch (error) {
            endForeground();
            throw error;
        }
    });
}
async function serveReplication(server, volume, channel, reservation) {
    const lineage = await receiveLineage(channel);
    const kind = await chooseKind(volume, reservation, lineage);
    if (kind === null) {
        await refuseRepl(channel, RESYNC_REFUSED);
        throw new ProtocolError(`${FUNC}:${volume.volId}:${RESYNC_REFUSED}`);
    }
    await sayKind(channel, kind);
    if (kind === 'full') {
        await receiveFullRepl(server, volume, channel, lineage.archiveUuid);
        reservation.becomeArchived();
    }
    else if (kind === 'resync') {
        await receiveResyncRepl(server, volume, channel, reservation);
        reservation.becomeArchived();
    }
    for (;;) {
        await sayLatest(channel, requireLatest(volume, FUNC));
        const decision = await receiveDecision(channel);
        if (decision === 'stop')
            return;
        if (decision === 'hash')
            await receiveHashRepl(server, volume, channel);
        else
            await receiveDiffRepl(server, volume, channel);
    }
}
/** What the volume needs first; null when that is a resync and the client does not allow it. */
async function chooseKind(volume, reservation, { archiveUuid, doResync }) {
    if (!reservation.isArchived)
        return doResync && volume.lvs.baseLb !== null ? 'resync' : 'full';
    const isSame = uuidEquals(await volume.files.loadArchiveUuid(), archiveUuid);
    if (isSame && !doResync)
        return 'diffs';
    return doResync ? 'resync' : null;
}
