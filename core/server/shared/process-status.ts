import { Condition } from './condition.ts';

/** Whether a server runs, finishes what it does, or gives it up at the next check point. */
export class ProcessStatus {
  readonly changed = new Condition();
  #value: 'running' | 'graceful' | 'force' = 'running';

  get isRunning(): boolean {
    return this.#value === 'running';
  }

  get isForced(): boolean {
    return this.#value === 'force';
  }

  /** A forced shutdown is never taken back to a graceful one. */
  shutdown(mode: 'graceful' | 'force'): void {
    if (this.#value === 'force' || this.#value === mode) return;
    this.#value = mode;
    this.changed.notifyAll();
  }
}
