import { FormatError, StateError } from '../../errors.js';
import { clearQueue, createQueueFile, openQueueFile, popBack, pushFront, } from '../../format/queue-file.js';
import { Reader, Writer } from '../../format/serializer.js';
import { UUID_BYTES } from '../../format/uuid.js';
import { decodeWith, encodeWith, readMetaLsidGid, writeMetaLsidGid } from '../../snapshot/meta-codec.js';
import { Mutex } from '../shared/mutex.js';
import { loadFile, saveFile } from '../shared/persist.js';
import { STORED_STATES } from './states.js';
import { STORAGE_STEPS as STEPS } from './steps.js';
import { isDelivered } from './wlog-plan.js';
/**
 * The files of one volume: `path`, `state`, `done`, `uuid` and `queue` (docs/operations.md, "Files of a storage
 * volume"). What was read is kept. After a failed write nobody knows whether the file that can be seen is also
 * the one that survives: the next look at `done` or `queue` writes what it sees anew before anything relies on it.
 */
export class StorageVolumeFiles {
    directory;
    #world;
    #done = null;
    #queue = null;
    #uuid = null;
    /** Whoever reads while somebody writes must not keep what was there before. */
    #lock = new Mutex();
    #isDoneUnsure = false;
    #isQueueUnsure = false;
    constructor(world, directory) {
        this.#world = world;
        this.directory = directory;
    }
    async loadPath() {
        return new Reader(await this.#load('path', STEPS.loadVolume)).string();
    }
    /** One of STORED_STATES; anything else is a FormatError. */
    async loadState() {
        const state = new Reader(await this.#load('state', STEPS.loadVolume)).string();
        if (!STORED_STATES.includes(state))
            throw new FormatError(`StorageVolInfo:bad state file:${state}`);
        return state;
    }
    async saveState(state) {
        const writer = new Writer();
        writer.string(state);
        await saveFile(this.#world, this.directory, 'state', writer.finish(), STEPS.saveState);
    }
    /** Replaces one state by another; when that fails, the old one is put back if it can be. */
    async changeState(from, to) {
        try {
            await this.saveState(to);
        }
        catch (error) {
            try {
                await this.saveState(from);
            }
            catch {
                // The first error says what is wrong with the disk.
            }
            throw error;
        }
    }
    async savePath(path) {
        const writer = new Writer();
        writer.string(path);
        await saveFile(this.#world, this.directory, 'path', writer.finish(), STEPS.initFiles);
    }
    async loadUuid() {
        return this.#lock.run(async () => {
            this.#uuid ??= new Reader(await this.#load('uuid', STEPS.loadUuid)).raw(UUID_BYTES).slice();
            return this.#uuid;
        });
    }
    async saveUuid(uuid) {
        await this.#lock.run(async () => {
            this.#uuid = null;
            await saveFile(this.#world, this.directory, 'uuid', uuid, STEPS.saveUuid);
            this.#uuid = uuid;
        });
    }
    /** What was delivered last; lsid and gid are null before the first backup. */
    async loadDone() {
        return this.#lock.run(async () => {
            if (this.#done !== null)
                return this.#done;
            const done = decodeWith(readMetaLsidGid, await this.#load('done', STEPS.loadDone));
            if (this.#isDoneUnsure)
                await this.#writeDone(done);
            this.#done = done;
            return done;
        });
    }
    /** Throws StateError before the first backup. */
    async loadDonePosition() {
        const position = toPosition(await this.loadDone());
        if (position === null)
            throw new StateError('StorageVolInfo:doneLsid is invalid');
        return position;
    }
    async saveDone(done) {
        await this.#lock.run(() => this.#writeDone(done));
    }
    async #writeDone(done) {
        this.#done = null;
        this.#isDoneUnsure = true;
        await saveFile(this.#world, this.directory, 'done', encodeWith(writeMetaLsidGid, done), STEPS.saveDone);
        this.#isDoneUnsure = false;
        this.#done = done;
    }
    async createQueue() {
        const salt = this.#world.random.below('queue-salt', 0x1_0000_0000);
        await this.#lock.run(() => this.#runChange(createQueueFile(salt), STEPS.initFiles, 'create'));
    }
    /** The queued positions, newest first. */
    async loadQueue() {
        return positionsOf(await this.#lock.run(() => this.#openQueue()));
    }
    /** Adds a position; durable when it returns. */
    async pushQueue(position) {
        await this.#lock.run(async () => {
            const record = encodeWith(writeMetaLsidGid, position);
            await this.#runChange(pushFront(await this.#openQueue(), record), STEPS.pushQueue, 'update');
        });
    }
    /** Drops the positions that were delivered; returns what is left, newest first. */
    async dropDelivered(done) {
        return this.#lock.run(async () => {
            const queue = await this.#openQueue();
            const positions = positionsOf(queue);
            let left = positions.length;
            while (left > 0 && isDelivered(positions[left - 1], done))
                left -= 1;
            const count = positions.length - left;
            if (count > 0)
                await this.#runChange(popBack(queue, count), STEPS.popQueue, 'update');
            return positions.slice(0, left);
        });
    }
    async clearQueue() {
        await this.#lock.run(async () => this.#runChange(clearQueue(await this.#openQueue()), STEPS.clearQueue, 'update'));
    }
    /** Replaces all positions at once (newest first): the old or the new ones are there after a crash. */
    async replaceQueue(newestFirst) {
        const records = newestFirst.map((position) => encodeWith(writeMetaLsidGid, position));
        await this.#lock.run(async () => this.#rewriteQueue((await this.#openQueue()).header.salt, records));
    }
    async #rewriteQueue(salt, newestFirst) {
        let change = createQueueFile(salt);
        let bytes = applySteps(new Uint8Array(0), change);
        for (const record of [...newestFirst].reverse()) {
            change = pushFront(change.queue, record);
            bytes = applySteps(bytes, change);
        }
        this.#queue = null;
        this.#isQueueUnsure = true;
        await saveFile(this.#world, this.directory, 'queue', bytes, STEPS.repairQueue);
        this.#isQueueUnsure = false;
        this.#queue = change.queue;
    }
    async #openQueue() {
        if (this.#queue !== null)
            return this.#queue;
        const queue = openQueueFile(await this.#load('queue', STEPS.loadQueue));
        if (this.#isQueueUnsure)
            await this.#rewriteQueue(queue.header.salt, queue.records);
        else
            this.#queue = queue;
        return this.#queue ?? queue;
    }
    async #runChange(change, step, mode) {
        if (change.steps.length > 0) {
            this.#queue = null;
            this.#isQueueUnsure = true;
            const handle = await this.#world.files.open(`${this.directory}/queue`, mode, step);
            try {
                for (const action of change.steps) {
                    if (action.kind === 'write')
                        await handle.write(action.offset, action.bytes, step);
                    else if (action.kind === 'truncate')
                        await handle.truncate(action.sizeBytes, step);
                    else
                        await handle.sync(step);
                }
            }
            finally {
                handle.close();
            }
            this.#isQueueUnsure = false;
        }
        this.#queue = change.queue;
    }
    async #load(name, step) {
        return loadFile(this.#world.files, `${this.directory}/${name}`, step);
    }
}
function toPosition(record) {
    const { lsid, gid } = record;
    return lsid === null || gid === null ? null : { ...record, lsid, gid };
}
/** Newest first. */
function positionsOf(queue) {
    return queue.records.map((data) => toPosition(decodeWith(readMetaLsidGid, data)) ?? invalidQueueRecord());
}
function invalidQueueRecord() {
    throw new FormatError('StorageVolInfo:a queue record has no lsid or no gid');
}
/** The file that the steps of a change make of `bytes`. */
function applySteps(bytes, change) {
    let file = bytes.slice();
    for (const step of change.steps) {
        if (step.kind === 'write') {
            if (step.offset + step.bytes.length > file.length)
                file = resized(file, step.offset + step.bytes.length);
            file.set(step.bytes, step.offset);
        }
        else if (step.kind === 'truncate')
            file = resized(file, step.sizeBytes);
    }
    return file;
}
function resized(bytes, sizeBytes) {
    const result = new Uint8Array(sizeBytes);
    result.set(bytes.subarray(0, sizeBytes));
    return result;
}
