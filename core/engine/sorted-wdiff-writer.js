import { FormatError } from '../errors.js';
import { END_PACK } from '../format/sorted-wdiff.js';
import { encodeWdiffHeader } from '../format/wdiff-header.js';
import { writePieces } from './byte-stream.js';
import { Packer, packPieces } from './pack-image.js';
/**
 * Writes a sorted wdiff: header, packs, end pack. Without `close` the file has no end pack, so that a file that was
 * given up never looks complete. Nothing is synced. See docs/formats.md, "Sorted wdiff".
 */
export class SortedWdiffWriter {
    #sink;
    #packer;
    #endLb = 0;
    #dataSizeBytes = 0;
    /** The write that is under way while the next pack is made. */
    #writing = Promise.resolve();
    constructor(sink, options) {
        this.#sink = sink;
        this.#packer = new Packer(options, (pack) => this.#write(pack));
    }
    /** Writes the header. */
    static async open(sink, uuid, options) {
        await sink.write(encodeWdiffHeader({ type: 'sorted', uuid }));
        return new SortedWdiffWriter(sink, options);
    }
    /** Stored bytes of all IOs written so far. */
    get dataSizeBytes() {
        return this.#dataSizeBytes;
    }
    /** Adds an IO behind all others. Throws FormatError when it begins before the last one ends. */
    async add(io) {
        if (io.addressLb < this.#endLb) {
            throw new FormatError('Invalid wdiff: IOs must be sorted and not overlapped each other.');
        }
        this.#endLb = io.addressLb + io.sizeLb;
        await this.#packer.add(io);
    }
    /** Writes what is left and the end pack. */
    async close() {
        await this.#packer.finish();
        await this.#writing;
        await this.#sink.write(END_PACK.slice());
    }
    async #write(pack) {
        await this.#writing;
        this.#writing = writePieces(this.#sink, packPieces(pack));
        // Nobody may be waiting for it yet when it fails; whoever waits later still sees the error.
        this.#writing.catch(() => undefined);
        for (const io of pack.ios)
            this.#dataSizeBytes += io.data.length;
    }
}
/** Writes all IOs of a stream as a sorted wdiff. On an error the end pack is missing. */
export async function writeSortedWdiff(ios, sink, uuid, options) {
    const writer = await SortedWdiffWriter.open(sink, uuid, options);
    for (let io = await ios.next(); io !== null; io = await ios.next())
        await writer.add(io);
    await writer.close();
}
