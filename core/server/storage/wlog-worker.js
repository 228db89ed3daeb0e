import { AbortedError, errorText, FormatError, ProtocolError, StateError } from '../../errors.js';
import { nextLsid } from '../../format/logpack.js';
import { uuidEquals } from '../../format/uuid.js';
import { withoutTrace } from '../../protocol/channel.js';
import { finishWlogTransfer, requestWlogTransfer, sendLogPack, } from '../../protocol/wlog-transfer.js';
import { makeDiff } from '../../snapshot/meta.js';
import { openConversation } from '../shared/client.js';
import { eraseWal, readSuperSector } from './device-log.js';
import { leaveRole } from './life-cycle.js';
import { LogReader } from './log-reader.js';
import { pushTask, pushTaskForce } from './monitoring.js';
import { takeSnapshotAt } from './snapshot.js';
import { WLOG_REMOVE, WLOG_SEND, WLOG_STATES } from './states.js';
import { STORAGE_STEPS as STEPS } from './steps.js';
import { getVolume, requireDevice, verifyState, volumeWorld, } from './volume.js';
import { maxWlogSendPb, needsImplicitSnapshot, nextLookMs, planTransfer, remainingMb, resultOfTransfer, } from './wlog-plan.js';
const FUNC = 'extractAndSendAndDeleteWlog';
const BUSY_DELAY_MS = 100;
/** When all is sent and only log that no checkpoint covers is left, nothing moves for a while. */
const GARBAGE_DELAY_MS = 1000;
/** How often a standby's log is removed while it grows. */
const STANDBY_DELAY_MS = 1000;
/**
 * The task of a volume: send log to a proxy, or remove it at a standby (docs/operations.md, "Wlog transfer").
 * Errors are retried with growing delays; what it throws is logged by the dispatcher.
 */
export async function runWlogTask(server, task) {
    const volume = await getVolume(server, task.volId);
    let end = () => { };
    try {
        const chosen = await chooseAction(server, volume);
        if (chosen === null)
            return;
        end = chosen.end;
        const next = chosen.action === WLOG_SEND ? await sendWlog(server, volume) : await removeWlog(server, volume);
        // Queued before the action ends, so that a stop that waits for the action finds the task and removes it.
        if (next !== null && isActive(volume))
            pushTask(server, volume, next);
    }
    catch (error) {
        if (isActive(volume)) {
            const { minRetryDelayS, maxRetryDelayS } = server.options;
            const delayMs = task.retryDelayMs === 0
                ? minRetryDelayS * 1000
                : Math.min(task.retryDelayMs * 2, maxRetryDelayS * 1000);
            pushTaskForce(server, volume, delayMs, delayMs);
        }
        throw error;
    }
    finally {
        end();
    }
}
/** Whoever stops or starts the volume queues its task anew. */
function isActive(volume) {
    return volume.stopState.current === 'NotStopping' && WLOG_STATES.includes(volume.states.state);
}
/** Checks under the volume's lock what is to be done, and counts it; null: nothing now. */
async function chooseAction(server, volume) {
    const func = 'StorageWorker::operator()';
    return volume.mutex.run(async () => {
        if (volume.stopState.current !== 'NotStopping')
            return null;
        if (['StartStandby', 'StartTarget'].includes(volume.states.state)) {
            pushTask(server, volume, BUSY_DELAY_MS);
            return null;
        }
        verifyState(volume, WLOG_STATES, func);
        if (volume.actions.total() > 0) {
            pushTaskForce(server, volume, BUSY_DELAY_MS);
            return null;
        }
        const path = requireDevice(volume, func);
        const world = volumeWorld(server, volume, 'wlog');
        if (await world.devices.isOverflow(path, STEPS.readDevice)) {
            world.log.error(`${func}:overflow:${volume.volId}:${path}`);
            if (volume.states.state === 'Target')
                await leaveRole(server, volume, func);
            return null;
        }
        // A stop that came meanwhile must find no action begun after it.
        if (!isActive(volume))
            return null;
        const action = volume.states.state === 'Standby' ? WLOG_REMOVE : WLOG_SEND;
        return { action, end: volume.actions.begin(action) };
    });
}
/** A standby's log is of use to nobody: all that the data device is known to hold is forgotten. */
async function removeWlog(server, volume) {
    const path = requireDevice(volume, FUNC);
    const { devices } = volumeWorld(server, volume, 'wlog-remove');
    const lsids = await devices.lsids(path, STEPS.wlogLsids);
    if (lsids.oldest < lsids.prevWritten)
        await eraseWal(server, volume, lsids.prevWritten, STEPS.removeWal);
    return Math.max(lsids.oldest, lsids.prevWritten) < lsids.latest ? STANDBY_DELAY_MS : null;
}
/** One transfer, if there is something to send, and the removal of what was sent. */
async function sendWlog(server, volume) {
    const path = requireDevice(volume, FUNC);
    const world = volumeWorld(server, volume, 'wlog-send');
    const log = await world.devices.openLog(path, STEPS.wlogOpenLog);
    try {
        const superSector = await readSuperSector(log);
        // Nothing is removed from a log that is not the one which was sent from.
        if (!uuidEquals(superSector.uuid, await volume.files.loadUuid())) {
            throw new StateError(`${FUNC}:the log was reset:${volume.volId}`);
        }
        const before = await world.devices.lsids(path, STEPS.wlogLsids);
        const isGarbageLeft = await deleteGarbage(server, volume, before);
        const done = await volume.files.loadDonePosition();
        const isQueued = (await volume.files.loadQueue()).length > 0;
        if (done.lsid >= before.permanent && !isQueued) {
            if (isGarbageLeft)
                return GARBAGE_DELAY_MS;
            return done.lsid < before.latest ? lookDelay(server, superSector, done, before.latest) : null;
        }
        const plan = await prepare(server, volume, superSector);
        if (plan.isLater)
            return lookDelay(server, superSector, plan.begin, plan.latestLsid);
        const reader = new LogReader(log, superSector, plan.begin.lsid, plan.limitLsid, STEPS.wlogReadLog);
        const sentLsid = await transfer(server, volume, world, plan, superSector, reader);
        const position = await finish(volume, plan, sentLsid);
        const after = await world.devices.lsids(path, STEPS.wlogLsids);
        const isGarbage = await deleteGarbage(server, volume, after);
        if (position.isMoreQueued)
            return 0;
        if (position.done.lsid < after.latest) {
            return lookDelay(server, superSector, position.done, after.latest);
        }
        return isGarbage ? GARBAGE_DELAY_MS : null;
    }
    finally {
        log.close();
    }
}
/** How soon to look again when log from `done` to `latest` waits. */
function lookDelay(server, { physicalBlockBytes }, done, latest) {
    const { maxWlogSendMb } = server.options;
    return nextLookMs(remainingMb(done, latest, physicalBlockBytes), maxWlogSendMb);
}
/** Drops delivered positions, takes an implicit snapshot when one is due, and chooses what to send. */
async function prepare(server, volume, superSector) {
    const pbs = superSector.physicalBlockBytes;
    return volume.queueMutex.run(async () => {
        // Read inside the lock: a reset of the log between would give positions of two logs.
        const { devices } = volumeWorld(server, volume, 'wlog-send');
        const lsids = await devices.lsids(requireDevice(volume, FUNC), STEPS.wlogLsids);
        const uuid = await volume.files.loadUuid();
        if (!uuidEquals(uuid, superSector.uuid)) {
            throw new StateError(`${FUNC}:the log was reset:${volume.volId}`);
        }
        const begin = await volume.files.loadDonePosition();
        let queue = await volume.files.dropDelivered(begin);
        const nowS = server.world.clock.wallTimeS();
        if (needsImplicitSnapshot(queue, lsids.latest, nowS, server.options.implicitSnapshotIntervalS)) {
            await takeSnapshotAt(server, volume, lsids.latest, true, pbs);
            queue = await volume.files.loadQueue();
        }
        const plan = planTransfer(begin, queue, lsids, maxWlogSendPb(server.options.maxWlogSendMb, pbs));
        return { ...plan, latestLsid: lsids.latest, uuid };
    });
}
/** Sends the log of a plan to the first proxy that takes it; returns the lsid up to which it went. */
async function transfer(server, volume, world, plan, superSector, reader) {
    const request = {
        volId: volume.volId,
        uuid: plan.uuid,
        physicalBlockBytes: superSector.physicalBlockBytes,
        salt: superSector.salt,
        volSizeLb: await world.devices.sizeLb(requireDevice(volume, FUNC), STEPS.readDevice),
        maxLogSizePb: plan.limitLsid - plan.begin.lsid,
    };
    const proxy = await connectToProxy(server, world, request);
    try {
        const sentLsid = await sendPacks(server, volume, world, plan, request, reader, proxy);
        const { endGid } = resultOfTransfer(plan, sentLsid);
        const { isMergeable } = plan.begin;
        await finishWlogTransfer(proxy, makeDiff(plan.begin.gid, endGid, { isMergeable, timestamp: plan.end.timestamp }));
        return sentLsid;
    }
    finally {
        proxy.close();
    }
}
async function connectToProxy(server, world, request) {
    for (const address of server.proxies.available()) {
        try {
            const { channel } = await openConversation(world, address, 'wlog-transfer', server.options, STEPS.wlogConnect);
            try {
                const refusal = await requestWlogTransfer(channel, request);
                if (refusal === null)
                    return channel;
                world.log.warning(`${FUNC}:${address.host}:${address.port}:${withoutTrace(refusal)}`);
            }
            catch (error) {
                channel.close();
                throw error;
            }
            channel.close();
        }
        catch (error) {
            world.log.warning(`${FUNC}:${address.host}:${address.port}:${errorText(error)}`);
        }
    }
    throw new ProtocolError(`${FUNC}:There is no available proxy:${request.volId}`);
}
/** Sends whole logpacks, as many as lie before the limit. */
async function sendPacks(server, volume, world, plan, request, reader, proxy) {
    const maxPb = maxWlogSendPb(server.options.maxWlogSendMb, request.physicalBlockBytes);
    let lsid = plan.begin.lsid;
    while (lsid < plan.limitLsid) {
        if (volume.stopState.isForced || server.status.isForced) {
            throw new AbortedError(`${FUNC}:force stopped:${volume.volId}`);
        }
        const { header, block } = await readHeader(volume, reader, lsid);
        if (header.totalIoSizePb + 1 > maxPb) {
            throw new StateError(`${FUNC}:maxWlogSendPb is too small:${maxPb}:${header.totalIoSizePb + 1}`);
        }
        const next = nextLsid(header);
        if (next > plan.limitLsid)
            break;
        await sendLogPack(proxy, await reader.readPack(lsid, header, block), request, world.codecs);
        lsid = next;
    }
    return lsid;
}
async function readHeader(volume, reader, lsid) {
    try {
        return await reader.readHeader(lsid);
    }
    catch (error) {
        if (!(error instanceof FormatError))
            throw error;
        throw new FormatError(`${FUNC}:invalid logpack header:${volume.volId}:${lsid}: ${error.message}`);
    }
}
/** Remembers what was delivered, durably, and then lets go of it. */
async function finish(volume, plan, sentLsid) {
    return volume.queueMutex.run(async () => {
        if (!uuidEquals(await volume.files.loadUuid(), plan.uuid)) {
            throw new StateError('finishWlogTransfer:the log was reset while it was sent');
        }
        const current = await volume.files.loadDonePosition();
        if (current.lsid !== plan.begin.lsid || current.gid !== plan.begin.gid) {
            throw new StateError(`finishWlogTransfer:the log was sent from gid ${plan.begin.gid}, but gid ${current.gid} was delivered meanwhile`);
        }
        const { done } = resultOfTransfer(plan, sentLsid);
        await volume.files.saveDone(done);
        return { done, isMoreQueued: (await volume.files.dropDelivered(done)).length > 0 };
    });
}
/** Lets the device forget what was delivered and is safe on the data device; true when more is to be forgotten later. */
async function deleteGarbage(server, volume, lsids) {
    const done = await volume.files.loadDonePosition();
    const target = Math.min(done.lsid, lsids.prevWritten);
    if (lsids.oldest < target)
        await eraseWal(server, volume, target, STEPS.eraseWal);
    return Math.max(lsids.oldest, target) < done.lsid;
}
