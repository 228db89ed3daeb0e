import { errorText } from '../../errors.js';
import { DiffSet } from '../../snapshot/diff-set.js';
import { parseWdiffFileName, wdiffFileName } from '../../snapshot/wdiff-name.js';
import { unlinkIfThere } from './persist.js';
/**
 * A set of diffs and the directory that holds their files: a diff's file is named after it
 * (docs/formats.md, "File names of wdiffs"). A file is durable under its name before its diff is added here,
 * and a diff is forgotten before its file is unlinked.
 */
export class DiffFiles {
    directory;
    set;
    #world;
    constructor(world, directory, set = new DiffSet()) {
        this.#world = world;
        this.directory = directory;
        this.set = set;
    }
    path(diff) {
        return `${this.directory}/${wdiffFileName(diff)}`;
    }
    /** Forgets diffs and unlinks their files; a file that cannot be unlinked is logged and left. */
    async remove(diffs, step) {
        for (const diff of diffs)
            this.set.erase(diff);
        await this.unlink(diffs, step);
    }
    /** Unlinks the files of diffs that were forgotten already. */
    async unlink(diffs, step) {
        for (const diff of diffs) {
            try {
                await unlinkIfThere(this.#world.files, this.path(diff), step);
            }
            catch (error) {
                this.#world.log.error(`removeDiffFiles:unlink failed:${this.path(diff)}:${errorText(error)}`);
            }
        }
    }
    /**
     * Reads the directory anew. Files whose name is not a diff's, or not the name that walbox would give, are
     * logged and left alone; of two files for one diff the one with the later time counts
     * (docs/differences.md, "Every server").
     */
    async reload(step) {
        const { files, log } = this.#world;
        this.set.clear();
        const names = (await files.list(this.directory, step))
            .filter((entry) => entry.kind === 'file' && entry.name.endsWith('.wdiff'))
            .map((entry) => entry.name)
            .sort();
        for (const name of names) {
            let diff;
            try {
                diff = parseWdiffFileName(name);
            }
            catch (error) {
                log.error(`${this.directory}/${name} is not the name of a wdiff: ${errorText(error)}`);
                continue;
            }
            if (wdiffFileName(diff) !== name) {
                log.error(`${this.directory}/${name} is left alone, its name would be ${wdiffFileName(diff)}`);
                continue;
            }
            const status = await files.stat(`${this.directory}/${name}`, step);
            if (status === null)
                continue;
            const found = { ...diff, dataSizeBytes: status.sizeBytes };
            const other = this.set.find(diff);
            if (other !== null) {
                const newer = other.timestamp > found.timestamp ? other : found;
                log.error(`${this.directory} has two files for ${wdiffFileName(diff)}; ${wdiffFileName(newer)} counts`);
                if (newer === other)
                    continue;
                this.set.erase(other);
            }
            this.set.add(found);
        }
    }
}
/** Sum of the files' sizes. */
export function totalSizeBytes(diffs) {
    return diffs.reduce((sum, diff) => sum + diff.dataSizeBytes, 0);
}
