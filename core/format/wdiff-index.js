/**
 * The index of an indexed wdiff while it is being written: a map from addresses to pieces of images in which
 * the newest IO wins. Millions of pieces: they live in typed arrays, in leaves of bounded size that a binary
 * search finds, so an IO costs O(log n), and a piece 20 bytes beside the one object of its IO. See docs/formats.md, "Newest wins".
 */
import { FormatError } from '../errors.js';
import { alignedPieceLb, floorPow2 } from './aligned-split.js';
import { viewOf } from './binary.js';
import { encodeIndexRecordInto, INDEX_RECORD_BYTES } from './index-record.js';
import { checkBlockRange, checkStoredSize } from './wdiff-record.js';
/** Largest piece unless asked otherwise: 1 MiB. */
export const DEFAULT_MAX_PIECE_LB = 2048;
/** Pieces in a leaf. */
const LEAF_CAPACITY = 256;
/** Index records encoded at a time: 48 KiB. */
const ENCODE_RECORDS = 1024;
const MAX_IMAGES = 0xffff_ffff;
function newLeaf() {
    return {
        count: 0,
        addressLb: new Float64Array(LEAF_CAPACITY),
        sizeLb: new Uint32Array(LEAF_CAPACITY),
        image: new Uint32Array(LEAF_CAPACITY),
        imageOffsetLb: new Uint32Array(LEAF_CAPACITY),
    };
}
/** Moves the pieces from `from` on to `to`, in the same leaf. */
function movePieces(leaf, from, to) {
    if (from === leaf.count)
        return;
    leaf.addressLb.copyWithin(to, from, leaf.count);
    leaf.sizeLb.copyWithin(to, from, leaf.count);
    leaf.image.copyWithin(to, from, leaf.count);
    leaf.imageOffsetLb.copyWithin(to, from, leaf.count);
}
/** Copies pieces [from, from + count) of `source` to `to` in `target`. */
function copyPieces(source, from, target, to, count) {
    target.addressLb.set(source.addressLb.subarray(from, from + count), to);
    target.sizeLb.set(source.sizeLb.subarray(from, from + count), to);
    target.image.set(source.image.subarray(from, from + count), to);
    target.imageOffsetLb.set(source.imageOffsetLb.subarray(from, from + count), to);
}
export class WdiffIndex {
    #limitLb;
    #leaves = [];
    #images = [];
    #recordCount = 0;
    /** Where the next piece goes. */
    #leafAt = 0;
    #pieceAt = 0;
    /** Pieces have at most `maxPieceLb` blocks, rounded down to a power of two; 0 = no limit. */
    constructor(maxPieceLb = DEFAULT_MAX_PIECE_LB) {
        this.#limitLb = maxPieceLb > 0 ? floorPow2(maxPieceLb) : 0;
    }
    /** IOs added, whatever became of them. */
    get ioCount() {
        return this.#images.length;
    }
    /** Records that the index has now. */
    get recordCount() {
        return this.#recordCount;
    }
    /**
     * Adds an IO that was written after all others: it replaces what overlaps it, of whatever kind. For a zero
     * or discard IO `dataOffsetBytes` is where the next image will be. Throws FormatError for an invalid record.
     */
    add(io) {
        checkBlockRange(io.addressLb, io.sizeLb, 0);
        checkStoredSize(io, io.sizeLb, 0);
        if (this.#images.length >= MAX_IMAGES)
            throw new FormatError('an indexed wdiff must have less than 2^32 IOs');
        const image = this.#images.length;
        // A copy without the address, which the pieces have; nobody else can change it.
        this.#images.push({
            kind: io.kind,
            compression: io.kind === 'normal' ? io.compression : 'none',
            dataOffsetBytes: io.dataOffsetBytes,
            dataSizeBytes: io.dataSizeBytes,
            checksum: io.checksum,
            sizeLb: io.sizeLb,
        });
        const { addressLb, sizeLb } = io;
        const endLb = addressLb + sizeLb;
        this.#seek(addressLb);
        const { before, after } = this.#remove(addressLb, endLb);
        // Old pieces are aligned, so cutting them once at the ends of the IO gives what cutting them at each of its
        // pieces would give.
        if (before !== null)
            this.#insertSplit(before);
        this.#insertSplit({ addressLb, sizeLb, image, imageOffsetLb: 0 });
        if (after !== null)
            this.#insertSplit(after);
    }
    /** The index records, ascending by address. */
    *records() {
        for (const leaf of this.#leaves) {
            for (let i = 0; i < leaf.count; i++)
                yield this.#record(leaf, i);
        }
    }
    /** The bytes of the index, a piece at a time: `recordCount` records of 48 bytes. Each piece is a new array. */
    *encodedRecords() {
        let left = this.#recordCount;
        let bytes = new Uint8Array(Math.min(left, ENCODE_RECORDS) * INDEX_RECORD_BYTES);
        let view = viewOf(bytes);
        let at = 0;
        for (const leaf of this.#leaves) {
            for (let i = 0; i < leaf.count; i++) {
                encodeIndexRecordInto(this.#record(leaf, i), view, at);
                at += INDEX_RECORD_BYTES;
                if (at < bytes.length)
                    continue;
                yield bytes;
                left -= at / INDEX_RECORD_BYTES;
                bytes = new Uint8Array(Math.min(left, ENCODE_RECORDS) * INDEX_RECORD_BYTES);
                view = viewOf(bytes);
                at = 0;
            }
        }
    }
    #record(leaf, i) {
        const image = this.#images[leaf.image[i]];
        return {
            addressLb: leaf.addressLb[i],
            sizeLb: leaf.sizeLb[i],
            kind: image.kind,
            compression: image.compression,
            dataOffsetBytes: image.dataOffsetBytes,
            dataSizeBytes: image.dataSizeBytes,
            imageOffsetLb: leaf.imageOffsetLb[i],
            imageSizeLb: image.kind === 'normal' ? image.sizeLb : 0,
            dataChecksum: image.checksum,
        };
    }
    /** Moves to the first piece that ends behind `addressLb`, or to where it would be. */
    #seek(addressLb) {
        let low = 0;
        let high = this.#leaves.length;
        while (low < high) {
            const middle = (low + high) >>> 1;
            if (this.#leaves[middle].addressLb[0] <= addressLb)
                low = middle + 1;
            else
                high = middle;
        }
        this.#leafAt = Math.max(0, low - 1);
        this.#pieceAt = 0;
        if (low === 0)
            return;
        const leaf = this.#leaves[low - 1];
        low = 0;
        high = leaf.count;
        while (low < high) {
            const middle = (low + high) >>> 1;
            if (leaf.addressLb[middle] <= addressLb)
                low = middle + 1;
            else
                high = middle;
        }
        // The piece before begins at or below the address, and may reach over it.
        const reaches = leaf.addressLb[low - 1] + leaf.sizeLb[low - 1] > addressLb;
        this.#pieceAt = reaches ? low - 1 : low;
    }
    /** Removes the pieces from here on that begin below `endLb`, and returns what they leave on both sides. */
    #remove(beginLb, endLb) {
        let before = null;
        let after = null;
        const firstLeaf = this.#leafAt;
        let from = this.#pieceAt;
        let leafIndex = firstLeaf;
        for (; leafIndex < this.#leaves.length; leafIndex++, from = 0) {
            const leaf = this.#leaves[leafIndex];
            let to = from;
            for (; to < leaf.count && leaf.addressLb[to] < endLb; to++) {
                const addressLb = leaf.addressLb[to];
                const pieceEndLb = addressLb + leaf.sizeLb[to];
                const image = leaf.image[to];
                const imageOffsetLb = leaf.imageOffsetLb[to];
                if (addressLb < beginLb) {
                    before = { addressLb, sizeLb: beginLb - addressLb, image, imageOffsetLb };
                }
                if (pieceEndLb > endLb) {
                    after = {
                        addressLb: endLb,
                        sizeLb: pieceEndLb - endLb,
                        image,
                        imageOffsetLb: imageOffsetLb + (endLb - addressLb),
                    };
                }
            }
            const atEnd = to === leaf.count;
            if (to > from) {
                movePieces(leaf, to, from);
                leaf.count -= to - from;
                this.#recordCount -= to - from;
            }
            if (!atEnd)
                break;
        }
        this.#dropEmpty(firstLeaf, Math.min(leafIndex + 1, this.#leaves.length));
        return { before, after };
    }
    /** Drops the empty leaves among [from, to), and keeps the place where the next piece goes. */
    #dropEmpty(from, to) {
        let emptyFrom = from;
        while (emptyFrom < to && this.#leaves[emptyFrom].count > 0)
            emptyFrom++;
        let emptyTo = emptyFrom;
        while (emptyTo < to && this.#leaves[emptyTo].count === 0)
            emptyTo++;
        if (emptyTo > emptyFrom)
            this.#leaves.splice(emptyFrom, emptyTo - emptyFrom);
        if (this.#leafAt < this.#leaves.length || this.#leafAt === 0)
            return;
        this.#leafAt--;
        this.#pieceAt = this.#leaves[this.#leafAt].count;
    }
    /** Inserts the aligned pieces of a range here, and moves behind them. */
    #insertSplit(range) {
        let { addressLb, sizeLb, imageOffsetLb } = range;
        while (sizeLb > 0) {
            const pieceLb = alignedPieceLb(addressLb, sizeLb, this.#limitLb);
            this.#insert(addressLb, pieceLb, range.image, imageOffsetLb);
            addressLb += pieceLb;
            sizeLb -= pieceLb;
            imageOffsetLb += pieceLb;
        }
    }
    #insert(addressLb, sizeLb, image, imageOffsetLb) {
        if (this.#leaves.length === 0)
            this.#leaves.push(newLeaf());
        let leaf = this.#leaves[this.#leafAt];
        if (leaf.count === LEAF_CAPACITY)
            leaf = this.#makeRoom(leaf);
        const at = this.#pieceAt;
        movePieces(leaf, at, at + 1);
        leaf.addressLb[at] = addressLb;
        leaf.sizeLb[at] = sizeLb;
        leaf.image[at] = image;
        leaf.imageOffsetLb[at] = imageOffsetLb;
        leaf.count++;
        this.#pieceAt++;
        this.#recordCount++;
    }
    /** Makes room in a full leaf at the present place, and returns the leaf that is the place now. */
    #makeRoom(leaf) {
        const added = newLeaf();
        // Behind everything, pieces tend to come in order: leave the full leaf full.
        const keep = this.#pieceAt === leaf.count ? leaf.count : LEAF_CAPACITY / 2;
        copyPieces(leaf, keep, added, 0, leaf.count - keep);
        added.count = leaf.count - keep;
        leaf.count = keep;
        this.#leaves.splice(this.#leafAt + 1, 0, added);
        if (this.#pieceAt < keep || (this.#pieceAt === keep && keep < LEAF_CAPACITY))
            return leaf;
        this.#leafAt++;
        this.#pieceAt -= keep;
        return added;
    }
}
