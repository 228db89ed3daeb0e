/**
 * Waiting without polling: whoever changes something that others may wait for calls `notifyAll`; waiters look
 * again. Replaces the sleep loops of the original (docs/differences.md, "Every server").
 */
export class Condition {
    #waiters = new Set();
    notifyAll() {
        const waiters = [...this.#waiters];
        this.#waiters.clear();
        for (const wake of waiters)
            wake();
    }
    /** Resolves at the next notification. */
    next() {
        return new Promise((resolve) => this.#waiters.add(resolve));
    }
    /** Resolves true at the next notification, false at `deadlineUs` (null = no deadline). */
    wait(clock, deadlineUs) {
        return new Promise((resolve) => {
            let cancelTimer = () => { };
            const wake = () => {
                cancelTimer();
                resolve(true);
            };
            this.#waiters.add(wake);
            if (deadlineUs !== null) {
                cancelTimer = clock.startTimer(deadlineUs, () => {
                    this.#waiters.delete(wake);
                    resolve(false);
                });
            }
        });
    }
}
/** Waits until `predicate` holds; false when it still does not at `deadlineUs`. */
export async function waitUntil(clock, condition, predicate, deadlineUs) {
    for (;;) {
        if (predicate())
            return true;
        if (deadlineUs !== null && clock.monotonicUs() >= deadlineUs)
            return false;
        await condition.wait(clock, deadlineUs);
    }
}
/** Resolves after `delayUs`, or at once when `condition` is notified; true when notified. */
export function sleepOrNotified(clock, condition, delayUs) {
    return condition.wait(clock, clock.monotonicUs() + delayUs);
}
/** Resolves after `delayUs`. */
export function sleep(clock, delayUs) {
    return new Promise((resolve) => {
        clock.startTimer(clock.monotonicUs() + delayUs, resolve);
    });
}
