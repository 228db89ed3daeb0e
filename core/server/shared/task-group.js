import { errorText } from '../../errors.js';
import { Condition } from './condition.js';
/** The named tasks of one process: each runs beside the others, is logged when it fails, and can be waited for. */
export class TaskGroup {
    #running = new Map();
    #log;
    #ended = new Condition();
    #next = 0;
    constructor(log) {
        this.#log = log;
    }
    get names() {
        return [...this.#running.values()];
    }
    start(name, work) {
        const id = this.#next++;
        this.#running.set(id, name);
        const run = async () => {
            try {
                await work();
            }
            catch (error) {
                this.#log.error(`${name}:${errorText(error)}`);
            }
            finally {
                this.#running.delete(id);
                this.#ended.notifyAll();
            }
        };
        void run();
    }
    /** Waits until none is running. */
    async join() {
        while (this.#running.size > 0)
            await this.#ended.next();
    }
}
