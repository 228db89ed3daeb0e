import { DEFAULT_MAX_PIECE_LB, encodeIndexSuper, indexPaddingBytes, WdiffIndex, } from '../format/indexed-wdiff.js';
import { encodeWdiffHeader, WDIFF_HEADER_BYTES } from '../format/wdiff-header.js';
import { recordOfIo } from '../format/wdiff-record.js';
import { writePieces } from './byte-stream.js';
import { BATCH_BYTES, compressIos } from './io-codec.js';
/** IOs in one batch of compression jobs at most. */
const BATCH_IOS = 256;
/**
 * Writes an indexed wdiff: images in the order of adding, then the index. IOs may come in any order, the newest
 * wins. Only the index is kept in memory. Without `close` the file has no index and cannot be read. Nothing is
 * synced. See docs/formats.md, "Indexed wdiff".
 */
export class IndexedWdiffWriter {
    #sink;
    #options;
    #index;
    #offset = WDIFF_HEADER_BYTES;
    #filling = [];
    #fillingBytes = 0;
    /** Oldest first. */
    #inFlight = [];
    /** The write that is under way while the next batch is made. */
    #writing = Promise.resolve();
    constructor(sink, options) {
        this.#sink = sink;
        this.#options = options;
        this.#index = new WdiffIndex(options.maxPieceLb ?? DEFAULT_MAX_PIECE_LB);
    }
    /** Writes the header. */
    static async open(sink, uuid, options) {
        await sink.write(encodeWdiffHeader({ type: 'indexed', uuid }));
        return new IndexedWdiffWriter(sink, options);
    }
    /** Bytes written so far, of what was compressed already. */
    get sizeBytes() {
        return this.#offset;
    }
    /** Adds an IO that is newer than all others; its data must stay unchanged until `close`. */
    async add(io) {
        this.#filling.push(io);
        this.#fillingBytes += io.data.length;
        if (this.#filling.length >= BATCH_IOS || this.#fillingBytes >= BATCH_BYTES)
            await this.#push();
    }
    /** Writes what is left, the index and its super. */
    async close() {
        await this.#push();
        while (this.#inFlight.length > 0)
            await this.#writeOldest();
        await this.#writing;
        const padding = indexPaddingBytes(this.#offset);
        if (padding > 0)
            await this.#sink.write(new Uint8Array(padding));
        for (const piece of this.#index.encodedRecords())
            await this.#sink.write(piece);
        const { recordCount, ioCount } = this.#index;
        await this.#sink.write(encodeIndexSuper({ indexOffsetBytes: this.#offset + padding, recordCount, ioCount }));
    }
    async #push() {
        const { compression, pool, maxBatchesInFlight = 2 } = this.#options;
        if (this.#filling.length === 0)
            return;
        const batch = compressIos(this.#filling, compression, pool);
        // Nobody may be waiting for it yet when it fails; whoever waits later still sees the error.
        batch.catch(() => undefined);
        this.#inFlight.push(batch);
        this.#filling = [];
        this.#fillingBytes = 0;
        while (this.#inFlight.length > maxBatchesInFlight)
            await this.#writeOldest();
    }
    async #writeOldest() {
        const pieces = [];
        for (const io of (await this.#inFlight.shift()) ?? []) {
            this.#index.add(recordOfIo(io, this.#offset));
            if (io.data.length > 0)
                pieces.push(io.data);
            this.#offset += io.data.length;
        }
        await this.#writing;
        this.#writing = writePieces(this.#sink, pieces);
        // Nobody may be waiting for it yet when it fails; whoever waits later still sees the error.
        this.#writing.catch(() => undefined);
    }
}
