import { Condition } from './condition.js';
/** Whether a server runs, finishes what it does, or gives it up at the next check point. */
export class ProcessStatus {
    changed = new Condition();
    #value = 'running';
    get isRunning() {
        return this.#value === 'running';
    }
    get isForced() {
        return this.#value === 'force';
    }
    /** A forced shutdown is never taken back to a graceful one. */
    shutdown(mode) {
        if (this.#value === 'force' || this.#value === mode)
            return;
        this.#value = mode;
        this.changed.notifyAll();
    }
}
