import { Mutex } from '../shared/mutex.js';
/**
 * The decoded content of one small file, kept in memory. After a save that failed nobody knows whether the old or
 * the new content is there, nor whether it is durable: the next look reads it and writes it anew.
 */
export class CachedFile {
    #read;
    #write;
    #mutex = new Mutex();
    #value;
    /** The step of a save that failed, until the content is certain again. */
    #failedStep = null;
    constructor(read, write) {
        this.#read = read;
        this.#write = write;
    }
    async load() {
        if (this.#value !== undefined)
            return this.#value;
        return this.#mutex.run(async () => {
            if (this.#value !== undefined)
                return this.#value;
            const value = await this.#read();
            if (this.#failedStep !== null)
                await this.#write(value, this.#failedStep);
            this.#failedStep = null;
            this.#value = value;
            return value;
        });
    }
    async save(value, step) {
        await this.#mutex.run(async () => {
            this.#value = undefined;
            this.#failedStep = step;
            await this.#write(value, step);
            this.#failedStep = null;
            this.#value = value;
        });
    }
    /** Drops what is kept in memory. */
    forget() {
        this.#value = undefined;
    }
}
