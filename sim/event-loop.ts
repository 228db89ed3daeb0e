import { mix32 } from './random.ts';

/**
 * Resolves when every microtask that is queued now, and those that they queue, have run. The host of the
 * simulation gives it: `setImmediate` in Node, a message channel in a browser.
 */
export type Turn = () => Promise<void>;

/** Something that happens at a virtual time. */
export interface ScheduledEvent {
  readonly atUs: number;
  readonly tie: number;
  readonly seq: number;
  /** Null once fired or cancelled. */
  fire: (() => void) | null;
}

/** Bound on events at one instant: above it something spins. */
const MAX_EVENTS_AT_ONE_INSTANT = 100_000;
/** Cancelled events are swept out of the heap when they are more than this many and more than half. */
const SWEEP_AT = 256;

export class SpinningError extends Error {
  override readonly name = 'SpinningError';
}

export class DeadlockError extends Error {
  override readonly name = 'DeadlockError';
}

/**
 * One event loop over virtual time in integer microseconds. Time moves only when nothing is runnable. Events
 * due at the same instant come in an order drawn from the seed.
 */
export class EventLoop {
  nowUs = 0;
  /** Events fired since the start. */
  firedCount = 0;
  /** Sequence number of the event that is being fired: the cause of what happens now. */
  currentSeq = 0;
  readonly #turn: Turn;
  readonly #tieSeed: number;
  #heap: ScheduledEvent[] = [];
  #nextSeq = 1;
  #cancelledCount = 0;
  #firedAtInstant = 0;

  constructor(turn: Turn, seed: number) {
    this.#turn = turn;
    this.#tieSeed = mix32(seed ^ 0x7469_6573);
  }

  get pendingCount(): number {
    return this.#heap.length - this.#cancelledCount;
  }

  /** Plans `fire` for a virtual time; a time that has passed means now. */
  schedule(atUs: number, fire: () => void): ScheduledEvent {
    const seq = this.#nextSeq++;
    const event = { atUs: Math.max(Math.ceil(atUs), this.nowUs), tie: mix32(seq ^ this.#tieSeed), seq, fire };
    this.#push(event);
    return event;
  }

  cancel(event: ScheduledEvent): void {
    if (event.fire === null) return;
    event.fire = null;
    this.#cancelledCount += 1;
    if (this.#cancelledCount > SWEEP_AT && this.#cancelledCount * 2 > this.#heap.length) this.#sweep();
  }

  /**
   * Runs until `isDone` says so (asked when nothing is runnable). Throws DeadlockError when nothing is left to
   * happen before that, SpinningError when time stands still; `describe` tells who is runnable or waiting.
   */
  async runUntil(isDone: () => boolean, describe: () => string): Promise<void> {
    for (;;) {
      await this.#turn();
      if (isDone()) return;
      const event = this.#pop();
      if (event === null) throw new DeadlockError(`Nothing is left to happen, but the run is not done. ${describe()}`);
      if (event.atUs > this.nowUs) {
        this.nowUs = event.atUs;
        this.#firedAtInstant = 0;
      }
      this.#firedAtInstant += 1;
      if (this.#firedAtInstant > MAX_EVENTS_AT_ONE_INSTANT) {
        throw new SpinningError(
          `More than ${MAX_EVENTS_AT_ONE_INSTANT} events at ${this.nowUs} us without time moving. ${describe()}`,
        );
      }
      this.firedCount += 1;
      this.currentSeq = event.seq;
      const fire = event.fire as () => void;
      event.fire = null;
      fire();
    }
  }

  #push(event: ScheduledEvent): void {
    const heap = this.#heap;
    let i = heap.length;
    heap.push(event);
    while (i > 0) {
      const parent = (i - 1) >> 1;
      const above = heap[parent] as ScheduledEvent;
      if (!isBefore(event, above)) break;
      heap[i] = above;
      i = parent;
    }
    heap[i] = event;
  }

  #pop(): ScheduledEvent | null {
    for (;;) {
      const top = this.#heap[0];
      if (top === undefined) return null;
      const last = this.#heap.pop() as ScheduledEvent;
      if (this.#heap.length > 0) this.#sink(last, 0);
      if (top.fire !== null) return top;
      this.#cancelledCount -= 1;
    }
  }

  #sink(event: ScheduledEvent, from: number): void {
    const heap = this.#heap;
    const size = heap.length;
    let i = from;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= size) break;
      if (child + 1 < size && isBefore(heap[child + 1] as ScheduledEvent, heap[child] as ScheduledEvent)) child += 1;
      if (!isBefore(heap[child] as ScheduledEvent, event)) break;
      heap[i] = heap[child] as ScheduledEvent;
      i = child;
    }
    heap[i] = event;
  }

  #sweep(): void {
    this.#heap = this.#heap.filter((event) => event.fire !== null);
    this.#cancelledCount = 0;
    for (let i = (this.#heap.length >> 1) - 1; i >= 0; i--) this.#sink(this.#heap[i] as ScheduledEvent, i);
  }
}

function isBefore(a: ScheduledEvent, b: ScheduledEvent): boolean {
  if (a.atUs !== b.atUs) return a.atUs < b.atUs;
  if (a.tie !== b.tie) return a.tie < b.tie;
  return a.seq < b.seq;
}
