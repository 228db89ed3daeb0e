import { ImageCache } from '../../engine/image-cache.js';
import { WdiffMerger } from '../../engine/merge.js';
import { openWdiff } from '../../engine/open-wdiff.js';
import { AbortedError, errorText, IoError, NotFoundError } from '../../errors.js';
import { uuidEquals } from '../../format/uuid.js';
import { withoutTrace } from '../../protocol/channel.js';
import { sendPacks } from '../../protocol/pack-stream.js';
import { packIos } from '../../protocol/packs.js';
import { readWdiffAck, requestWdiffTransfer, } from '../../protocol/wdiff-transfer.js';
import { mergeDiffs } from '../../snapshot/algebra.js';
import { cutBySize, mergeableDiffList } from '../../snapshot/diff-chain.js';
import { diffToText } from '../../snapshot/meta.js';
import { MIB, US_PER_S } from '../../units.js';
import { openConversation } from '../shared/client.js';
import { fileReader } from '../shared/file-stream.js';
import { linkReceived } from './registration.js';
import { SEND_STATES } from './states.js';
import { PROXY_STEPS as STEPS } from './steps.js';
import { getVolume, loadArchiveInfo, pushSend, pushSendForce, } from './volume.js';
const FUNC = 'transferWdiffIfNecessary';
/** Files that go away while they are opened: how often the choice is made again. */
const MAX_OPEN_FAILURES = 10;
/** Decompressed images that are kept while indexed wdiffs are read. */
const IMAGE_CACHE_BYTES = 32 * MIB;
/** An archive that cannot be reached is tried again after this, for ever. */
const UNREACHABLE_DELAY_MS = 1000;
/** The task of one volume and archive: sends what waits, merged as far as may be. */
export async function runSendTask(server, task) {
    const volume = await getVolume(server, task.volId);
    const archive = volume.archives.get(task.archiveName);
    if (archive === undefined || !maySend(volume))
        return;
    let outcome;
    try {
        outcome = await sendOnce(server, volume, archive);
    }
    catch (error) {
        if (maySend(volume)) {
            pushSendForce(server, volume, archive.name, UNREACHABLE_DELAY_MS, UNREACHABLE_DELAY_MS);
        }
        throw error;
    }
    if (!maySend(volume))
        return;
    switch (outcome.kind) {
        case 'next':
            if (outcome.isForced)
                pushSendForce(server, volume, archive.name, 0);
            else
                pushSend(server, volume, archive.name, 0);
            break;
        case 'retry': {
            const { minRetryDelayS, maxRetryDelayS } = server.options;
            const delayMs = task.retryDelayMs === 0
                ? minRetryDelayS * 1000
                : Math.min(task.retryDelayMs * 2, maxRetryDelayS * 1000);
            pushSendForce(server, volume, archive.name, delayMs, delayMs);
            break;
        }
        case 'send-error':
            archive.isSendError = true;
            server.world.log.error(`SEND_ERROR_NO_MORE_RETRY:${volume.volId}:${archive.name}`);
            break;
        case 'none':
            break;
    }
}
/** Stopping and stopped volumes send nothing; starting one queues everything anew. */
function maySend(volume) {
    return ((volume.stopState.current === 'NotStopping' || volume.stopState.current === 'WaitingForEmpty') &&
        SEND_STATES.includes(volume.states.state));
}
async function sendOnce(server, volume, archive) {
    const world = server.world.labelled({ task: 'wdiff-send', volume: volume.volId });
    const chosen = await volume.mutex.run(async () => {
        if (!maySend(volume) || volume.actions.count(archive.name) > 0)
            return null;
        const group = await openGroup(server, world, archive);
        if (group === null)
            return null;
        try {
            const info = await loadArchiveInfo(server, volume, archive.name);
            return { group, info, end: volume.actions.begin(archive.name) };
        }
        catch (error) {
            closeGroup(group);
            throw error;
        }
    });
    if (chosen === null)
        return { kind: 'none' };
    try {
        return await transfer(server, volume, world, archive, chosen.group, chosen.info);
    }
    finally {
        closeGroup(chosen.group);
        chosen.end();
    }
}
/** Chooses what to send and opens it; the choice is made again when a file has just gone. */
async function openGroup(server, world, archive) {
    const { maxWdiffSendMb, maxWdiffSendCount } = server.options;
    for (let failures = 0; failures < MAX_OPEN_FAILURES; failures++) {
        const list = mergeableDiffList(archive.diffs.set, 0);
        const diffs = cutBySize(list, maxWdiffSendMb * MIB).slice(0, maxWdiffSendCount);
        if (diffs.length === 0)
            return null;
        const handles = [];
        try {
            for (const diff of diffs) {
                const handle = await openUnlessTooMany(world, archive.diffs.path(diff), handles.length);
                if (handle === null)
                    break;
                handles.push(handle);
            }
            return await sameUuidGroup(world, diffs, handles);
        }
        catch (error) {
            for (const handle of handles)
                handle.close();
            if (!(error instanceof IoError))
                throw error;
            world.log.warning(`setupMerger:${errorText(error)}`);
        }
    }
    throw new NotFoundError('setupMerger:exceed max retry');
}
/** Null when this process has as many files open as it may: the group ends before this one. */
async function openUnlessTooMany(world, path, openCount) {
    try {
        return await world.files.open(path, 'read', STEPS.sendRead);
    }
    catch (error) {
        if (openCount > 0 && error instanceof IoError && error.code === 'EMFILE')
            return null;
        throw error;
    }
}
/** As many of the first files as come from one log. */
async function sameUuidGroup(world, diffs, handles) {
    const inputs = [];
    const cache = new ImageCache(IMAGE_CACHE_BYTES);
    for (const handle of handles) {
        const file = await fileReader(handle, STEPS.sendRead);
        const input = await openWdiff(file, world.codecs, { cache });
        const first = inputs[0];
        if (first !== undefined && !uuidEquals(first.uuid, input.uuid))
            break;
        inputs.push(input);
    }
    for (const handle of handles.slice(inputs.length))
        handle.close();
    return { diffs: diffs.slice(0, inputs.length), handles: handles.slice(0, inputs.length), inputs };
}
function closeGroup(group) {
    for (const handle of group.handles)
        handle.close();
}
async function transfer(server, volume, world, archive, group, info) {
    const diff = group.diffs.length === 1 ? group.diffs[0] : mergeDiffs(group.diffs);
    const { channel } = await openConversation(world, info.address, 'wdiff-transfer', server.options, STEPS.sendConnect);
    try {
        const { uuid } = group.inputs[0];
        const reply = await requestWdiffTransfer(channel, {
            volId: volume.volId,
            hostType: 'proxy',
            uuid,
            sizeLb: volume.sizeLb,
            diff,
        });
        if (reply.kind !== 'accept')
            return await refused(server, volume, world, archive, group, diff, reply);
        const shouldStop = () => volume.stopState.isForced || server.status.isForced;
        const merger = await WdiffMerger.open(group.inputs);
        await sendPacks(channel, packIos(iosOf(merger, shouldStop), info.compression, world.codecs), {
            shouldStop,
        });
        await readWdiffAck(channel);
        archive.lastSentAtS = world.clock.wallTimeS();
        await removeAnswered(server, volume, archive, group.diffs);
        return { kind: 'next', isForced: false };
    }
    catch (error) {
        if (!(error instanceof AbortedError))
            throw error;
        world.log.warning(`${FUNC}:force stopped wdiff sending:${volume.volId}`);
        return { kind: 'none' };
    }
    finally {
        channel.close();
    }
}
/** Forgets what an archive has answered; what was held back behind it is registered then. */
async function removeAnswered(server, volume, archive, diffs) {
    await archive.diffs.remove(diffs, STEPS.removeSent);
    if (volume.received.set.size > 0)
        await volume.mutex.run(() => linkReceived(server, volume));
    volume.changed.notifyAll();
}
async function* iosOf(merger, shouldStop) {
    for (let io = await merger.next(); io !== null; io = await merger.next()) {
        if (shouldStop())
            throw new AbortedError(`${FUNC}:force stopped`);
        yield io;
    }
}
/** Refusals after which the diffs are of no use any more. */
const DELETING = ['different-uuid', 'too-old-diff'];
/** Refusals that only somebody at the archive can mend. */
const GIVING_UP = ['smaller-lv-size', 'archive-not-found'];
/** Refusals that pass by themselves, however long it takes. */
const PATIENT = ['too-new-diff', 'syncing'];
async function refused(server, volume, world, archive, group, diff, reply) {
    const text = reply.kind === 'rejected' ? reply.word : withoutTrace(reply.text);
    const about = `${volume.volId}:${archive.name}:${diffToText(diff)}`;
    if (reply.kind === 'rejected' && DELETING.includes(reply.word)) {
        world.log.info(`${FUNC}:${text}:${about}`);
        await removeAnswered(server, volume, archive, group.diffs);
        return { kind: 'next', isForced: true };
    }
    if (reply.kind === 'rejected' && GIVING_UP.includes(reply.word)) {
        world.log.error(`${FUNC}:${text}:${about}`);
        return { kind: 'send-error' };
    }
    const isPatient = reply.kind === 'rejected' && PATIENT.includes(reply.word);
    if (!isPatient && isRetryTimeout(server, volume)) {
        world.log.error(`${FUNC}:reached retryTimeout:${server.options.retryTimeoutS}:${about}`);
        return { kind: 'send-error' };
    }
    world.log.info(`${FUNC}:${text}:${about}`);
    return { kind: 'retry' };
}
/** True when the last wlog came too long ago, whatever the wall clock was set to since. */
function isRetryTimeout(server, volume) {
    if (volume.lastReceivedAtUs === null)
        return false;
    const waitedUs = server.world.clock.monotonicUs() - volume.lastReceivedAtUs;
    return waitedUs > server.options.retryTimeoutS * US_PER_S;
}
