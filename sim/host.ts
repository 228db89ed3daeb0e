import { StateError } from '../core/errors.ts';
import type { DeviceHost, FileStore, Labels, Network, VolumeStore } from '../core/world/index.ts';
import { type ClockSettings, createClock, HostClock } from './clock.ts';
import { Incarnation } from './incarnation.ts';
import { type Kernel, NO_LABELS, traceEvent } from './kernel.ts';
import type { SimNetwork } from './network.ts';
import { type ProcessMain, SimProcess } from './process.ts';
import type { SocketStack } from './socket-stack.ts';
import { createRandom, type DrawCounts, SimWorld, type WorldSettings } from './world.ts';

/** A part of a host that gives processes a port. It outlives processes, and power as far as it is durable. */
export interface HostPart<Port> {
  /** The port of one task of one process life. */
  open(incarnation: Incarnation, labels: Labels): Port;
  /** The power fails. All lives on the host have ended before. */
  powerLoss(): void;
  /** The power is back; `kernelLife` is the new life of the host's kernel, for what runs in it. */
  powerOn?(kernelLife: Incarnation): void;
}

/** What a host is made of. Each part may be shared by nobody else. */
export interface HostParts {
  readonly files?: HostPart<FileStore>;
  readonly volumes?: HostPart<VolumeStore>;
  readonly devices?: HostPart<DeviceHost>;
}

const FIRST_PID = 1000;

/** A simulated machine: clocks, storage, a network stack, and the processes that run on it. */
export class SimHost {
  readonly name: string;
  readonly clock: HostClock;
  readonly kernel: Kernel;
  /** Running processes by name. */
  readonly processes = new Map<string, SimProcess>();
  files: HostPart<FileStore> | null;
  volumes: HostPart<VolumeStore> | null;
  devices: HostPart<DeviceHost> | null;
  /** The present life of this host's kernel: what runs in it ends with the power. */
  kernelLife: Incarnation;
  readonly #network: SimNetwork;
  readonly #stack: SocketStack;
  readonly #worldSettings: WorldSettings;
  /** Disks and other parts that lose what is volatile with the power, in the order of their attachment. */
  readonly #attached: { powerLoss(): void }[] = [];
  readonly #lives = new Map<string, number>();
  readonly #drawCounts = new Map<string, DrawCounts>();
  #nextPid = FIRST_PID;
  #bootCount = 0;
  /** What ran when the power failed. */
  #interrupted: SimProcess[] = [];

  constructor(
    kernel: Kernel,
    network: SimNetwork,
    name: string,
    clock: ClockSettings,
    world: WorldSettings,
    parts: HostParts,
  ) {
    this.kernel = kernel;
    this.name = name;
    this.#network = network;
    this.#stack = network.addHost(name);
    this.#worldSettings = world;
    this.clock = new HostClock(kernel.loop, clock, kernel.random.at('clock', name));
    this.files = parts.files ?? null;
    this.volumes = parts.volumes ?? null;
    this.devices = parts.devices ?? null;
    this.kernelLife = this.#boot();
  }

  get powered(): boolean {
    return this.#stack.powered;
  }

  /** Attaches a disk: it loses its cache when the power fails. */
  attach<T extends { powerLoss(): void }>(part: T): T {
    this.#attached.push(part);
    return part;
  }

  /** The network of one task of one process life on this host. */
  networkPort(incarnation: Incarnation, labels: Labels): Network {
    return this.#network.port(this.#stack, incarnation, labels);
  }

  /**
   * Starts a process; `main` begins in an event of its own. Throws StateError when a process of this name
   * runs, or the host has no power.
   */
  spawn(name: string, main: ProcessMain): SimProcess {
    if (!this.powered) throw new StateError(`Host ${this.name} has no power.`, 'off', ['on']);
    if (this.processes.has(name)) throw new StateError(`Process ${name} of ${this.name} runs already.`);
    const life = (this.#lives.get(name) ?? 0) + 1;
    this.#lives.set(name, life);
    const incarnation = new Incarnation(this.kernel, this.name, name, life, this.#nextPid++);
    const started = new SimProcess(this, name, main, incarnation, this.#world(incarnation));
    this.processes.set(name, started);
    return started;
  }

  /** Pauses all processes and lets the network of this host wait too: a virtual machine that is frozen. */
  freeze(): void {
    for (const one of this.processes.values()) one.pause();
    this.#network.holdHost(this.name);
  }

  thaw(): void {
    this.#network.rejoin(this.name);
    for (const one of this.processes.values()) one.resume();
  }

  /** The power fails: everything volatile is lost at one instant, and peers hear nothing. */
  powerLoss(): void {
    if (!this.powered) return;
    this.#trace('host.power-loss');
    this.#stack.powerOff();
    this.#interrupted = [...this.processes.values()];
    for (const one of this.#interrupted) one.kill();
    this.kernelLife.kill();
    this.devices?.powerLoss();
    this.volumes?.powerLoss();
    this.files?.powerLoss();
    for (const part of this.#attached) part.powerLoss();
  }

  /** The power is back; no process runs yet. Old connections of peers are answered by resets. */
  powerOn(): void {
    if (this.powered) return;
    this.#trace('host.power-on');
    this.clock.reboot();
    this.kernelLife = this.#boot();
    this.files?.powerOn?.(this.kernelLife);
    this.volumes?.powerOn?.(this.kernelLife);
    this.devices?.powerOn?.(this.kernelLife);
    this.#stack.powerOn();
  }

  /** Starts the processes again that ran when the power failed. */
  restartInterrupted(): void {
    const interrupted = this.#interrupted;
    this.#interrupted = [];
    for (const one of interrupted) if (!this.processes.has(one.name)) one.restart();
  }

  /** Told by a process that its life ended. */
  processEnded(ended: SimProcess): void {
    if (this.processes.get(ended.name) === ended) this.processes.delete(ended.name);
  }

  /** What runs here and what it does, for reports. */
  waits(): string[] {
    if (!this.powered) return [`${this.name}: without power`];
    const result: string[] = [];
    for (const { incarnation } of [...this.processes.values(), { incarnation: this.kernelLife }]) {
      if (incarnation !== this.kernelLife) result.push(`${incarnation.describe()} (last call)`);
      result.push(...incarnation.pendingCalls());
    }
    return result;
  }

  #boot(): Incarnation {
    this.#bootCount += 1;
    return new Incarnation(this.kernel, this.name, 'kernel', this.#bootCount, 0);
  }

  #world(incarnation: Incarnation): SimWorld {
    let counts = this.#drawCounts.get(incarnation.process);
    if (counts === undefined) {
      counts = new Map();
      this.#drawCounts.set(incarnation.process, counts);
    }
    const clock = createClock(this.clock, incarnation);
    const random = createRandom(incarnation, this.kernel.random, counts);
    return new SimWorld(this, incarnation, this.#worldSettings, NO_LABELS, { clock, random });
  }

  #trace(kind: string): void {
    if (this.kernel.trace !== null) {
      traceEvent(this.kernel, this.name, '', { kind, step: '', labels: NO_LABELS });
    }
  }
}
