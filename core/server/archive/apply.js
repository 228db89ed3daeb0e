import { errorText, StateError } from '../../errors.js';
import { beginApplying, endApplying } from '../../snapshot/algebra.js';
import { gidOrder, stateToText } from '../../snapshot/meta.js';
import { diffListToApply } from '../../snapshot/state-query.js';
import { beginAction } from './admission.js';
import { removeHistory } from './history.js';
import { promoteCold, recoverPromotion } from './promotion.js';
import { ACTION, ACTIVE_STATES, DENIED_BY } from './states.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
import { closeAll } from './wdiff-store.js';
import { writeDiffs } from './write-diffs.js';
import { withZerosPaid } from './zero-clear.js';
/** Writing old diffs into the base (docs/operations.md, "Applying"). */
/** Begins an apply, or throws what the operator is told. */
export async function admitApply(server, volume, gid) {
    const func = 'c2aApplyServer';
    return volume.mutex.run(async () => {
        const end = beginAction(server, volume, ACTION.apply, func, {
            notStopping: true,
            states: ACTIVE_STATES,
            denied: DENIED_BY.apply,
        });
        try {
            const base = await volume.files.loadBase();
            if (diffListToApply(volume.wdiffs.set, base, gid, server.options.maxOpenDiffs).length === 0) {
                throw new StateError(`verifyApplicable:gid not applicable:${volume.volId}:${gid}:${stateToText(base)}`);
            }
        }
        catch (error) {
            end();
            throw error;
        }
        return { run: () => apply(server, volume, gid), end };
    });
}
async function apply(server, volume, gid) {
    // Data that come into a new part must not be taken for what was there before.
    let round = await withZerosPaid(server, volume, async () => {
        await takeShortcut(volume, gid);
        return beginRound(server, volume, gid);
    });
    while (round !== null) {
        const begun = round;
        await writeToBase(server, volume, begun.opened);
        round = await withZerosPaid(server, volume, async () => {
            await endRound(volume, begun);
            return beginRound(server, volume, gid);
        });
    }
    volume.world.log.info(`apply succeeded:${volume.volId}:${gid}`);
}
/** A cold snapshot spares the writing of diffs. */
async function takeShortcut(volume, gid) {
    await recoverPromotion(volume);
    if (!volume.lvs.isThin)
        return;
    try {
        await promoteCold(volume, gid);
    }
    catch (error) {
        // The long way is still there, unless the base is gone already.
        if (volume.lvs.baseLb === null)
            throw error;
        volume.world.log.warning(`promotion failed:${volume.volId}:${errorText(error)}`);
    }
}
/** Says durably what is about to happen to the base, before the first block changes. Null: there is nothing left to do. */
async function beginRound(server, volume, gid) {
    const { files, wdiffs, baseReaders } = volume;
    const before = await files.loadBase();
    const opened = await wdiffs.openAll(() => diffListToApply(wdiffs.set, before, gid, server.options.maxOpenDiffs));
    if (opened.length === 0)
        return null;
    try {
        const applying = beginApplying(before, opened.map(({ diff }) => diff));
        await files.saveBase(applying, STEPS.applyBegin);
        for (const reader of baseReaders) {
            if (reader.gid < gidOrder(applying.snapE.gidB))
                reader.isSpoiled = true;
        }
    }
    catch (error) {
        closeAll(opened);
        throw error;
    }
    return { before, opened };
}
/** Everything is durable, and the diffs are closed, when it returns. */
async function writeToBase(server, volume, opened) {
    try {
        const device = await volume.lvs.open(volume.lvs.baseName, 'write', STEPS.applyOpen);
        try {
            await writeDiffs(server, volume, device, opened, { write: STEPS.applyWrite, flush: STEPS.applyFlush });
        }
        finally {
            device.close();
        }
    }
    finally {
        closeAll(opened);
    }
}
/** Says durably where the base is now. */
async function endRound(volume, { before, opened }) {
    const after = endApplying(before, opened.map(({ diff }) => diff));
    await volume.files.saveBase(after, STEPS.applyEnd);
    await removeHistory(volume, after.snapB.gidB ?? 0);
}
