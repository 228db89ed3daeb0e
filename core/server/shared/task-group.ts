import { errorText } from '../../errors.ts';
import type { Log } from '../../world/index.ts';
import { Condition } from './condition.ts';

/** The named tasks of one process: each runs beside the others, is logged when it fails, and can be waited for. */
export class TaskGroup {
  readonly #running = new Map<number, string>();
  readonly #log: Log;
  readonly #ended = new Condition();
  #next = 0;

  constructor(log: Log) {
    this.#log = log;
  }

  get names(): string[] {
    return [...this.#running.values()];
  }

  start(name: string, work: () => Promise<void>): void {
    const id = this.#next++;
    this.#running.set(id, name);
    const run = async () => {
      try {
        await work();
      } catch (error) {
        this.#log.error(`${name}:${errorText(error)}`);
      } finally {
        this.#running.delete(id);
        this.#ended.notifyAll();
      }
    };
    void run();
  }

  /** Waits until none is running. */
  async join(): Promise<void> {
    while (this.#running.size > 0) await this.#ended.next();
  }
}
