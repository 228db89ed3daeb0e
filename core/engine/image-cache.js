/**
 * Decompressed images of any number of files, the least recently used dropped first. The newest one always stays,
 * however large.
 */
export class ImageCache {
    limitBytes;
    /** Entries by file and offset. */
    #files = new Map();
    /** In the order of use: a set keeps the order of insertion. */
    #entries = new Set();
    #bytes = 0;
    constructor(limitBytes) {
        this.limitBytes = limitBytes;
    }
    has(file, offset) {
        return this.#files.get(file)?.has(offset) === true;
    }
    get(file, offset) {
        const entry = this.#files.get(file)?.get(offset);
        if (entry === undefined)
            return null;
        this.#entries.delete(entry);
        this.#entries.add(entry);
        return entry.image;
    }
    /** Adds an image that is not there. */
    put(file, offset, image) {
        const entry = { file, offset, image };
        const images = this.#files.get(file) ?? new Map();
        this.#files.set(file, images.set(offset, entry));
        this.#entries.add(entry);
        this.#bytes += image.length;
        for (const oldest of this.#entries) {
            if (this.#bytes <= this.limitBytes || this.#entries.size === 1)
                break;
            this.#drop(oldest);
        }
    }
    /** Forgets a file whose images nobody needs any more. */
    dropFile(file) {
        for (const entry of this.#files.get(file)?.values() ?? []) {
            this.#entries.delete(entry);
            this.#bytes -= entry.image.length;
        }
        this.#files.delete(file);
    }
    #drop(entry) {
        this.#entries.delete(entry);
        this.#bytes -= entry.image.length;
        this.#files.get(entry.file)?.delete(entry.offset);
    }
}
