import { IndexedWdiffWriter } from '../../engine/indexed-wdiff-writer.js';
import { SNAPPY } from '../../engine/io-codec.js';
import { plainIoOfLog } from '../../engine/plain-io.js';
import { AbortedError, errorText, StateError } from '../../errors.js';
import { acceptWlog, finishWlog, receiveLogPacks, receiveWlogDiff, receiveWlogRequest, refuseWlog, } from '../../protocol/wlog-transfer.js';
import { wdiffFileName } from '../../snapshot/wdiff-name.js';
import { MIB } from '../../units.js';
import { FileSink } from '../shared/file-stream.js';
import { publishFile, temporaryName, unlinkIfThere } from '../shared/persist.js';
import { isOfOneLog, linkReceived } from './registration.js';
import { PROXY_STEPS as STEPS } from './steps.js';
import { getVolume, loadArchiveInfo, pushSend, saveSize, sortedArchives, } from './volume.js';
const FUNC = 's2pWlogTransferServer';
/**
 * `wlog-transfer`: a piece of log comes and becomes a diff (docs/operations.md, "Reception of a wlog"). The
 * storage is acknowledged when the diff is durable, registered for every archive, and the volume ready for more.
 */
export function wlogTransferHandler(server) {
    return async (session) => {
        let endForeground = () => { };
        let admitted;
        let transition;
        try {
            const request = await receiveWlogRequest(session.channel);
            const volume = await getVolume(server, request.volId);
            admitted = { request, volume };
            transition = await volume.mutex.run(async () => {
                endForeground = server.foreground.begin(FUNC);
                await verifyFreeSpace(server, request);
                volume.stopState.verify(['NotStopping'], request.volId, FUNC);
                const { state } = volume.states;
                if (state !== 'Started')
                    throw new StateError(`${FUNC}:bad state:${state}`, state, ['Started']);
                // Nobody would get what is acknowledged.
                if (volume.archives.size === 0)
                    throw new StateError(`${FUNC}:no archive:${request.volId}`);
                return volume.states.begin(FUNC, 'Started', 'WlogRecv');
            });
        }
        catch (error) {
            endForeground();
            session.world.log.warning(`[${session.clientId}] ${errorText(error)}`);
            await refuseWlog(session.channel, errorText(error));
            return;
        }
        try {
            await acceptWlog(session.channel);
            await receive(server, admitted.volume, admitted.request, session);
            transition.commit('Started');
        }
        catch (error) {
            if (!(error instanceof AbortedError))
                throw error;
            session.world.log.warning(`${FUNC}:force stopped wlog receiving:${admitted.volume.volId}`);
            return;
        }
        finally {
            transition.rollback();
            endForeground();
        }
        await finishWlog(session.channel);
    };
}
async function verifyFreeSpace(server, request) {
    const freeBytes = await server.world.files.freeBytes(server.options.baseDirectory, STEPS.freeSpace);
    const availableMib = Math.floor(freeBytes / MIB);
    const neededMib = Math.floor((request.maxLogSizePb * request.physicalBlockBytes) / MIB) + 1;
    if (availableMib < neededMib) {
        throw new StateError(`${FUNC}:Not enough available disk space:${availableMib}:${neededMib}`);
    }
}
async function receive(server, volume, request, session) {
    const world = session.world.labelled({ task: 'wlog-transfer', volume: volume.volId });
    const directory = volume.received.directory;
    const temporary = `${directory}/${temporaryName(world.random)}`;
    let diff;
    try {
        const dataSizeBytes = await convert(server, volume, request, session, world, temporary);
        diff = { ...(await receiveWlogDiff(session.channel)), dataSizeBytes };
        await publishFile(world.files, directory, temporary, wdiffFileName(diff), STEPS.publishReceived);
    }
    catch (error) {
        await unlinkIfThere(world.files, temporary, STEPS.receiveFile);
        throw error;
    }
    await register(server, volume, diff, request);
}
/** Streams the log into an indexed wdiff, synced; returns its size. */
async function convert(server, volume, request, session, world, path) {
    const handle = await world.files.open(path, 'create-new', STEPS.receiveFile);
    try {
        const sink = new FileSink(handle, STEPS.receiveFile);
        const writer = await IndexedWdiffWriter.open(sink, request.uuid, {
            compression: SNAPPY,
            pool: world.codecs,
        });
        const shouldStop = () => volume.stopState.isForced || server.status.isForced;
        for await (const pack of receiveLogPacks(session.channel, request, world.codecs, { shouldStop })) {
            for (let i = 0; i < pack.header.records.length; i++) {
                const data = pack.data[i] ?? new Uint8Array(0);
                const io = plainIoOfLog(pack.header.records[i], data, request.salt);
                if (io !== null)
                    await writer.add(io);
            }
        }
        await writer.close();
        await sink.flush();
        await handle.sync(STEPS.receiveFile);
        return sink.sizeBytes;
    }
    finally {
        handle.close();
    }
}
/** Makes a durable diff known to every archive and queues the sends. */
async function register(server, volume, diff, request) {
    const { world } = server;
    await volume.mutex.run(async () => {
        const { received } = volume;
        const known = received.set.find(diff);
        if (known === null)
            received.set.add(diff);
        else if (received.path(known) !== received.path(diff)) {
            if (await isOfOneLog(world, received.path(known), received.path(diff))) {
                // An attempt that was not acknowledged has left the same range under another time or flag.
                await received.unlink([diff], STEPS.unlinkReceived);
            }
            else {
                // What was held back for a log that has been reset since goes nowhere any more.
                await received.remove([known], STEPS.unlinkReceived);
                received.set.add(diff);
            }
        }
        for (const archive of volume.archives.values())
            archive.isSendError = false;
        await linkReceived(server, volume);
        for (const { name } of sortedArchives(volume)) {
            const { wdiffSendDelayS } = await loadArchiveInfo(server, volume, name);
            pushSend(server, volume, name, wdiffSendDelayS * 1000);
        }
        if (volume.sizeLb < request.volSizeLb) {
            world.log.info(`detect volume grow:${volume.volId}:${volume.sizeLb}:${request.volSizeLb}`);
            await saveSize(server, volume, request.volSizeLb);
        }
        volume.lastReceivedAtS = world.clock.wallTimeS();
        volume.lastReceivedAtUs = world.clock.monotonicUs();
    });
}
