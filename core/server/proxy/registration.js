import { FormatError } from '../../errors.js';
import { uuidEquals } from '../../format/uuid.js';
import { decodeWdiffHeader, WDIFF_HEADER_BYTES } from '../../format/wdiff-header.js';
import { exists } from '../shared/persist.js';
import { PROXY_STEPS as STEPS } from './steps.js';
import { sortedArchives } from './volume.js';
/**
 * Gives every received diff a name in the directory of each archive, durably, and then takes it out of
 * `received/` (docs/operations.md, "Registration of a received diff"). Where the same range of another log waits,
 * the diff stays in `received/` until that one has been answered: only the archive knows which log it follows.
 * Repeating it after a crash at any point is harmless.
 */
export async function linkReceived(server, volume) {
    const world = server.world.labelled({ volume: volume.volId });
    const { files } = world;
    const diffs = volume.received.set.getAll();
    if (diffs.length === 0)
        return;
    const held = new Set();
    for (const archive of sortedArchives(volume)) {
        for (const diff of diffs) {
            const from = volume.received.path(diff);
            if (!(await exists(files, from, STEPS.linkToArchive)))
                continue;
            const waiting = archive.diffs.set.find(diff);
            if (waiting !== null) {
                // The same range of the same log under another time or flag: one of them is enough.
                if (!(await isOfOneLog(world, from, archive.diffs.path(waiting))))
                    held.add(diff);
                continue;
            }
            const to = archive.diffs.path(diff);
            if (!(await exists(files, to, STEPS.linkToArchive)))
                await files.link(from, to, STEPS.linkToArchive);
            archive.diffs.set.add(diff);
        }
        // The new names must be durable before the old one goes, also those that an earlier attempt made.
        await files.syncDirectory(archive.diffs.directory, STEPS.syncArchiveDirectory);
    }
    const linked = diffs.filter((diff) => !held.has(diff));
    await volume.received.remove(linked, STEPS.unlinkReceived);
}
/** Whether two wdiff files come from one log; a file that tells no log is of none. */
export async function isOfOneLog(world, path, other) {
    const [a, b] = [await uuidOf(world, path), await uuidOf(world, other)];
    return a !== null && b !== null && uuidEquals(a, b);
}
/** Null for a file that has gone or whose header is damaged. */
async function uuidOf(world, path) {
    if (!(await exists(world.files, path, STEPS.linkToArchive)))
        return null;
    const handle = await world.files.open(path, 'read', STEPS.linkToArchive);
    try {
        return decodeWdiffHeader(await handle.read(0, WDIFF_HEADER_BYTES, STEPS.linkToArchive)).uuid;
    }
    catch (error) {
        if (!(error instanceof FormatError))
            throw error;
        world.log.error(`${path}: ${error.message}`);
        return null;
    }
    finally {
        handle.close();
    }
}
