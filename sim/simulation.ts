import { NotFoundError, StateError } from '../core/errors.ts';
import type { CodecPool } from '../core/world/index.ts';
import { type ClockSettings, DEFAULT_CLOCK } from './clock.ts';
import type { Turn } from './event-loop.ts';
import { FaultPlan } from './faults.ts';
import { type HostParts, SimHost } from './host.ts';
import { createKernel, type Kernel } from './kernel.ts';
import type { LogSink } from './log.ts';
import { DEFAULT_NETWORK, type NetworkSettings, SimNetwork } from './network.ts';
import type { KeyedRandom } from './random.ts';
import type { TraceSink } from './trace.ts';
import type { WorldSettings } from './world.ts';

/** What a simulation is made of; only seed, turn and codecs have no default. */
export interface SimulationOptions {
  readonly seed: number;
  /** Lets all microtasks run; see native/turn.ts. */
  readonly turn: Turn;
  /** Must settle by microtasks alone: inline, no workers. */
  readonly codecs: CodecPool;
  /** Virtual time that a codec needs for each MiB of its input; default 10 ms. */
  readonly codecUsPerMib?: number;
  readonly network?: Partial<NetworkSettings>;
  /** For hosts that say nothing else. */
  readonly clock?: Partial<ClockSettings>;
  readonly log?: LogSink | null;
  readonly trace?: TraceSink | null;
  /** Checks that no program changes bytes that it is writing (PoisonError ends the run). */
  readonly poison?: boolean;
}

const DEFAULT_CODEC_US_PER_MIB = 10_000;

/** A whole simulated site: hosts on one network under one virtual time. The same seed gives the same run. */
export class Simulation {
  readonly kernel: Kernel;
  readonly network: SimNetwork;
  readonly hosts = new Map<string, SimHost>();
  readonly faults: FaultPlan;
  readonly #clock: ClockSettings;
  readonly #world: WorldSettings;

  constructor(options: SimulationOptions) {
    const { seed, turn, trace = null, poison = false } = options;
    this.kernel = createKernel({ seed, turn, trace, poison });
    this.network = new SimNetwork(this.kernel, { ...DEFAULT_NETWORK, ...options.network });
    this.faults = new FaultPlan(this);
    this.#clock = { ...DEFAULT_CLOCK, ...options.clock };
    this.#world = {
      log: options.log ?? null,
      codecs: options.codecs,
      codecUsPerMib: options.codecUsPerMib ?? DEFAULT_CODEC_US_PER_MIB,
    };
  }

  /** Virtual time since the start. */
  get nowUs(): number {
    return this.kernel.loop.nowUs;
  }

  get random(): KeyedRandom {
    return this.kernel.random;
  }

  addHost(name: string, parts: HostParts = {}, clock: Partial<ClockSettings> = {}): SimHost {
    if (this.hosts.has(name)) throw new StateError(`Host ${name} exists already.`);
    const settings = { ...this.#clock, ...clock };
    const host = new SimHost(this.kernel, this.network, name, settings, this.#world, parts);
    this.hosts.set(name, host);
    return host;
  }

  /** Throws NotFoundError. */
  host(name: string): SimHost {
    const host = this.hosts.get(name);
    if (host === undefined) throw new NotFoundError(`There is no host ${name}.`);
    return host;
  }

  /** Lets virtual time pass, for what stands outside of all processes: scenarios, workloads. */
  sleep(durationUs: number): Promise<void> {
    const { loop } = this.kernel;
    return new Promise((resolve) => loop.schedule(loop.nowUs + durationUs, resolve));
  }

  /** Plans something at a virtual time. Returns the function that cancels it. */
  at(atUs: number, fire: () => void): () => void {
    const { loop } = this.kernel;
    const event = loop.schedule(atUs, fire);
    return () => loop.cancel(event);
  }

  /**
   * Runs until the promise of `main` settles, and gives its value or throws its error. Throws DeadlockError
   * when nothing can happen before that, SpinningError when time stands still, PoisonError in poison mode.
   * May be called again: the processes go on where they were.
   */
  async run<T>(main: (simulation: Simulation) => Promise<T>): Promise<T> {
    let outcome: { value: T } | { error: unknown } | null = null;
    main(this).then(
      (value) => {
        outcome = { value };
      },
      (error) => {
        outcome = { error };
      },
    );
    await this.kernel.loop.runUntil(
      () => outcome !== null,
      () => this.describeWaits(),
    );
    const settled = outcome as unknown as { value: T } | { error: unknown };
    if ('error' in settled) throw settled.error;
    return settled.value;
  }

  /** Who waits for what: processes, calls in flight, connections and listeners. */
  describeWaits(): string {
    const lines: string[] = [];
    for (const host of this.hosts.values()) lines.push(...host.waits());
    lines.push(...this.network.waits());
    if (lines.length === 0) return 'No process runs.';
    return `Waiting:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  }
}
