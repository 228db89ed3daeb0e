import type { CallInfo } from './call-info.ts';
import { type EventOwner, QUIET, type ScheduledEvent } from './event-loop.ts';
import { checkPoison, type Kernel, poisonMark, takeTracePlace, traceEvent } from './kernel.ts';
import { type Linked, PendingList } from './pending-list.ts';
import { hashText } from './random.ts';

export type { CallInfo } from './call-info.ts';
export type { Kernel } from './kernel.ts';

/** Where inside a call a crash may strike. `torn`: with a part of the effect, where the call has parts. */
export type CrashPhase = 'before' | 'torn' | 'after';

/**
 * Asked at each call: faults decide here. `strike` may kill the incarnation (or cut its host's power) and is
 * asked before the effect, after it, and after a part of it (`torn`) where `tears` said so; `fail` may give an
 * error to throw instead of success, with the effect none, part or whole; `latencyUs` may lengthen the call.
 */
export interface CallFaults {
  strike(incarnation: Incarnation, info: CallInfo, phase: CrashPhase): void;
  tears(incarnation: Incarnation, info: CallInfo): boolean;
  fail(incarnation: Incarnation, info: CallInfo): { error: Error; effect: 'none' | 'part' | 'whole' } | null;
  latencyUs(incarnation: Incarnation, info: CallInfo, plannedUs: number): number;
}

/**
 * What else than its whole effect a call may have; all act on the world directly and at once.
 * `torn`: a part of the effect, where `tears` or `fail` asks for one. `failed`: what the call does when `fail`
 * refuses it with effect `none`; without it, nothing. `atDeath`: what becomes of the call when its life ends
 * while it is under way, instead of the draw of `submitted`.
 */
export interface EffectParts {
  readonly torn?: () => void;
  readonly failed?: () => void;
  readonly atDeath?: () => void;
  /** A crash struck right before the effect: what the call left with others when it began ends here. */
  readonly dropped?: () => void;
}

/** Something that dies with an incarnation: a connection, a lock, a listener. */
export type OnDeath = () => void;

/** Something planned for an incarnation. `info` and `effect` are null for a timer. */
interface Pending extends Linked<Pending> {
  event: ScheduledEvent | null;
  readonly info: CallInfo | null;
  readonly effect: (() => unknown) | null;
  readonly parts: EffectParts | undefined;
}

function newPending(
  info: CallInfo | null,
  effect: (() => unknown) | null,
  parts: EffectParts | undefined,
): Pending {
  return { event: null, info, effect, parts, before: null, after: null, isListed: false };
}

/** The promise of a call whose caller is dead. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}

/**
 * One life of one process (or of a host's kernel). It fences: after `kill` no pending call settles, no call
 * has an effect, no timer fires, and everything registered with it is dropped.
 */
export class Incarnation implements EventOwner {
  readonly host: string;
  readonly process: string;
  /** 1 for the first life of this process. */
  readonly life: number;
  readonly pid: number;
  readonly name: string;
  readonly kernel: Kernel;
  readonly tieKey: number;
  tieCount = 0;
  /** Told when a callback of the program throws: the process ends. */
  onProgramError: ((error: unknown) => void) | null = null;
  #alive = true;
  #paused = false;
  #held: (() => void)[] = [];
  #draining = false;
  #lastCall: CallInfo | null = null;
  readonly #pending = new PendingList<Pending>();
  readonly #onDeath = new Set<OnDeath>();

  constructor(kernel: Kernel, host: string, process: string, life: number, pid: number) {
    this.kernel = kernel;
    this.host = host;
    this.process = process;
    this.life = life;
    this.pid = pid;
    this.name = `${process}#${life}`;
    this.tieKey = hashText(this.name, hashText(host, 0));
  }

  get alive(): boolean {
    return this.#alive;
  }

  get paused(): boolean {
    return this.#paused;
  }

  /**
   * Ends this life at once; nothing of it runs any more. Submitted calls in flight are finished or not, by
   * draw. What it registered is told in order.
   */
  kill(): void {
    if (!this.#alive) return;
    this.#alive = false;
    const { loop, random } = this.kernel;
    const inFlight = this.#pending.takeAll();
    for (const { event } of inFlight) if (event !== null) loop.cancel(event);
    const draw = random.at('in-flight', this.host, this.process, this.life);
    for (const pending of inFlight) {
      if (pending.parts?.atDeath !== undefined) {
        pending.parts.atDeath();
        continue;
      }
      if (pending.info === null || !pending.info.submitted || !draw.chance(0.5)) continue;
      let failure: unknown = null;
      try {
        pending.effect?.();
      } catch (error) {
        failure = error;
      }
      traceEvent(this.kernel, this.host, this.name, pending.info, failure);
    }
    this.#held = [];
    this.onProgramError = null;
    const dying = [...this.#onDeath];
    this.#onDeath.clear();
    for (const dies of dying) dies();
  }

  /** Stops this life without ending it (SIGSTOP): nothing is delivered until `resume`. */
  pause(): void {
    this.#paused = true;
  }

  /** Delivers what was held back, one after another in the order in which it fell due, at this instant. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    if (this.#held.length > 0) this.#drain();
  }

  /** Registers what must happen when this life ends. Returns the function that forgets it. */
  onDeath(dies: OnDeath): () => void {
    if (this.#alive) this.#onDeath.add(dies);
    return () => this.#onDeath.delete(dies);
  }

  /** Plans something for this life only; held back while it is paused. Returns the function that cancels it. */
  schedule(atUs: number, fire: () => void): () => void {
    if (!this.#alive) return () => {};
    const pending = newPending(null, null, undefined);
    let cancelled = false;
    pending.event = this.kernel.loop.schedule(
      atUs,
      () => {
        this.#pending.delete(pending);
        this.deliver(() => {
          if (!cancelled) fire();
        });
      },
      this,
    );
    this.#pending.add(pending);
    return () => {
      cancelled = true;
      if (!this.#pending.delete(pending) || pending.event === null) return;
      this.kernel.loop.cancel(pending.event);
    };
  }

  /** Lets this life notice something now (or when it resumes). What `notice` throws ends the process. */
  deliver(notice: () => void): void {
    if (!this.#alive) return;
    if (this.#paused || this.#held.length > 0) this.#held.push(notice);
    else this.#notice(notice);
  }

  /**
   * An asynchronous call of a port: after `latencyUs` of virtual time `effect` happens and its value (or what
   * it throws) is delivered. A crash may strike before the effect and between effect and delivery; a dead
   * life's call never settles.
   */
  call<T>(info: CallInfo, latencyUs: number, effect: () => T, parts?: EffectParts): Promise<T> {
    if (!this.#alive) return never();
    return new Promise<T>((resolve, reject) => {
      const { kernel } = this;
      const delayUs = kernel.faults?.latencyUs(this, info, latencyUs) ?? latencyUs;
      const mark = poisonMark(kernel, info.data);
      const pending = newPending(info, effect, parts);
      pending.event = kernel.loop.schedule(
        kernel.loop.nowUs + delayUs,
        () => {
          this.#pending.delete(pending);
          if (kernel.poison) checkPoison(kernel, info.data, mark, `${this.describe()} ${info.kind}`);
          this.effect(info, effect, resolve, reject, parts);
        },
        this,
      );
      this.#pending.add(pending);
    });
  }

  /**
   * A call whose effect happens at once and settles without an event (a write into a free send buffer), unless
   * a fault makes it slow.
   */
  callNow<T>(info: CallInfo, effect: () => T, parts?: EffectParts): Promise<T> {
    if (!this.#alive || !this.kernel.loop.countImmediate(this)) return never();
    const delayUs = this.kernel.faults?.latencyUs(this, info, 0) ?? 0;
    if (delayUs > 0) return this.call(info, delayUs, effect, parts);
    return new Promise<T>((resolve, reject) => this.effect(info, effect, resolve, reject, parts));
  }

  /**
   * The part of a call that happens now: crash and error points around the effect, trace, delivery. For ports
   * whose calls wait for something else than time (a connection's bytes).
   */
  effect<T>(
    info: CallInfo,
    effect: () => T,
    resolve: (value: T) => void,
    reject: (error: unknown) => void,
    parts?: EffectParts,
  ): void {
    if (!this.#alive) return;
    this.#lastCall = info;
    const faults = this.kernel.faults;
    faults?.strike(this, info, 'before');
    if (!this.#alive) {
      parts?.dropped?.();
      return;
    }
    if (parts?.torn !== undefined && faults?.tears(this, info) === true) {
      parts.torn();
      faults.strike(this, info, 'torn');
      if (!this.#alive) return;
    }
    const place = this.kernel.trace === null ? null : takeTracePlace(this.kernel);
    const failure = faults?.fail(this, info) ?? null;
    let value: T | undefined;
    let failed = failure !== null;
    let error: unknown = failure?.error;
    if (failure === null || failure.effect === 'whole') {
      try {
        value = effect();
      } catch (thrown) {
        if (!failed) error = thrown;
        failed = true;
      }
    } else if (failure.effect === 'part') {
      parts?.torn?.();
    } else {
      parts?.failed?.();
    }
    this.count(info);
    if (place !== null) {
      traceEvent(this.kernel, this.host, this.name, info, failed ? error : null, place);
    }
    faults?.strike(this, info, 'after');
    if (!this.#alive) return;
    if (this.#paused || this.#held.length > 0) {
      this.#held.push(() => (failed ? reject(error) : resolve(value as T)));
    } else if (failed) reject(error);
    else resolve(value as T);
  }

  count(info: CallInfo): void {
    const { stepCounts } = this.kernel;
    let kinds = stepCounts.get(info.step);
    if (kinds === undefined) {
      kinds = new Map();
      stepCounts.set(info.step, kinds);
    }
    const counter = kinds.get(info.kind);
    if (counter === undefined) kinds.set(info.kind, { count: 1 });
    else counter.count += 1;
  }

  /** Writes a trace line about this life: a call, or something it noticed. */
  traceCall(info: CallInfo, error: unknown = null): void {
    traceEvent(this.kernel, this.host, this.name, info, error);
  }

  /** Host, process and life, and what it did last. */
  describe(): string {
    const last = this.#lastCall;
    const state = this.#paused ? ' (paused)' : '';
    if (last === null) return `${this.host} ${this.name}${state}`;
    const task = last.labels.task === undefined ? '' : `task ${last.labels.task}, `;
    return `${this.host} ${this.name}${state}: ${task}step ${last.step}, ${last.kind} ${last.detail}`.trimEnd();
  }

  /** The calls in flight, for reports. */
  pendingCalls(): string[] {
    const result: string[] = [];
    for (const { info } of this.#pending) {
      if (info === null) continue;
      result.push(`${this.host} ${this.name} ${info.labels.task ?? ''} ${info.step} ${info.kind}`);
    }
    return result;
  }

  #notice(notice: () => void): void {
    try {
      notice();
    } catch (error) {
      if (this.onProgramError === null) throw error;
      this.onProgramError(error);
    }
  }

  /** Delivers what is held, each in an event of its own, so that what it wakes runs before the next one. */
  #drain(): void {
    if (this.#draining) return;
    this.#draining = true;
    const { loop } = this.kernel;
    loop.schedule(
      loop.nowUs,
      () => {
        this.#draining = false;
        if (this.#paused) return QUIET;
        const notice = this.#held.shift();
        if (notice === undefined) return QUIET;
        if (this.#held.length > 0) this.#drain();
        this.#notice(notice);
        return undefined;
      },
      this,
    );
  }
}
