/** Mutual exclusion between tasks of one process, first come first served. Not re-entrant. */
export class Mutex {
    #locked = false;
    #waiting = [];
    get locked() {
        return this.#locked;
    }
    /** Runs `work` alone. The lock is freed when its promise settles. */
    async run(work) {
        const release = await this.acquire();
        try {
            return await work();
        }
        finally {
            release();
        }
    }
    /** Takes the lock; the returned function frees it (once, later calls do nothing). */
    async acquire() {
        if (this.#locked)
            await new Promise((resolve) => this.#waiting.push(resolve));
        this.#locked = true;
        let held = true;
        return () => {
            if (!held)
                return;
            held = false;
            const next = this.#waiting.shift();
            // The lock stays taken while it is handed over, so that nobody slips in between.
            if (next === undefined)
                this.#locked = false;
            else
                next();
        };
    }
}
