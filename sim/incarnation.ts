import { checksum } from '../core/format/checksum.ts';
import type { Labels, Step } from '../core/world/index.ts';
import type { EventLoop, ScheduledEvent } from './event-loop.ts';
import type { TraceSink } from './trace.ts';

/** What a call of a port is about, for traces, counters and faults. */
export interface CallInfo {
  readonly kind: string;
  readonly step: Step;
  readonly labels: Labels;
  readonly sizeBytes?: number;
  readonly data?: Uint8Array;
  readonly conversation?: number;
  readonly messageId?: number;
  readonly detail?: string;
}

/** Where inside a call a crash may strike. `torn`: with a part of the effect, where the call has parts. */
export type CrashPhase = 'before' | 'torn' | 'after';

/**
 * Asked at each call: faults decide here. `strike` may kill the incarnation (or cut its host's power) and is
 * asked before the effect and after it; `fail` may give an error to throw instead of success, with the effect
 * none or whole; `latencyUs` may lengthen the call.
 */
export interface CallFaults {
  strike(incarnation: Incarnation, info: CallInfo, phase: CrashPhase): void;
  fail(incarnation: Incarnation, info: CallInfo): { error: Error; effect: 'none' | 'whole' } | null;
  latencyUs(incarnation: Incarnation, info: CallInfo, plannedUs: number): number;
}

/** What an incarnation shares with the whole simulation. */
export interface Kernel {
  readonly loop: EventLoop;
  readonly faults: CallFaults | null;
  trace: TraceSink | null;
  /** Number of calls by `step kind`, for coverage. */
  readonly stepCounts: Map<string, number>;
  nextTraceSeq(): number;
}

/** Something that dies with an incarnation: a connection, a lock, a listener. */
export type OnDeath = () => void;

/**
 * One life of one process (or of a host's kernel). It fences: after `kill` no pending call settles, no call
 * has an effect, no timer fires, and everything registered with it is dropped.
 */
export class Incarnation {
  readonly host: string;
  readonly process: string;
  /** 1 for the first life of this process. */
  readonly life: number;
  readonly pid: number;
  readonly name: string;
  readonly kernel: Kernel;
  #alive = true;
  #paused = false;
  #held: (() => void)[] = [];
  readonly #events = new Set<ScheduledEvent>();
  readonly #onDeath = new Set<OnDeath>();

  constructor(kernel: Kernel, host: string, process: string, life: number, pid: number) {
    this.kernel = kernel;
    this.host = host;
    this.process = process;
    this.life = life;
    this.pid = pid;
    this.name = `${process}#${life}`;
  }

  get alive(): boolean {
    return this.#alive;
  }

  /** Ends this life at once; nothing of it runs any more. What it registered is told in order. */
  kill(): void {
    if (!this.#alive) return;
    this.#alive = false;
    for (const event of this.#events) this.kernel.loop.cancel(event);
    this.#events.clear();
    this.#held = [];
    const dying = [...this.#onDeath];
    this.#onDeath.clear();
    for (const dies of dying) dies();
  }

  /** Stops this life without ending it (SIGSTOP): nothing is delivered until `resume`. */
  pause(): void {
    this.#paused = true;
  }

  /** Delivers what was held back, in the order in which it fell due. */
  resume(): void {
    this.#paused = false;
    const held = this.#held;
    this.#held = [];
    for (const deliver of held) this.schedule(this.kernel.loop.nowUs, deliver);
  }

  /** Registers what must happen when this life ends. Returns the function that forgets it. */
  onDeath(dies: OnDeath): () => void {
    if (this.#alive) this.#onDeath.add(dies);
    return () => this.#onDeath.delete(dies);
  }

  /** Plans something for this life only; held back while it is paused. Returns the function that cancels it. */
  schedule(atUs: number, fire: () => void): () => void {
    if (!this.#alive) return () => {};
    const event = this.kernel.loop.schedule(atUs, () => {
      this.#events.delete(event);
      this.deliver(fire);
    });
    this.#events.add(event);
    return () => {
      this.#events.delete(event);
      this.kernel.loop.cancel(event);
    };
  }

  /** Lets this life notice something now (or when it resumes). */
  deliver(notice: () => void): void {
    if (!this.#alive) return;
    if (this.#paused) this.#held.push(notice);
    else notice();
  }

  /**
   * An asynchronous call of a port: after `latencyUs` of virtual time `effect` happens and its value (or what
   * it throws) is delivered. A crash may strike before the effect and between effect and delivery; a dead
   * life's call never settles.
   */
  call<T>(info: CallInfo, latencyUs: number, effect: () => T): Promise<T> {
    if (!this.#alive) return new Promise<T>(() => {});
    return new Promise<T>((resolve, reject) => {
      const delayUs = this.kernel.faults?.latencyUs(this, info, latencyUs) ?? latencyUs;
      const event = this.kernel.loop.schedule(this.kernel.loop.nowUs + delayUs, () => {
        this.#events.delete(event);
        this.effect(info, effect, resolve, reject);
      });
      this.#events.add(event);
    });
  }

  /**
   * The part of a call that happens now: crash and error points around the effect, trace, delivery. For ports
   * whose calls wait for something else than time (a connection's bytes).
   */
  effect<T>(info: CallInfo, effect: () => T, resolve: (value: T) => void, reject: (error: unknown) => void): void {
    if (!this.#alive) return;
    const faults = this.kernel.faults;
    faults?.strike(this, info, 'before');
    if (!this.#alive) return;
    const failure = faults?.fail(this, info) ?? null;
    let value: T | undefined;
    let error: unknown = failure?.error ?? null;
    if (failure === null || failure.effect === 'whole') {
      try {
        value = effect();
      } catch (thrown) {
        error = error ?? thrown;
      }
    }
    this.count(info);
    this.traceCall(info, error);
    faults?.strike(this, info, 'after');
    this.deliver(() => (error === null ? resolve(value as T) : reject(error)));
  }

  count(info: CallInfo): void {
    const key = `${info.step} ${info.kind}`;
    const counts = this.kernel.stepCounts;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }

  traceCall(info: CallInfo, error: unknown = null): void {
    const sink = this.kernel.trace;
    if (sink === null) return;
    const detail = info.detail ?? '';
    sink({
      v: 1,
      seq: this.kernel.nextTraceSeq(),
      timeUs: this.kernel.loop.nowUs,
      host: this.host,
      incarnation: this.name,
      task: info.labels.task ?? '',
      step: info.step,
      kind: info.kind,
      volume: info.labels.volume ?? '',
      conversation: info.conversation ?? 0,
      messageId: info.messageId ?? 0,
      causeSeq: this.kernel.loop.currentSeq,
      sizeBytes: info.sizeBytes ?? info.data?.length ?? 0,
      digest: info.data === undefined ? '' : checksum(info.data, 0).toString(16).padStart(8, '0'),
      detail: error === null ? detail : `${detail} ! ${error instanceof Error ? error.message : String(error)}`,
    });
  }
}
