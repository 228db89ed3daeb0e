import { errorText } from '../../errors.js';
import { END_PACK } from '../../format/sorted-wdiff.js';
import { encodeWdiffHeader } from '../../format/wdiff-header.js';
import { wdiffFileName } from '../../snapshot/wdiff-name.js';
import { publishFile, temporaryName, unlinkIfThere } from '../shared/persist.js';
import { ARCHIVE_STEPS as STEPS } from './steps.js';
/** Small pieces are written together: a wdiff is made of many. */
const BUFFER_BYTES = 64 * 1024;
/**
 * A wdiff file that is being written. It becomes a diff of the volume only by `publish`, whole and durable; else
 * `discard` leaves nothing of it.
 */
export class TemporaryWdiff {
    #world;
    #directory;
    #path;
    #handle;
    #syncIntervalBytes;
    /** What was appended, written or still in the buffer. */
    #sizeBytes = 0;
    #buffer = new Uint8Array(BUFFER_BYTES);
    #bufferedBytes = 0;
    #sinceSyncBytes = 0;
    #isOpen = true;
    #isPublished = false;
    constructor(world, directory, path, handle, syncIntervalBytes) {
        this.#world = world;
        this.#directory = directory;
        this.#path = path;
        this.#handle = handle;
        this.#syncIntervalBytes = syncIntervalBytes;
    }
    static async create(world, directory, syncIntervalBytes) {
        const path = `${directory}/${temporaryName(world.random)}`;
        let handle;
        try {
            handle = await world.files.open(path, 'create-new', STEPS.createWdiff);
        }
        catch (error) {
            await unlinkIfThere(world.files, path, STEPS.discardWdiff);
            throw error;
        }
        return new TemporaryWdiff(world, directory, path, handle, syncIntervalBytes);
    }
    /** Appends. */
    async write(bytes) {
        if (this.#bufferedBytes + bytes.length > BUFFER_BYTES)
            await this.#flushBuffer();
        if (bytes.length > BUFFER_BYTES) {
            await this.#handle.write(this.#sizeBytes, bytes, STEPS.writeWdiff);
        }
        else {
            this.#buffer.set(bytes, this.#bufferedBytes);
            this.#bufferedBytes += bytes.length;
        }
        this.#sizeBytes += bytes.length;
        this.#sinceSyncBytes += bytes.length;
        if (this.#sinceSyncBytes < this.#syncIntervalBytes)
            return;
        await this.#sync();
    }
    /** The header of a file that is filled with received packs. */
    async begin(uuid) {
        await this.write(encodeWdiffHeader({ type: 'sorted', uuid }));
    }
    /** A pack as it was received. */
    async append(pack) {
        await this.write(pack.header);
        if (pack.data.length > 0)
            await this.write(pack.data);
    }
    async end() {
        await this.write(END_PACK.slice());
    }
    /**
     * Makes the file durable under the diff's name and returns the diff with its size. When that fails the name is
     * taken back, so that a file which nobody acknowledged does not show up after a restart.
     */
    async publish(diff) {
        await this.#sync();
        this.#close();
        const name = wdiffFileName(diff);
        try {
            await publishFile(this.#world.files, this.#directory, this.#path, name, STEPS.publishWdiff);
        }
        catch (error) {
            await unlinkIfThere(this.#world.files, `${this.#directory}/${name}`, STEPS.discardWdiff);
            throw error;
        }
        this.#isPublished = true;
        return { ...diff, dataSizeBytes: this.#sizeBytes };
    }
    /** Removes the file unless it was published. Never throws. */
    async discard() {
        this.#close();
        if (this.#isPublished)
            return;
        try {
            await unlinkIfThere(this.#world.files, this.#path, STEPS.discardWdiff);
        }
        catch (error) {
            this.#world.log.warning(`could not remove ${this.#path}: ${errorText(error)}`);
        }
    }
    async #flushBuffer() {
        if (this.#bufferedBytes === 0)
            return;
        const at = this.#sizeBytes - this.#bufferedBytes;
        await this.#handle.write(at, this.#buffer.subarray(0, this.#bufferedBytes), STEPS.writeWdiff);
        this.#bufferedBytes = 0;
    }
    async #sync() {
        await this.#flushBuffer();
        await this.#handle.sync(STEPS.syncWdiff);
        this.#sinceSyncBytes = 0;
    }
    #close() {
        if (this.#isOpen)
            this.#handle.close();
        this.#isOpen = false;
    }
}
