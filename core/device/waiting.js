/**
 * Waiting without polling. One condition serves everything that waits for the device's state: look at the
 * state, and when it is not as wanted, wait for the next change and look again.
 */
export class Condition {
    #clock;
    #waiters = [];
    constructor(clock) {
        this.#clock = clock;
    }
    /** Something changed: everybody who waits looks again. */
    notify() {
        if (this.#waiters.length === 0)
            return;
        const waiters = this.#waiters;
        this.#waiters = [];
        for (const wake of waiters)
            wake();
    }
    /** Resolves at the next change. */
    wait() {
        return new Promise((resolve) => this.#waiters.push(resolve));
    }
    /** Resolves at the next change, or at `dueUs`. */
    waitUntil(dueUs) {
        return new Promise((resolve) => {
            const cancel = this.#clock.startTimer(dueUs, () => {
                this.#waiters = this.#waiters.filter((waiter) => waiter !== wake);
                resolve();
            });
            const wake = () => {
                cancel();
                resolve();
            };
            this.#waiters.push(wake);
        });
    }
}
/** One at a time, in the order of asking. */
export class Mutex {
    #last = Promise.resolve();
    run(work) {
        const result = this.#last.then(work);
        this.#last = result.catch(() => { });
        return result;
    }
}
/** A queue whose head is taken in constant time. */
export class Fifo {
    #items = [];
    #head = 0;
    get length() {
        return this.#items.length - this.#head;
    }
    push(item) {
        this.#items.push(item);
    }
    peek() {
        return this.#items[this.#head];
    }
    shift() {
        if (this.#head === this.#items.length)
            return undefined;
        const item = this.#items[this.#head];
        this.#items[this.#head++] = undefined;
        if (this.#head === this.#items.length) {
            this.#items = [];
            this.#head = 0;
        }
        else if (this.#head > 1024 && this.#head * 2 > this.#items.length) {
            this.#items = this.#items.slice(this.#head);
            this.#head = 0;
        }
        return item;
    }
    /** Takes up to `count` items from the head. */
    take(count) {
        const taken = [];
        while (taken.length < count && this.length > 0)
            taken.push(this.shift());
        return taken;
    }
}
