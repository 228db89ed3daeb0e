import { StateError } from '../../errors.js';
import { uuidEquals } from '../../format/uuid.js';
import { decodeWdiffHeader, WDIFF_HEADER_BYTES } from '../../format/wdiff-header.js';
import { diffToText, isCleanSnap, snapEquals, snapToText } from '../../snapshot/meta.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
import { requireLatest } from './volume.js';
import { closeAll } from './wdiff-store.js';
/**
 * Whether a diff from another archive follows the latest snapshot here (docs/operations.md,
 * "Replication"). A hash backup goes on from what its archive has, with gids that diffs of the old log may have had that
 * reached only the archive here: then the same gid means two contents. The uuid of the log tells. Throws StateError.
 */
export async function verifySameLog(volume, diff, uuid, func) {
    const latest = requireLatest(volume, func).snapB;
    // The diff of a hash backup itself is what leads from one log to the next.
    if (snapEquals(diff.snapB, latest) && !isCleanSnap(diff.snapE))
        return;
    const own = await uuidOfLatest(volume);
    if (own === null || uuidEquals(own, uuid))
        return;
    throw new StateError(`${func}:${snapToText(latest)} is of another log than ${diffToText(diff)}; replicate with resync`);
}
/** Of the log that the latest snapshot came by; null where no file tells. */
async function uuidOfLatest(volume) {
    const opened = await volume.wdiffs.openAll(() => {
        const last = volume.wdiffs.set.diffWithMaxGid();
        // What was made by comparing has the uuid of its source's newest diff.
        return last === null || last.isCompDiff ? [] : [last];
    });
    try {
        const [last] = opened;
        if (last === undefined)
            return null;
        return decodeWdiffHeader(await last.handle.read(0, WDIFF_HEADER_BYTES, STEPS.readWdiff)).uuid;
    }
    finally {
        closeAll(opened);
    }
}
