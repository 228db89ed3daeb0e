import { AbortedError, errorText, ProtocolError } from '../../errors.js';
import { requestBackup, sendLogUuid, sendSyncedSnap, } from '../../protocol/backup-parts.js';
import { withoutTrace } from '../../protocol/channel.js';
import { receiveWords, replyAccept } from '../../protocol/command.js';
import { parseBackup } from '../../protocol/command-words.js';
import { sendFullImage } from '../../protocol/dirty-full-sync.js';
import { hashSeedOf, readSnapFrom } from '../../protocol/dirty-hash-sync.js';
import { sendDifferences } from '../../protocol/hash-sync-stream.js';
import { makeSnap } from '../../snapshot/meta.js';
import { openConversation } from '../shared/client.js';
import { refuse } from '../shared/handlers.js';
import { resetWlog } from './life-cycle.js';
import { pushTask, startMonitoring, stopMonitoring } from './monitoring.js';
import { takeSnapshot } from './snapshot.js';
import { STORAGE_STEPS as STEPS } from './steps.js';
import { ScanThrottle } from './throttle.js';
import { getVolume, requireDevice, volumeWorld } from './volume.js';
const FUNC = 'backupClient';
/** What differs between a full and a hash backup. */
const KINDS = {
    full: { via: 'FullSync', protocol: 'dirty-full-sync3' },
    hash: { via: 'HashSync', protocol: 'dirty-hash-sync2' },
};
/**
 * `full-bkp` and `hash-bkp` (docs/operations.md, "Backups"): the command is answered when the archive has
 * answered, and the work begins when the operator's connection is closed. On any failure the volume is back in
 * SyncReady.
 */
export function backupCommand(server, kind) {
    return async (session) => {
        let endForeground = () => { };
        try {
            let volume;
            let request;
            let transition;
            try {
                const { volId, bulkLb } = parseBackup(await receiveWords(session.channel, FUNC));
                volume = await getVolume(server, volId);
                endForeground = server.foreground.begin(FUNC);
                transition = await volume.mutex.run(() => {
                    volume.stopState.verify(['NotStopping'], volId, FUNC);
                    return volume.states.begin(FUNC, 'SyncReady', KINDS[kind].via);
                });
                const compression = server.options.syncCompression;
                request = { volId, timestamp: server.world.clock.wallTimeS(), bulkLb, compression };
            }
            catch (error) {
                await refuse(session, error);
                return;
            }
            try {
                await backUp(server, volume, kind, request, transition, session);
            }
            catch (error) {
                stopMonitoring(server, volume);
                if (!(error instanceof AbortedError))
                    throw error;
                session.world.log.warning(`${FUNC}:force stopped:${volume.volId}`);
            }
            finally {
                transition.rollback();
            }
        }
        finally {
            endForeground();
        }
    };
}
async function backUp(server, volume, kind, parts, transition, session) {
    const world = volumeWorld(server, volume, `${kind}-bkp`);
    const path = requireDevice(volume, FUNC);
    let archive;
    let request;
    try {
        request = { ...parts, sizeLb: await world.devices.sizeLb(path, STEPS.readDevice) };
        archive = await requestAtArchive(server, world, kind, request);
    }
    catch (error) {
        await refuse(session, error);
        return;
    }
    try {
        await replyAccept(session.channel);
        const gidB = kind === 'full' ? 0 : await nextGidOfArchive(archive);
        await resetWlog(server, volume, gidB);
        await sendLogUuid(archive, await volume.files.loadUuid());
        await startMonitoring(server, volume);
        await sendVolume(server, volume, world, archive, kind, request);
        const gidE = await takeSnapshot(server, volume, false);
        pushTask(server, volume, 0);
        await sendSyncedSnap(archive, makeSnap(gidB, gidE));
        await becomeTarget(volume, transition);
        world.log.info(`${kind}-bkp succeeded:${volume.volId}:${gidB}:${gidE}`);
    }
    finally {
        archive.close();
    }
}
/** Asks the archive. Throws ProtocolError with its text when it does not accept. */
async function requestAtArchive(server, world, kind, request) {
    const { archive } = server.options;
    const { protocol } = KINDS[kind];
    const { channel, serverId } = await openConversation(world, archive, protocol, server.options, STEPS.backupConnect);
    try {
        const refusal = await requestBackup(channel, request);
        if (refusal === null)
            return channel;
        throw new ProtocolError(`${FUNC}:not accepted by archive:${serverId}:${withoutTrace(refusal)}`);
    }
    catch (error) {
        channel.close();
        throw error;
    }
}
/** The gid that the log goes on from: beyond all that the archive has. */
async function nextGidOfArchive(archive) {
    const snapFrom = await readSnapFrom(archive);
    if (snapFrom.gidE === null)
        throw new ProtocolError(`${FUNC}:the archive has no snapshot to go on from`);
    return snapFrom.gidE + 1;
}
async function sendVolume(server, volume, world, archive, kind, request) {
    const { bulkLb, sizeLb, compression, timestamp } = request;
    const device = await world.devices.openDevice(requireDevice(volume, FUNC), STEPS.backupOpenDevice);
    const throttle = new ScanThrottle(world.clock, () => server.fullScanLbPerS);
    const common = {
        compression,
        codecs: world.codecs,
        readChunk: (addressLb, chunkLb) => device.read(addressLb, chunkLb, STEPS.backupRead),
        shouldStop: () => volume.stopState.isForced || server.status.isForced,
        throttle: (chunkLb) => throttle.sent(chunkLb),
    };
    try {
        if (kind === 'full')
            await sendFullImage(archive, { ...common, plan: { startLb: 0, sizeLb, bulkLb } });
        else
            await sendDifferences(archive, { ...common, plan: { sizeLb, bulkLb, seed: hashSeedOf(timestamp) } });
    }
    finally {
        device.close();
    }
}
/** The archive has everything: Stopped in memory for a moment, then Target, on disk first. */
async function becomeTarget(volume, transition) {
    await volume.mutex.run(async () => {
        transition.commit('Stopped');
        const start = volume.states.begin(FUNC, 'Stopped', 'StartTarget');
        try {
            await volume.files.saveState('Target');
            start.commit('Target');
        }
        catch (error) {
            // The file still says SyncReady; memory must not say more.
            start.rollback();
            volume.states.set('SyncReady');
            throw new Error(`${FUNC}:the archive has the backup, but the state could not be saved: ${errorText(error)}`);
        }
    });
}
