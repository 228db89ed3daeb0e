import { StateError } from '../../errors.js';
import { verifyAdmission } from './admission.js';
import { ACTIVE_OR_STOPPED_STATES, ACTIVE_STATES, DENIED_BY } from './states.js';
import { refreshLatest } from './volume.js';
/** Commands that change which diffs there are, or what they are called. */
/**
 * Keeps snapshots from being merged away, or gives them free. All gids are tried; StateError tells how many
 * failed. Durable when it returns.
 */
export async function changeSnapshots(volume, gids, keep) {
    const func = keep ? 'c2aEnableSnapshot' : 'c2aDisableSnapshot';
    await volume.mutex.run(async () => {
        verifyAdmission(volume, { states: ACTIVE_STATES, denied: DENIED_BY.changeSnapshot }, func);
        let failedCount = 0;
        for (const gid of gids)
            if (!(await volume.wdiffs.changeSnapshot(gid, keep)))
                failedCount += 1;
        await volume.wdiffs.syncNames();
        if (failedCount > 0) {
            throw new StateError(`changeSnapshot:change snapshot failed:${volume.volId}:${failedCount}`);
        }
    });
}
/** `gc-diff`: removes every diff that does not lead on from the base. */
export async function collectDiffGarbage(volume) {
    await volume.mutex.run(async () => {
        verifyAdmission(volume, { states: ACTIVE_OR_STOPPED_STATES, denied: DENIED_BY.everything }, 'c2aGarbageCollectDiffServer');
        const base = await volume.files.loadBase();
        await volume.wdiffs.collectGarbage(base.snapB);
    });
}
/** `dbg-reload-metadata`: looks at the directory again. */
export async function reloadMetadata(volume) {
    await volume.mutex.run(async () => {
        verifyAdmission(volume, { notStopping: true, denied: DENIED_BY.everything }, 'c2aReloadMetadataServer');
        volume.files.forget();
        await volume.wdiffs.reload();
        if (ACTIVE_OR_STOPPED_STATES.includes(volume.states.state))
            await refreshLatest(volume);
    });
}
