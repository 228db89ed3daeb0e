import { bytesOf } from './device-state.js';
import { RangeIndex, rangeCovers } from './range-index.js';
/**
 * Writes that completed in the log and have not completed on the data device: reads see them from here.
 * Discards count for the limit, but are not shown to reads.
 */
export class PendingData {
    #index = new RangeIndex();
    #sizeLb = 0;
    /** What is pending; a discard counts for 1. */
    get sizeLb() {
        return this.#sizeLb;
    }
    /** Older writes that the new one covers whole are never looked at again. */
    add(request) {
        this.#sizeLb += countedLb(request);
        if (request.kind !== 'write')
            return;
        for (const older of this.#index.overlapping(request)) {
            if (rangeCovers(request, older))
                this.#index.delete(older);
        }
        this.#index.add(request);
    }
    remove(request) {
        this.#sizeLb -= countedLb(request);
        this.#index.delete(request);
    }
    /** The pending writes that a read of this range must see, oldest first. */
    overlay(addressLb, sizeLb) {
        return this.#index.overlapping({ addressLb, sizeLb }).sort((a, b) => a.lsid - b.lsid);
    }
}
function countedLb(request) {
    return request.kind === 'write' ? request.sizeLb : 1;
}
/** `base` (what the data device holds from `addressLb` on) with the writes over it, as a copy if there are any. */
export function applyOverlay(base, addressLb, writes) {
    if (writes.length === 0)
        return base;
    const result = base.slice();
    const endLb = addressLb + base.length / bytesOf(1);
    for (const write of writes) {
        const fromLb = Math.max(addressLb, write.addressLb);
        const toLb = Math.min(endLb, write.addressLb + write.sizeLb);
        const part = write.data.subarray(bytesOf(fromLb - write.addressLb), bytesOf(toLb - write.addressLb));
        result.set(part, bytesOf(fromLb - addressLb));
    }
    return result;
}
