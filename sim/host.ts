import { NotFoundError, StateError } from '../core/errors.ts';
import type { DeviceHost, Labels, Network } from '../core/world/index.ts';
import { callInfo } from './call-info.ts';
import { type ClockSettings, createClock, HostClock } from './clock.ts';
import { SimDisk, type SimDiskOptions } from './disk.ts';
import type { DiskMedium } from './disk-medium.ts';
import { SimFileSystem } from './file-system.ts';
import { Incarnation } from './incarnation.ts';
import { type Kernel, NO_LABELS, traceEvent } from './kernel.ts';
import type { SimNetwork } from './network.ts';
import { type ProcessMain, SimProcess } from './process.ts';
import type { SocketStack } from './socket-stack.ts';
import type { SimVolumeStore } from './volume-store.ts';
import { createRandom, type DrawCounts, SimWorld, type WorldSettings } from './world.ts';

/** A part of a host that gives processes a port. It outlives processes, and power as far as it is durable. */
export interface HostPart<Port> {
  /** The port of one task of one process life. */
  portFor(incarnation: Incarnation, labels: Labels): Port;
  /** The power fails. All lives on the host have ended before. */
  powerLoss(): void;
  /** The power is back; `kernelLife` is the new life of the host's kernel, for what runs in it. */
  powerOn?(kernelLife: Incarnation): void;
}

/** What a host is made of; each part belongs to one host. */
export interface HostParts {
  /** Default: an ext4 without limit of room. */
  readonly files?: SimFileSystem;
  /** Default: none. */
  readonly volumes?: SimVolumeStore;
}

/** Who wants to know at once what becomes of a host. */
export interface HostWatch {
  /** The power has failed: no life is left, media hold what the loss left. */
  powerLost?(): void;
  /** The power is back; nothing runs yet, and block devices have not begun to recover. */
  powerRestored?(): void;
  /** A life ended, by itself or not. */
  processEnded?(ended: SimProcess): void;
}

const FIRST_PID = 1000;

/** A simulated machine: clocks, storage, a network stack, and the processes that run on it. */
export class SimHost {
  readonly name: string;
  readonly clock: HostClock;
  readonly kernel: Kernel;
  /** Running processes by name. */
  readonly processes = new Map<string, SimProcess>();
  readonly files: SimFileSystem;
  readonly volumes: SimVolumeStore | null;
  /** The walb devices, once somebody made them. */
  devices: HostPart<DeviceHost> | null = null;
  readonly disks = new Map<string, SimDisk>();
  watch: HostWatch | null = null;
  /** The present life of this host's kernel: what runs in it ends with the power. */
  kernelLife: Incarnation;
  readonly #network: SimNetwork;
  readonly #stack: SocketStack;
  readonly #worldSettings: WorldSettings;
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
    this.files = parts.files ?? new SimFileSystem({ name: `${name}/files`, random: kernel.random });
    this.volumes = parts.volumes ?? null;
    this.kernelLife = this.#boot();
  }

  get powered(): boolean {
    return this.#stack.powered;
  }

  /** Adds a disk, named by host and name in draws and traces. */
  addDisk(name: string, options: Omit<SimDiskOptions, 'name' | 'random'>): SimDisk {
    if (this.disks.has(name)) throw new StateError(`Host ${this.name} has a disk ${name} already.`);
    const disk = new SimDisk({ ...options, name: `${this.name}/${name}`, random: this.kernel.random });
    this.disks.set(name, disk);
    return disk;
  }

  /** The medium of a disk, or of a volume of the volume store. Throws NotFoundError. */
  medium(name: string): DiskMedium {
    const disk = this.disks.get(name);
    if (disk !== undefined) return disk.medium;
    if (this.volumes === null) throw new NotFoundError(`Host ${this.name} has no disk ${name}.`);
    return this.volumes.medium(name);
  }

  /** The world of what runs in the present life of this host's kernel. */
  kernelWorld(): SimWorld {
    return this.#world(this.kernelLife);
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
    this.files.powerLoss();
    for (const disk of this.disks.values()) disk.powerLoss();
    this.watch?.powerLost?.();
  }

  /** The power is back; no process runs yet. Old connections of peers are answered by resets. */
  powerOn(): void {
    if (this.powered) return;
    this.#trace('host.power-on');
    this.clock.reboot();
    this.kernelLife = this.#boot();
    this.files.setMode('read-write');
    this.watch?.powerRestored?.();
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
    this.watch?.processEnded?.(ended);
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
      traceEvent(this.kernel, this.name, '', callInfo(kind, '', NO_LABELS));
    }
  }
}
