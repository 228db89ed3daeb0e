import type { MonotonicUs } from '../../units.ts';
import type { Clock } from '../../world/index.ts';
import { Condition } from './condition.ts';

/** A queued task: what it is about (by key) and the retry delay it carries. */
export interface QueuedTask<T> {
  readonly key: string;
  readonly task: T;
  dueUs: MonotonicUs;
}

/**
 * Time-ordered set of unique tasks (docs/operations.md, "Task queue"). Keys decide equality and the order in
 * listings.
 */
export class TaskQueue<T> {
  readonly #clock: Clock;
  readonly #tasks = new Map<string, QueuedTask<T>>();
  readonly #changed = new Condition();
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Queues unless an equal task is queued; that one keeps its due time and what it carries. */
  push(key: string, task: T, delayMs: number): void {
    if (this.#closed || this.#tasks.has(key)) return;
    this.#put(key, task, delayMs);
  }

  /** Queues, replacing an equal task. */
  pushForce(key: string, task: T, delayMs: number): void {
    if (!this.#closed) this.#put(key, task, delayMs);
  }

  remove(matches: (task: T) => boolean): void {
    for (const [key, queued] of this.#tasks) if (matches(queued.task)) this.#tasks.delete(key);
  }

  /** Tasks with the milliseconds until they are due (negative: overdue), ordered by key. */
  list(): { task: T; key: string; dueInMs: number }[] {
    const nowUs = this.#clock.monotonicUs();
    return [...this.#tasks.values()]
      .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
      .map(({ key, task, dueUs }) => ({ key, task, dueInMs: Math.trunc((dueUs - nowUs) / 1000) }));
  }

  /** The earliest due task, removed from the queue; waits for one. Null once the queue is closed. */
  async pop(): Promise<QueuedTask<T> | null> {
    for (;;) {
      if (this.#closed) return null;
      const first = this.#earliest();
      if (first !== null && first.dueUs <= this.#clock.monotonicUs()) {
        this.#tasks.delete(first.key);
        return first;
      }
      await this.#changed.wait(this.#clock, first === null ? null : first.dueUs);
    }
  }

  /** Drops what is queued and ends every `pop`; later pushes are ignored. */
  close(): void {
    this.#closed = true;
    this.#tasks.clear();
    this.#changed.notifyAll();
  }

  #put(key: string, task: T, delayMs: number): void {
    this.#tasks.set(key, { key, task, dueUs: this.#clock.monotonicUs() + delayMs * 1000 });
    this.#changed.notifyAll();
  }

  #earliest(): QueuedTask<T> | null {
    let earliest: QueuedTask<T> | null = null;
    for (const queued of this.#tasks.values()) {
      if (earliest === null || queued.dueUs < earliest.dueUs) earliest = queued;
    }
    return earliest;
  }
}
