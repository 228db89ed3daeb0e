import { errorText, StateError } from '../../errors.js';
import { uuidEquals } from '../../format/uuid.js';
import { receivePacks } from '../../protocol/pack-stream.js';
import { acceptWdiff, finishWdiff, receiveWdiffRequest, rejectWdiff, } from '../../protocol/wdiff-transfer.js';
import { applyToState, RELATION_NUMBERS, relation } from '../../snapshot/algebra.js';
import { diffToText, snapToText } from '../../snapshot/meta.js';
import { exists } from '../shared/persist.js';
import { beginTransition } from './admission.js';
import { autoResize, requireBaseLb } from './base-image.js';
import { healPromotion } from './promotion.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
import { TemporaryWdiff } from './temporary-wdiff.js';
import { getVolume, isAborted, requireLatest, verifyNotStopping, } from './volume.js';
const FUNC = 'p2aWdiffTransferServer';
/** `wdiff-transfer`: a proxy sends a diff (docs/protocols.md, "Diff transfer"). */
export function wdiffTransferHandler(server) {
    return async (session) => {
        const { channel } = session;
        let volume;
        let request;
        let decided;
        try {
            request = await receiveWdiffRequest(channel);
            volume = getVolume(server, request.volId);
            decided = await decide(server, volume, request);
        }
        catch (error) {
            session.world.log.error(`${FUNC}:${errorText(error)}`);
            await rejectWdiff(channel, errorText(error));
            return;
        }
        if (typeof decided === 'string') {
            session.world.log.info(`${FUNC}:${request.volId}:${decided}:${diffToText(request.diff)}`);
            await rejectWdiff(channel, decided);
            return;
        }
        try {
            await acceptWdiff(channel);
            await receiveDiff(server, volume, channel, request.diff, request.uuid);
            decided.transition.commit('Archived');
            volume.lastWdiffReceivedTimeS = volume.world.clock.wallTimeS();
        }
        finally {
            decided.end();
        }
        await finishWdiff(channel);
    };
}
/** The decision table of docs/protocols.md, in its order. Throws what is answered as an error text. */
function decide(server, volume, request) {
    return volume.mutex.run(async () => {
        // A server without room says so whatever the state.
        server.foreground.begin(FUNC)();
        verifyNotStopping(volume, FUNC);
        const busy = wordOfState(volume.states.state);
        if (busy !== null)
            return busy;
        const begun = beginTransition(server, volume, FUNC, { states: ['Archived'] }, ['Archived', 'WdiffRecv']);
        try {
            const word = await wordOfDiff(server, volume, request);
            if (word === null)
                return begun;
            begun.end();
            return word;
        }
        catch (error) {
            begun.end();
            throw error;
        }
    });
}
function wordOfState(state) {
    switch (state) {
        case 'Stopped':
        case 'Start':
            return 'stopped';
        case 'FullSync':
        case 'HashSync':
            return 'syncing';
        case 'WdiffRecv':
            return 'wdiff-recv';
        default:
            return null;
    }
}
async function wordOfDiff(server, volume, request) {
    const { files, world } = volume;
    const { sizeLb, diff } = request;
    if (!(await exists(world.files, files.directory, STEPS.listWdiffs)))
        return 'archive-not-found';
    if (request.hostType === 'proxy' && !uuidEquals(await files.loadUuid(), request.uuid))
        return 'different-uuid';
    await volume.imageMutex.run(() => healPromotion(volume));
    await autoResize(volume, server.options, sizeLb);
    const ownLb = requireBaseLb(volume, FUNC);
    if (ownLb < sizeLb) {
        world.log.error(`${FUNC}:smaller lv size:${volume.volId}:${ownLb}:${sizeLb}`);
        return 'smaller-lv-size';
    }
    if (ownLb > sizeLb)
        world.log.warning(`${FUNC}:larger lv size:${volume.volId}:${ownLb}:${sizeLb}`);
    const latest = requireLatest(volume, FUNC).snapB;
    const found = relation(latest, diff);
    if (found === 'too-old')
        return 'too-old-diff';
    if (found === 'too-new')
        return 'too-new-diff';
    if (found === 'applicable')
        return null;
    throw new StateError(`${FUNC}:bad meta diff relation:${RELATION_NUMBERS[found]}:${snapToText(latest)}:${diffToText(diff)}`);
}
/**
 * Receives the packs of a diff: durable, and one of the volume's, when it returns. Packs that do not fit the
 * volume are refused at once, since a base that they were applied to would stay half applied.
 */
export async function receiveDiff(server, volume, channel, diff, uuid) {
    const { world, files, wdiffs } = volume;
    const limitLb = requireBaseLb(volume, FUNC);
    const file = await TemporaryWdiff.create(world, files.directory, server.options.fsyncIntervalBytes);
    try {
        await file.begin(uuid);
        await receivePacks(channel, limitLb, (pack) => file.append(pack), {
            shouldStop: () => isAborted(server, volume),
        });
        await file.end();
        const latest = applyToState(requireLatest(volume, FUNC), [diff]);
        wdiffs.verifyNew(diff);
        wdiffs.set.add(await file.publish(diff));
        volume.latest = latest;
    }
    finally {
        await file.discard();
    }
}
