export function rangesOverlap(a, b) {
    return a.addressLb < b.addressLb + b.sizeLb && b.addressLb < a.addressLb + a.sizeLb;
}
/** Whether `outer` holds all of `inner`. */
export function rangeCovers(outer, inner) {
    return (outer.addressLb <= inner.addressLb && inner.addressLb + inner.sizeLb <= outer.addressLb + outer.sizeLb);
}
const BUCKET_LB = 256;
/** Ranges over more buckets are kept in one list: few are that long, and they are looked at in every search. */
const MAX_BUCKETS = 16;
/**
 * Finds which of many overlapping ranges touch a given one. Ranges are kept by the buckets of the address
 * space that they touch; a search costs what is in the buckets of the searched range.
 */
export class RangeIndex {
    #buckets = new Map();
    #long = new Set();
    #all = new Set();
    get size() {
        return this.#all.size;
    }
    has(item) {
        return this.#all.has(item);
    }
    add(item) {
        this.#all.add(item);
        if (isLong(item)) {
            this.#long.add(item);
            return;
        }
        for (let b = firstBucket(item); b <= lastBucket(item); b++) {
            const bucket = this.#buckets.get(b);
            if (bucket === undefined)
                this.#buckets.set(b, new Set([item]));
            else
                bucket.add(item);
        }
    }
    /** Harmless for an item that is not there. */
    delete(item) {
        if (!this.#all.delete(item))
            return;
        if (this.#long.delete(item))
            return;
        for (let b = firstBucket(item); b <= lastBucket(item); b++) {
            const bucket = this.#buckets.get(b);
            if (bucket === undefined)
                continue;
            bucket.delete(item);
            if (bucket.size === 0)
                this.#buckets.delete(b);
        }
    }
    /** The items that overlap `range`, in no particular order. */
    overlapping(range) {
        const found = [];
        if (isLong(range)) {
            for (const item of this.#all)
                if (rangesOverlap(item, range))
                    found.push(item);
            return found;
        }
        const first = firstBucket(range);
        for (let b = first; b <= lastBucket(range); b++) {
            const bucket = this.#buckets.get(b);
            if (bucket === undefined)
                continue;
            for (const item of bucket) {
                // An item in several buckets counts in the first that the search looks into.
                if (b === Math.max(first, firstBucket(item)) && rangesOverlap(item, range))
                    found.push(item);
            }
        }
        for (const item of this.#long)
            if (rangesOverlap(item, range))
                found.push(item);
        return found;
    }
}
function firstBucket(range) {
    return Math.floor(range.addressLb / BUCKET_LB);
}
function lastBucket(range) {
    return Math.floor((range.addressLb + range.sizeLb - 1) / BUCKET_LB);
}
function isLong(range) {
    return lastBucket(range) - firstBucket(range) >= MAX_BUCKETS;
}
