import { SNAPPY } from '../../engine/io-codec.js';
import { writeSortedWdiff } from '../../engine/sorted-wdiff-writer.js';
import { StateError } from '../../errors.js';
import { mergeDiffs } from '../../snapshot/algebra.js';
import { cutBySize, mergeableDiffList } from '../../snapshot/diff-chain.js';
import { diffToText, gidOrder } from '../../snapshot/meta.js';
import { MIB } from '../../units.js';
import { beginAction } from './admission.js';
import { mergeWdiffs } from './merged-diffs.js';
import { ACTION, ACTIVE_STATES, DENIED_BY } from './states.js';
import { TemporaryWdiff } from './temporary-wdiff.js';
import { checkAborted } from './volume.js';
import { closeAll } from './wdiff-store.js';
/** Begins a merge, or throws what the operator is told. */
export async function admitMerge(server, volume, request) {
    const func = 'c2aMergeServer';
    return volume.mutex.run(async () => {
        const end = beginAction(server, volume, ACTION.merge, func, {
            notStopping: true,
            states: ACTIVE_STATES,
            denied: DENIED_BY.merge,
        });
        try {
            if ((await volume.files.loadBase()).isApplying) {
                throw new StateError(`verifyNotApplying:merge is not permitted because the volume is under applying:${volume.volId}`);
            }
            if (mergeableDiffList(volume.wdiffs.set, request.gidB).length < 2)
                throw nothingToMerge();
        }
        catch (error) {
            end();
            throw error;
        }
        return { run: () => merge(server, volume, request), end };
    });
}
function nothingToMerge() {
    return new StateError('verifyMergeable:There is no mergeable diff.');
}
/** The diffs that are merged, as far as the request goes. */
function chooseDiffs(volume, { gidB, until }) {
    const all = mergeableDiffList(volume.wdiffs.set, gidB);
    const chosen = until.kind === 'size'
        ? cutBySize(all, until.mib * MIB)
        : all.slice(0, endBefore(all, (diff) => gidOrder(diff.snapB.gidB) >= until.gid));
    if (chosen.length < 2)
        throw nothingToMerge();
    return chosen;
}
function endBefore(diffs, isBeyond) {
    const found = diffs.findIndex(isBeyond);
    return found < 0 ? diffs.length : found;
}
async function merge(server, volume, request) {
    const { wdiffs, world } = volume;
    const opened = await wdiffs.openAll(() => chooseDiffs(volume, request));
    try {
        const inputs = opened.map(({ diff }) => diff);
        const merged = mergeDiffs(inputs);
        wdiffs.verifyNew(merged);
        // The merged diff is there before its parts go: between, the chain prefers it.
        wdiffs.set.add(await writeMerged(server, volume, opened, merged));
        await wdiffs.remove(inputs);
        world.log.info(`merge succeeded:${volume.volId}:${diffToText(merged)}`);
    }
    finally {
        closeAll(opened);
    }
}
async function writeMerged(server, volume, opened, merged) {
    const { world } = volume;
    const { fsyncIntervalBytes } = server.options;
    const file = await TemporaryWdiff.create(world, volume.files.directory, fsyncIntervalBytes);
    try {
        const ios = await mergeWdiffs(opened, world.codecs);
        const checked = {
            next: async () => {
                checkAborted(server, volume, 'c2aMergeServer');
                return ios.next();
            },
        };
        await writeSortedWdiff(checked, file, ios.uuid, { compression: SNAPPY, pool: world.codecs });
        return await file.publish(merged);
    }
    finally {
        await file.discard();
    }
}
