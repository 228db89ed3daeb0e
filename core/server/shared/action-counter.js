import { StateError } from '../../errors.js';
/** Running actions of one volume by name, with the time at which the latest one began. */
export class ActionCounters {
    #counts = new Map();
    #clock;
    #changed;
    constructor(clock, changed) {
        this.#clock = clock;
        this.#changed = changed;
    }
    count(name) {
        return this.#counts.get(name)?.count ?? 0;
    }
    /** Time at which the latest run began, 0 = never since the process started. */
    beganAtS(name) {
        return this.#counts.get(name)?.beganAtS ?? 0;
    }
    total() {
        let sum = 0;
        for (const entry of this.#counts.values())
            sum += entry.count;
        return sum;
    }
    /** Counts one run; the returned function ends it (once). */
    begin(name) {
        const entry = this.#counts.get(name) ?? { count: 0, beganAtS: 0 };
        entry.count += 1;
        entry.beganAtS = this.#clock.wallTimeS();
        this.#counts.set(name, entry);
        let running = true;
        return () => {
            if (!running)
                return;
            running = false;
            entry.count -= 1;
            this.#changed.notifyAll();
        };
    }
    /** Throws StateError `FUNC:there are running action:NAME:COUNT` when one of `names` is running. */
    verifyNotRunning(names, func) {
        for (const name of names) {
            const count = this.count(name);
            if (count !== 0)
                throw new StateError(`${func}:there are running action:${name}:${count}`);
        }
    }
}
