import { gidOrder } from './meta.js';
export function makeEntry(diff, sequence) {
    return { diff, sequence, begin: gidOrder(diff.snapB.gidB), end: gidOrder(diff.snapE.gidB) };
}
const CHUNK_ENTRIES = 256;
/**
 * Diffs ordered by the gid where they begin, then by insertion, in chunks of bounded size. A chunk knows
 * the farthest end in it, so that finding what covers a gid skips all other chunks: with n diffs, k of them
 * covering, a query looks at about n/256 chunks and 512(k+1) entries, an insertion moves about 512 entries.
 */
export class DiffOrder {
    #chunks = [];
    #size = 0;
    get size() {
        return this.#size;
    }
    clear() {
        this.#chunks = [];
        this.#size = 0;
    }
    insert(entry) {
        this.#size++;
        const at = this.#lastChunkStartingAtOrBefore(entry);
        if (at < 0 && this.#chunks.length === 0) {
            this.#chunks.push(chunkOf([entry]));
            return;
        }
        const chunk = this.#chunks[Math.max(at, 0)];
        chunk.entries.splice(firstIndexAfter(chunk.entries, entry), 0, entry);
        chunk.farthestEnd = Math.max(chunk.farthestEnd, entry.end);
        if (chunk.entries.length <= 2 * CHUNK_ENTRIES)
            return;
        // Ascending insertion is the usual case: leave full chunks behind.
        const tail = chunk.entries.splice(CHUNK_ENTRIES);
        this.#chunks.splice(Math.max(at, 0), 1, chunkOf(chunk.entries), chunkOf(tail));
    }
    /** Removes an entry that was inserted. */
    remove(entry) {
        const at = this.#lastChunkStartingAtOrBefore(entry);
        const chunk = this.#chunks[at];
        chunk.entries.splice(firstIndexAfter(chunk.entries, entry) - 1, 1);
        this.#size--;
        this.#settle(at, chunk.entries);
    }
    /** Removes all entries with begin in [from, to) that `unwanted` names, and returns them in order. */
    removeWhere(from, to, unwanted) {
        const removed = [];
        const kept = [];
        for (const chunk of this.#chunks) {
            const { entries } = chunk;
            if (entries[entries.length - 1].begin < from || entries[0].begin >= to) {
                kept.push(chunk);
                continue;
            }
            const left = [];
            for (const entry of entries) {
                const begin = entry.begin;
                if (begin >= from && begin < to && unwanted(entry.diff))
                    removed.push(entry);
                else
                    left.push(entry);
            }
            const last = kept[kept.length - 1];
            if (left.length === entries.length)
                kept.push(chunk);
            else if (left.length === 0)
                continue;
            else if (last !== undefined && last.entries.length + left.length <= CHUNK_ENTRIES) {
                kept[kept.length - 1] = chunkOf(last.entries.concat(left));
            }
            else
                kept.push(chunkOf(left));
        }
        this.#chunks = kept;
        this.#size -= removed.length;
        return removed;
    }
    /** Entries with begin in [from, to), in order. */
    *range(from, to) {
        for (let i = Math.max(0, this.#firstChunkReaching(from)); i < this.#chunks.length; i++) {
            for (const entry of this.#chunks[i].entries) {
                const begin = entry.begin;
                if (begin >= to)
                    return;
                if (begin >= from)
                    yield entry;
            }
        }
    }
    last() {
        const chunk = this.#chunks[this.#chunks.length - 1];
        return chunk === undefined ? null : chunk.entries[chunk.entries.length - 1];
    }
    /** The farthest end of all, or null when empty. */
    farthestEnd() {
        return this.#chunks.reduce((end, chunk) => Math.max(end ?? 0, chunk.farthestEnd), null);
    }
    /** Diffs that begin at or before the gid and end after it, in order of insertion. */
    covering(gid) {
        const at = gidOrder(gid);
        const found = [];
        for (const { entries, farthestEnd } of this.#chunks) {
            if (farthestEnd <= at)
                continue;
            if (entries[0].begin > at)
                break;
            for (const entry of entries) {
                if (entry.begin > at)
                    break;
                if (entry.end > at)
                    found.push(entry);
            }
        }
        if (found.length > 1)
            found.sort((a, b) => a.sequence - b.sequence);
        return found.map((entry) => entry.diff);
    }
    /** Puts what is left of a chunk back: dropped when empty, joined with a neighbour when both are small. */
    #settle(at, entries) {
        if (entries.length === 0) {
            this.#chunks.splice(at, 1);
            return;
        }
        const first = this.#hasRoom(at - 1, entries.length) ? at - 1 : at;
        const last = first === at && this.#hasRoom(at + 1, entries.length) ? at + 1 : at;
        this.#chunks[at] = chunkOf(entries);
        if (first === last)
            return;
        const joined = this.#chunks[first].entries.concat(this.#chunks[last].entries);
        this.#chunks.splice(first, 2, chunkOf(joined));
    }
    #hasRoom(at, entries) {
        const chunk = this.#chunks[at];
        return chunk !== undefined && chunk.entries.length + entries <= CHUNK_ENTRIES;
    }
    /** Index of the chunk where the entry is or belongs, -1 when it comes before all. */
    #lastChunkStartingAtOrBefore(entry) {
        let low = 0;
        let high = this.#chunks.length;
        while (low < high) {
            const middle = (low + high) >>> 1;
            if (compareEntries(this.#chunks[middle].entries[0], entry) <= 0)
                low = middle + 1;
            else
                high = middle;
        }
        return low - 1;
    }
    /** Index of the first chunk with an entry that begins at or after `from`. */
    #firstChunkReaching(from) {
        let low = 0;
        let high = this.#chunks.length;
        while (low < high) {
            const middle = (low + high) >>> 1;
            const { entries } = this.#chunks[middle];
            if (entries[entries.length - 1].begin < from)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }
}
function chunkOf(entries) {
    let farthestEnd = 0;
    for (const entry of entries)
        farthestEnd = Math.max(farthestEnd, entry.end);
    return { entries, farthestEnd };
}
function firstIndexAfter(entries, entry) {
    let low = 0;
    let high = entries.length;
    while (low < high) {
        const middle = (low + high) >>> 1;
        if (compareEntries(entries[middle], entry) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
function compareEntries(a, b) {
    return a.begin - b.begin || a.sequence - b.sequence;
}
