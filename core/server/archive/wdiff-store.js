import { errorText, FormatError, IoError, NotFoundError, StateError } from '../../errors.js';
import { collectGarbage } from '../../snapshot/diff-chain.js';
import { DiffSet } from '../../snapshot/diff-set.js';
import { diffToText } from '../../snapshot/meta.js';
import { parseWdiffFileName, WDIFF_SUFFIX, wdiffFileName } from '../../snapshot/wdiff-name.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
/** A list of diffs is computed and its files are opened this many times before it is given up. */
const OPEN_ATTEMPTS = 10;
/**
 * The wdiff files of one volume and what is known of them (docs/operations.md, "Wdiff files of an archive").
 * A diff enters the set when its file is durable, and leaves it before its file is unlinked.
 */
export class WdiffStore {
    set = new DiffSet();
    directory;
    #world;
    constructor(world, directory) {
        this.#world = world;
        this.directory = directory;
    }
    get totalBytes() {
        return this.set.getAll().reduce((sum, diff) => sum + diff.dataSizeBytes, 0);
    }
    path(diff) {
        return `${this.directory}/${wdiffFileName(diff)}`;
    }
    /**
     * Reads the directory anew. Of two files with the same ends the newer one is kept in the set, the other is
     * left alone. Throws FormatError for a name that says no diff: garbage collection over an incomplete set
     * would delete good files.
     */
    async reload() {
        const found = new Map();
        for (const name of await this.#fileNames()) {
            const parsed = parseWdiffFileName(name);
            if (wdiffFileName(parsed) !== name)
                throw new FormatError(`parseDiffFileName:not canonical:${name}`);
            const status = await this.#world.files.stat(`${this.directory}/${name}`, STEPS.listWdiffs);
            const diff = { ...parsed, dataSizeBytes: status?.sizeBytes ?? 0 };
            const twin = found.get(diffToText(diff));
            if (twin !== undefined) {
                this.#world.log.warning(`two files of one diff: ${wdiffFileName(twin)} and ${name}, the newer is used`);
                if (twin.timestamp >= diff.timestamp)
                    continue;
            }
            found.set(diffToText(diff), diff);
        }
        this.set.clear();
        for (const diff of found.values())
            this.set.add(diff);
    }
    /** Forgets the diffs, then unlinks their files; an unlink that fails is logged. */
    async remove(diffs) {
        for (const diff of diffs)
            this.set.erase(diff);
        for (const diff of diffs)
            await this.#unlink(diff);
    }
    /** Removes what ends at or before a gid. */
    async removeBeforeGid(gid) {
        for (const diff of this.set.eraseBeforeGid(gid))
            await this.#unlink(diff);
    }
    /** Removes everything that is not on the chain from a snapshot; returns how many. */
    async collectGarbage(snap) {
        const removed = collectGarbage(this.set, snap);
        for (const diff of removed) {
            this.#world.log.info(`garbage: ${wdiffFileName(diff)}`);
            await this.#unlink(diff);
        }
        return removed.length;
    }
    /** Removes what lies within a range, but for what spans exactly it; returns how many. */
    async collectRange(gidB, gidE) {
        const removed = this.set.gcRange(gidB, gidE);
        for (const diff of removed)
            await this.#unlink(diff);
        return removed.length;
    }
    /** Removes every wdiff file, durably, those that the set does not know included. */
    async clear() {
        this.set.clear();
        for (const name of await this.#fileNames()) {
            await this.#world.files.unlink(`${this.directory}/${name}`, STEPS.clearWdiffs);
        }
        await this.#world.files.syncDirectory(this.directory, STEPS.clearWdiffs);
    }
    /**
     * Makes the snapshot an explicit one (`keep`) or gives it free, in the set and in the names of files. False
     * when no diff begins there or a file could not be renamed (that diff keeps its flag). The caller makes the
     * names durable by `syncNames`.
     */
    async changeSnapshot(gid, keep) {
        const changed = this.set.changeSnapshot(gid, keep);
        if (changed === null)
            return false;
        let isDone = true;
        for (const diff of changed) {
            const before = { ...diff, isMergeable: !diff.isMergeable };
            try {
                await this.#world.files.rename(this.path(before), this.path(diff), STEPS.renameWdiff);
            }
            catch (error) {
                this.#world.log.error(`changeSnapshot:rename failed:${wdiffFileName(before)}:${errorText(error)}`);
                if (await this.#hasName(before)) {
                    this.set.erase(diff);
                    this.set.add(before);
                }
                isDone = false;
            }
        }
        return isDone;
    }
    async syncNames() {
        await this.#world.files.syncDirectory(this.directory, STEPS.renameWdiff);
    }
    /**
     * Opens the files of a list of diffs, all of them before any is used, so that removing them later does no
     * harm. `choose` is asked anew when a file went away meanwhile; after ten failures NotFoundError
     * `exceed max retry`. Close what is returned.
     */
    async openAll(choose) {
        for (let failures = 0;;) {
            const opened = [];
            try {
                for (const diff of await choose()) {
                    opened.push({
                        diff,
                        handle: await this.#world.files.open(this.path(diff), 'read', STEPS.openWdiff),
                    });
                }
                return opened;
            }
            catch (error) {
                closeAll(opened);
                if (!(error instanceof IoError))
                    throw error;
                failures += 1;
                this.#world.log.warning(`could not open a wdiff (${failures}): ${errorText(error)}`);
                if (failures === OPEN_ATTEMPTS)
                    throw new NotFoundError(`exceed max retry:${errorText(error)}`);
            }
        }
    }
    /** Throws StateError when a diff with the same ends is there. */
    verifyNew(diff) {
        if (this.set.exists(diff))
            throw new StateError(`already exists:${diffToText(diff)}`);
    }
    async #hasName(diff) {
        return (await this.#world.files.stat(this.path(diff), STEPS.renameWdiff)) !== null;
    }
    async #fileNames() {
        const names = [];
        for (const entry of await this.#world.files.list(this.directory, STEPS.listWdiffs)) {
            if (entry.kind === 'file' && entry.name.endsWith(WDIFF_SUFFIX))
                names.push(entry.name);
        }
        // The order of a directory is any; ties between diffs shall not depend on it.
        return names.sort();
    }
    async #unlink(diff) {
        try {
            await this.#world.files.unlink(this.path(diff), STEPS.removeWdiff);
        }
        catch (error) {
            this.#world.log.warning(`removeDiffFiles:unlink failed:${wdiffFileName(diff)}:${errorText(error)}`);
        }
    }
}
export function closeAll(wdiffs) {
    for (const { handle } of wdiffs)
        handle.close();
}
