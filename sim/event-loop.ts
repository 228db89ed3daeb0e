import { hashText, mix32 } from './random.ts';

/**
 * Resolves when every microtask that is queued now, and those that they queue, have run. The host of the
 * simulation gives it: immediates in Node (native/turn.ts), a message channel in a browser.
 */
export type Turn = () => Promise<void>;

/** Who an event belongs to. Events due at one instant come in an order drawn from seed, owner and count. */
export interface EventOwner {
  /** Hash of the owner's name. */
  readonly tieKey: number;
  /** Events planned for this owner so far; the loop counts. */
  tieCount: number;
  /** Names the owner in reports. */
  describe(): string;
}

/** What `fire` returns when it settled no promise and called no program, so that nothing became runnable. */
export const QUIET: unique symbol = Symbol('quiet');

/** Something that happens at a virtual time. */
export interface ScheduledEvent {
  readonly atUs: number;
  readonly tie: number;
  readonly seq: number;
  /** The trace line that led to this event, 0 when none. */
  readonly causeSeq: number;
  readonly owner: EventOwner;
  /** Null once fired or cancelled. */
  fire: (() => unknown) | null;
}

/** Bound on events at one instant: above it something spins. */
const MAX_EVENTS_AT_ONE_INSTANT = 100_000;
/** Bound on calls that settle at once between two events: above it a task never waits for anything. */
const MAX_CALLS_BETWEEN_EVENTS = 1_000_000;
/** How many of the last events at one instant are named when something spins. */
const NAMED_EVENTS = 200;
/** Cancelled events are swept out of the heap when they are more than this many and more than half. */
const SWEEP_AT = 256;

/** Time stands still: some task does things for ever without waiting. */
export class SpinningError extends Error {
  override readonly name = 'SpinningError';
}

/** Nothing is left to happen, and the run is not done. */
export class DeadlockError extends Error {
  override readonly name = 'DeadlockError';
}

/** The owner of events that belong to no process: the scenario, faults. */
function createOwner(name: string): EventOwner {
  return { tieKey: hashText(name, 0), tieCount: 0, describe: () => name };
}

/**
 * One event loop over virtual time in integer microseconds. Time moves only when nothing is runnable. Events
 * due at the same instant come in an order drawn from the seed.
 */
export class EventLoop {
  nowUs = 0;
  /** Events fired since the start. */
  firedCount = 0;
  /** The trace line that is the cause of what happens now, 0 when none. */
  causeSeq = 0;
  /** Set by what must end the run although no program sees it; thrown by `runUntil`. */
  failure: Error | null = null;
  readonly #turn: Turn;
  readonly #tieSeed: number;
  readonly #nobody = createOwner('simulation');
  #heap: ScheduledEvent[] = [];
  #nextSeq = 1;
  #cancelledCount = 0;
  #firedAtInstant = 0;
  #immediateCalls = 0;

  constructor(turn: Turn, seed: number) {
    this.#turn = turn;
    this.#tieSeed = mix32(seed ^ 0x7469_6573);
  }

  get pendingCount(): number {
    return this.#heap.length - this.#cancelledCount;
  }

  /**
   * Plans `fire` for a virtual time; a time that has passed means now. Give the owner where there is one: the
   * order of its events at one instant then does not depend on what others do.
   */
  schedule(atUs: number, fire: () => unknown, owner: EventOwner = this.#nobody): ScheduledEvent {
    const event: ScheduledEvent = {
      atUs: Math.max(Math.ceil(atUs), this.nowUs),
      tie: mix32(owner.tieKey ^ mix32(owner.tieCount ^ this.#tieSeed)),
      seq: this.#nextSeq,
      causeSeq: this.causeSeq,
      owner,
      fire,
    };
    owner.tieCount += 1;
    this.#nextSeq += 1;
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
   * Counts a call that settles without an event. Returns false when there were so many since the last event
   * that the caller must never settle again: the run then fails with SpinningError.
   */
  countImmediate(owner: EventOwner): boolean {
    this.#immediateCalls += 1;
    if (this.#immediateCalls <= MAX_CALLS_BETWEEN_EVENTS) return true;
    this.failure ??= new SpinningError(
      `More than ${MAX_CALLS_BETWEEN_EVENTS} calls at ${this.nowUs} us without waiting for anything: ${owner.describe()}.`,
    );
    return false;
  }

  /**
   * Runs until `isDone` says so (asked when nothing is runnable). Throws DeadlockError when nothing is left to
   * happen before that, SpinningError when time stands still; `describe` tells who is waiting.
   */
  async runUntil(isDone: () => boolean, describe: () => string): Promise<void> {
    let runnable = new Set<string>();
    for (;;) {
      await this.#turn();
      if (this.failure !== null) throw this.failure;
      if (isDone()) return;
      for (;;) {
        const event = this.#pop();
        if (event === null) {
          throw new DeadlockError(`Nothing is left to happen, but the run is not done. ${describe()}`);
        }
        if (event.atUs > this.nowUs) {
          this.nowUs = event.atUs;
          this.#firedAtInstant = 0;
          if (runnable.size > 0) runnable = new Set();
        }
        this.#firedAtInstant += 1;
        this.firedCount += 1;
        this.#immediateCalls = 0;
        this.causeSeq = event.causeSeq;
        const fire = event.fire as () => unknown;
        event.fire = null;
        const quiet = fire() === QUIET;
        if (this.#firedAtInstant > MAX_EVENTS_AT_ONE_INSTANT - NAMED_EVENTS) {
          runnable.add(event.owner.describe());
          if (this.#firedAtInstant > MAX_EVENTS_AT_ONE_INSTANT) {
            const names = [...runnable].join('; ');
            throw new SpinningError(
              `More than ${MAX_EVENTS_AT_ONE_INSTANT} events at ${this.nowUs} us without time moving. Runnable: ${names}.`,
            );
          }
        }
        if (!quiet) break;
      }
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
      if (child + 1 < size && isBefore(heap[child + 1] as ScheduledEvent, heap[child] as ScheduledEvent))
        child += 1;
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
