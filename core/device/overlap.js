import { RangeIndex } from './range-index.js';
/**
 * Puts overlapping IOs in the order in which they came, so that the result on the data device is that of
 * doing them one after another; IOs that do not touch each other go on at once.
 */
export class OverlapOrder {
    #index = new RangeIndex();
    /** IOs that came and have not completed. */
    get size() {
        return this.#index.size;
    }
    /** Takes an IO in; true when it may begin now. */
    enter(io) {
        io.waitsFor = this.#index.overlapping(io).length;
        this.#index.add(io);
        return io.waitsFor === 0;
    }
    /** An IO completed. Returns those that may begin now. */
    leave(io) {
        this.#index.delete(io);
        // All that it overlapped before it entered had left when it began: what is left came later.
        const ready = [];
        for (const later of this.#index.overlapping(io)) {
            later.waitsFor -= 1;
            if (later.waitsFor === 0)
                ready.push(later);
        }
        return ready;
    }
}
