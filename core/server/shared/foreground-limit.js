import { StateError } from '../../errors.js';
/** Process-wide limit of foreground jobs (`-fg`). */
export class ForegroundLimit {
    max;
    #running = 0;
    constructor(max) {
        this.max = max;
    }
    /**
     * Counts one job; the returned function ends it (once). Throws StateError
     * `FUNC:exceeds max foreground tasks:MAX` when `max` are running.
     */
    begin(func) {
        if (this.#running >= this.max)
            throw new StateError(`${func}:exceeds max foreground tasks:${this.max}`);
        this.#running += 1;
        let counted = true;
        return () => {
            if (counted)
                this.#running -= 1;
            counted = false;
        };
    }
}
