import { errorText } from '../../errors.js';
import { Condition } from './condition.js';
/**
 * Runs queued tasks, at most `maxRunning` at a time; a due task waits in the queue, visible to status and
 * removal, until it may run. What a task throws is logged.
 */
export class Dispatcher {
    #queue;
    #maxRunning;
    #log;
    #work;
    #ended = new Condition();
    #running = 0;
    #closed = false;
    constructor(queue, maxRunning, log, work) {
        this.#queue = queue;
        this.#maxRunning = maxRunning;
        this.#log = log;
        this.#work = work;
    }
    /** Runs until the queue is closed, then waits for the tasks that are running. */
    async run() {
        while (!this.#closed) {
            while (this.#running >= this.#maxRunning)
                await this.#ended.next();
            const next = await this.#queue.pop();
            if (next === null)
                this.#closed = true;
            else
                void this.#runOne(next);
        }
        while (this.#running > 0)
            await this.#ended.next();
    }
    async #runOne(next) {
        this.#running += 1;
        try {
            await this.#work(next.task);
        }
        catch (error) {
            this.#log.error(errorText(error));
        }
        finally {
            this.#running -= 1;
            this.#ended.notifyAll();
        }
    }
}
