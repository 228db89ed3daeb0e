import { Condition } from './condition.js';
/**
 * Time-ordered set of unique tasks (docs/operations.md, "Task queue"). Keys decide equality and the order in
 * listings.
 */
export class TaskQueue {
    #clock;
    #tasks = new Map();
    #changed = new Condition();
    #closed = false;
    constructor(clock) {
        this.#clock = clock;
    }
    /** Queues unless an equal task is queued; that one keeps its due time and what it carries. */
    push(key, task, delayMs) {
        if (this.#closed || this.#tasks.has(key))
            return;
        this.#put(key, task, delayMs);
    }
    /** Queues, replacing an equal task. */
    pushForce(key, task, delayMs) {
        if (!this.#closed)
            this.#put(key, task, delayMs);
    }
    remove(matches) {
        for (const [key, queued] of this.#tasks)
            if (matches(queued.task))
                this.#tasks.delete(key);
    }
    /** Tasks with the milliseconds until they are due (negative: overdue), ordered by key. */
    list() {
        const nowUs = this.#clock.monotonicUs();
        return [...this.#tasks.values()]
            .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
            .map(({ key, task, dueUs }) => ({ key, task, dueInMs: Math.trunc((dueUs - nowUs) / 1000) }));
    }
    /** The earliest due task, removed from the queue; waits for one. Null once the queue is closed. */
    async pop() {
        for (;;) {
            if (this.#closed)
                return null;
            const first = this.#earliest();
            if (first !== null && first.dueUs <= this.#clock.monotonicUs()) {
                this.#tasks.delete(first.key);
                return first;
            }
            await this.#changed.wait(this.#clock, first === null ? null : first.dueUs);
        }
    }
    /** Drops what is queued and ends every `pop`; later pushes are ignored. */
    close() {
        this.#closed = true;
        this.#tasks.clear();
        this.#changed.notifyAll();
    }
    #put(key, task, delayMs) {
        this.#tasks.set(key, { key, task, dueUs: this.#clock.monotonicUs() + delayMs * 1000 });
        this.#changed.notifyAll();
    }
    #earliest() {
        let earliest = null;
        for (const queued of this.#tasks.values()) {
            if (earliest === null || queued.dueUs < earliest.dueUs)
                earliest = queued;
        }
        return earliest;
    }
}
