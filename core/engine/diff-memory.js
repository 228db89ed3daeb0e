import { cutIo } from './plain-io.js';
/** IOs in one chunk of the list at most. */
const CHUNK_IOS = 256;
/**
 * A map of IOs by address in which the newest wins: what an added IO covers is cut out of the older ones. Pieces
 * never overlap and are never joined. See docs/formats.md, "Newest wins".
 *
 * A list of sorted chunks: finding is a binary search, inserting moves one chunk.
 */
export class DiffMemory {
    #maxIoLb;
    #cut;
    /** Each chunk has at least one IO. */
    #chunks = [];
    /** Added IOs longer than `maxIoLb` are cut into pieces of that size from their start; 0 = never. */
    constructor(maxIoLb, cut) {
        this.#maxIoLb = maxIoLb;
        this.#cut = cut;
    }
    /** A memory of plain IOs. */
    static ofPlain(maxIoLb) {
        return new DiffMemory(maxIoLb, cutIo);
    }
    /** A memory of IOs of another kind; `cut` gives the part of one between two addresses inside of it. */
    static of(maxIoLb, cut) {
        return new DiffMemory(maxIoLb, cut);
    }
    get isEmpty() {
        return this.#chunks.length === 0;
    }
    /** Adds an IO that is newer than all others. The data are kept as a view. */
    add(io) {
        const end = io.addressLb + io.sizeLb;
        this.#carve(io.addressLb, end);
        if (this.#maxIoLb === 0 || io.sizeLb <= this.#maxIoLb) {
            this.#insert(io);
            return;
        }
        for (let at = io.addressLb; at < end; at += this.#maxIoLb) {
            this.#insert(this.#cut(io, at, Math.min(end, at + this.#maxIoLb)));
        }
    }
    /** Removes and returns the first IO if it ends at or before `doneLb`. */
    shiftUntil(doneLb) {
        if (this.#chunks.length === 0)
            return null;
        const first = this.#chunks[0];
        const io = first[0];
        if (io.addressLb + io.sizeLb > doneLb)
            return null;
        if (first.length === 1)
            this.#chunks.shift();
        else
            first.shift();
        return io;
    }
    /** The IOs, ascending by address. */
    *ios() {
        for (const chunk of this.#chunks)
            yield* chunk;
    }
    /** Sum of what `dataBytesOf` says of the IOs. */
    dataBytes(dataBytesOf) {
        let bytes = 0;
        for (const chunk of this.#chunks)
            for (const io of chunk)
                bytes += dataBytesOf(io);
        return bytes;
    }
    /** Puts another IO of the same range in the place of each. */
    replaceAll(replacement) {
        for (const chunk of this.#chunks)
            for (let i = 0; i < chunk.length; i++)
                chunk[i] = replacement(chunk[i]);
    }
    /** Index of the last chunk that begins at or before `address`, or 0. */
    #chunkIndex(address) {
        let low = 0;
        let high = this.#chunks.length - 1;
        while (low < high) {
            const middle = (low + high + 1) >>> 1;
            if (this.#chunks[middle][0].addressLb <= address)
                low = middle;
            else
                high = middle - 1;
        }
        return low;
    }
    /** Cuts [begin, end) out of what is there. */
    #carve(begin, end) {
        for (;;) {
            // Chunk by chunk: where the range begins moves on as chunks are emptied.
            let index = this.#chunkIndex(begin);
            let chunk = this.#chunks[index];
            if (chunk === undefined)
                return;
            let from = firstEndingAfter(chunk, begin);
            if (from === chunk.length) {
                chunk = this.#chunks[++index];
                if (chunk === undefined)
                    return;
                from = 0;
            }
            let to = from;
            while (to < chunk.length && chunk[to].addressLb < end)
                to++;
            if (to === from)
                return;
            const first = chunk[from];
            const last = chunk[to - 1];
            const lastEnd = last.addressLb + last.sizeLb;
            const remainders = [];
            if (first.addressLb < begin)
                remainders.push(this.#cut(first, first.addressLb, begin));
            if (lastEnd > end)
                remainders.push(this.#cut(last, end, lastEnd));
            const wasWhole = to === chunk.length;
            chunk.splice(from, to - from, ...remainders);
            if (chunk.length === 0)
                this.#chunks.splice(index, 1);
            // Beyond this chunk there may be more only if it was cut to its end.
            if (!wasWhole || lastEnd >= end)
                return;
        }
    }
    #insert(io) {
        if (this.#chunks.length === 0) {
            this.#chunks.push([io]);
            return;
        }
        const index = this.#chunkIndex(io.addressLb);
        const chunk = this.#chunks[index];
        const at = firstEndingAfter(chunk, io.addressLb);
        chunk.splice(at, 0, io);
        if (chunk.length <= CHUNK_IOS)
            return;
        // IOs that come in order fill chunks to the brim; others split them in halves.
        const keep = at === chunk.length - 1 ? CHUNK_IOS : CHUNK_IOS / 2;
        this.#chunks.splice(index + 1, 0, chunk.splice(keep));
    }
}
/** Index of the first IO of a sorted chunk that ends after `address`. */
function firstEndingAfter(chunk, address) {
    let low = 0;
    let high = chunk.length;
    while (low < high) {
        const middle = (low + high) >>> 1;
        if (chunk[middle].addressLb + chunk[middle].sizeLb > address)
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}
