import { FormatError, NotFoundError } from '../../errors.js';
import { Reader, Writer } from '../../format/serializer.js';
import { UUID_BYTES } from '../../format/uuid.js';
import { readFullReplState, writeFullReplState } from '../../snapshot/full-repl-state.js';
import { decodeWith, encodeWith, readMetaState, writeMetaState } from '../../snapshot/meta-codec.js';
import { readZeroClear, writeZeroClear } from '../../snapshot/zero-clear.js';
import { loadFile, saveFile, unlinkIfThere } from '../shared/persist.js';
import { CachedFile } from './cached-file.js';
import { STORED_STATES } from './states.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
const COLD_SUFFIX = '.cold';
const FULL_REPL_STATE = 'full_repl_state';
const ZERO_CLEAR = 'zero_clear';
/** The small files of one volume (docs/operations.md, "Files of an archive volume"). */
export class ArchiveVolumeFiles {
    directory;
    #world;
    #uuid;
    #archiveUuid;
    #base;
    constructor(world, directory) {
        this.#world = world;
        this.directory = directory;
        this.#uuid = this.#uuidFile('uuid', STEPS.loadUuid);
        this.#archiveUuid = this.#uuidFile('archive_uuid', STEPS.loadArchiveUuid);
        this.#base = new CachedFile(async () => decodeWith(readMetaState, await this.#load('base', STEPS.loadBase)), (base, step) => this.#save('base', encodeWith(writeMetaState, base), step));
    }
    /** One of STORED_STATES; anything else is a FormatError. NotFoundError when there is no such file. */
    async loadState() {
        const state = new Reader(await this.#load('state', STEPS.loadState)).string();
        if (!STORED_STATES.includes(state))
            throw new FormatError(`getState:bad state file:${state}`);
        return state;
    }
    async saveState(state, step = STEPS.saveState) {
        if (!STORED_STATES.includes(state))
            throw new FormatError(`setState:bad state:${state}`);
        const writer = new Writer();
        writer.string(state);
        await this.#save('state', writer.finish(), step);
    }
    /** Identity of the log that the diffs of proxies come from. */
    loadUuid() {
        return this.#uuid.load();
    }
    saveUuid(uuid) {
        return this.#uuid.save(uuid, STEPS.saveUuid);
    }
    /** Identity of this lineage of images. */
    loadArchiveUuid() {
        return this.#archiveUuid.load();
    }
    saveArchiveUuid(uuid) {
        return this.#archiveUuid.save(uuid, STEPS.saveArchiveUuid);
    }
    /** State of the base image. */
    loadBase() {
        return this.#base.load();
    }
    /** `step` tells what the image is about to go through, or has. */
    saveBase(base, step = STEPS.saveBase) {
        return this.#base.save(base, step);
    }
    /** Time of a cold snapshot; NotFoundError when it is not known. */
    async loadColdTime(gid) {
        return new Reader(await this.#load(`${gid}${COLD_SUFFIX}`, STEPS.loadCold)).u64Number();
    }
    async saveColdTime(gid, timestamp, step) {
        const writer = new Writer();
        writer.u64(timestamp);
        await this.#save(`${gid}${COLD_SUFFIX}`, writer.finish(), step);
    }
    async removeColdTime(gid) {
        await this.#remove(`${gid}${COLD_SUFFIX}`, STEPS.removeCold);
    }
    /** Gids of the cold snapshots whose time is known, in any order. */
    async listColdTimes() {
        const gids = [];
        for (const entry of await this.#world.files.list(this.directory, STEPS.loadCold)) {
            const digits = /^([0-9]+)\.cold$/.exec(entry.name)?.[1];
            if (digits !== undefined && Number.isSafeInteger(Number(digits)))
                gids.push(Number(digits));
        }
        return gids;
    }
    /** How far a full replication got, or null. */
    loadFullReplState() {
        return this.#loadIfThere(FULL_REPL_STATE, readFullReplState, STEPS.loadFullReplState);
    }
    async saveFullReplState(progress) {
        await this.#save(FULL_REPL_STATE, encodeWith(writeFullReplState, progress), STEPS.saveFullReplState);
    }
    /** Durable when it returns: what the file promised may be overwritten then. */
    removeFullReplState() {
        return this.#removeDurably(FULL_REPL_STATE, STEPS.removeFullReplState);
    }
    /** What a resize still owes, or null. */
    loadZeroClear() {
        return this.#loadIfThere(ZERO_CLEAR, readZeroClear, STEPS.loadZeroClear);
    }
    async saveZeroClear(owed) {
        await this.#save(ZERO_CLEAR, encodeWith(writeZeroClear, owed), STEPS.resizeOwe);
    }
    /** Durable when it returns: data may be written where the file wanted zeros. */
    removeZeroClear() {
        return this.#removeDurably(ZERO_CLEAR, STEPS.resizePaid);
    }
    /** Drops what is kept in memory. */
    forget() {
        this.#uuid.forget();
        this.#archiveUuid.forget();
        this.#base.forget();
    }
    #uuidFile(name, loadStep) {
        return new CachedFile(async () => new Reader(await this.#load(name, loadStep)).raw(UUID_BYTES), (uuid, step) => this.#save(name, uuid, step));
    }
    #load(name, step) {
        return loadFile(this.#world.files, `${this.directory}/${name}`, step);
    }
    async #loadIfThere(name, read, step) {
        try {
            return decodeWith(read, await this.#load(name, step));
        }
        catch (error) {
            if (error instanceof NotFoundError)
                return null;
            throw error;
        }
    }
    #save(name, content, step) {
        return saveFile(this.#world, this.directory, name, content, step);
    }
    async #removeDurably(name, step) {
        await this.#remove(name, step);
        await this.#world.files.syncDirectory(this.directory, step);
    }
    #remove(name, step) {
        return unlinkIfThere(this.#world.files, `${this.directory}/${name}`, step);
    }
}
