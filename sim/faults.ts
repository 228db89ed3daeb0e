import { IoError, NotFoundError } from '../core/errors.ts';
import { callInfo } from './call-info.ts';
import type { CrashFault, DelayFault, ErrorFault, Fault, StorageFault } from './fault-kinds.ts';
import type { CallFaults, CallInfo, CrashPhase, Incarnation } from './incarnation.ts';
import { NO_LABELS, traceEvent } from './kernel.ts';
import type { Link } from './link.ts';
import type { Simulation } from './simulation.ts';
import { breakStorage, type StorageRepair } from './storage-faults.ts';

type AtCallFault = CrashFault | ErrorFault | DelayFault;

/** A fault that waits for its n-th call. */
interface ArmedCall<T extends AtCallFault> {
  readonly fault: T;
  matched: number;
  /** The call that it strikes, once it came. */
  target: CallInfo | null;
}

/**
 * What goes wrong in one simulation. Each fault is a plain value (`Fault`); it fires at a call, a connection or
 * a virtual time that it names, each that fired is counted and traced (docs/fault-model.md).
 */
export class FaultPlan implements CallFaults {
  /** How often each kind fired on each entity: `kind entity`; crashes and errors tell call, step and process behind the host. */
  readonly fired = new Map<string, number>();
  readonly #simulation: Simulation;
  #crashes: ArmedCall<CrashFault>[] = [];
  #errors: ArmedCall<ErrorFault>[] = [];
  #delays: ArmedCall<DelayFault>[] = [];
  /** Cancel what was planned for a virtual time. */
  readonly #planned = new Set<() => void>();
  /** Repairs of storage that are due. */
  readonly #repairs = new Map<() => void, () => void>();
  /** Starts what faults have taken down. */
  readonly #restarts = new Map<() => void, () => void>();

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
  }

  arm(fault: Fault): void {
    switch (fault.kind) {
      case 'crash':
        this.#crashes.push({ fault, matched: 0, target: null });
        break;
      case 'error':
        this.#errors.push({ fault, matched: 0, target: null });
        break;
      case 'delay':
        this.#delays.push({ fault, matched: 0, target: null });
        break;
      case 'cut':
        this.#simulation.network.cut(fault, () => this.#note(fault, `${fault.client}>${fault.server}`));
        break;
      case 'refuse':
        this.#simulation.network.refuse(fault, () => this.#note(fault, `${fault.client}>${fault.server}`));
        break;
      default:
        this.#at(fault.atUs, () => this.#fire(fault));
    }
    this.#watchCalls();
  }

  /** Forgets what has not fired. What is broken stays broken, what is down or paused stays so. */
  disarm(): void {
    this.#crashes = [];
    this.#errors = [];
    this.#delays = [];
    for (const cancel of this.#planned) cancel();
    this.#planned.clear();
    this.#simulation.network.dropRules();
    this.#watchCalls();
  }

  /**
   * Ends all faults: disarms, heals links, resumes processes, repairs storage (damaged blocks stay so until
   * written), brings hosts back and starts again what faults took down. Half-open connections stay half-open.
   */
  calm(): void {
    this.disarm();
    const { network, hosts } = this.#simulation;
    network.healAll();
    network.resetLinks();
    for (const host of hosts.values()) {
      for (const one of host.processes.values()) one.resume();
    }
    for (const [act, cancel] of [...this.#repairs, ...this.#restarts]) {
      cancel();
      act();
    }
  }

  strike(incarnation: Incarnation, info: CallInfo, phase: CrashPhase): void {
    // A crash that strikes makes a new array of the rest; this loop goes on over the old one.
    for (const armed of this.#crashes) {
      const { fault } = armed;
      if (phase === 'before' && armed.target === null && matches(fault, incarnation, info)) {
        armed.matched += 1;
        if (armed.matched === fault.nth) armed.target = info;
      }
      if (armed.target !== info) continue;
      const late = phase === 'after' && fault.phase !== 'before';
      if (fault.phase !== phase && !late) continue;
      this.#crashes = this.#crashes.filter((other) => other !== armed);
      this.#watchCalls();
      if (fault.phase === 'delivered') this.#at(0, () => this.#crash(fault, incarnation, info));
      else this.#crash(fault, incarnation, info);
    }
  }

  tears(_incarnation: Incarnation, info: CallInfo): boolean {
    return this.#crashes.some(({ fault, target }) => target === info && fault.phase === 'torn');
  }

  fail(incarnation: Incarnation, info: CallInfo): { error: Error; effect: 'none' | 'part' | 'whole' } | null {
    const fault = this.#takeCall(this.#errors, incarnation, info);
    if (fault === null) return null;
    this.#note(fault, `${incarnation.host} ${incarnation.name} ${info.step} ${info.kind}`);
    const error = new IoError(fault.code, `${info.kind} ${info.detail ?? ''}: injected ${fault.code}`);
    return { error, effect: fault.effect };
  }

  latencyUs(incarnation: Incarnation, info: CallInfo, plannedUs: number): number {
    const fault = this.#takeCall(this.#delays, incarnation, info);
    if (fault === null) return plannedUs;
    this.#note(fault, incarnation.host);
    return plannedUs + fault.addUs;
  }

  /** Calls ask only while something waits for a call. */
  #watchCalls(): void {
    const waiting = this.#crashes.length + this.#errors.length + this.#delays.length;
    this.#simulation.kernel.faults = waiting > 0 ? this : null;
  }

  /** Counts this call for each waiting fault; the first one that it concerns. */
  #takeCall<T extends ErrorFault | DelayFault>(
    armed: ArmedCall<T>[],
    incarnation: Incarnation,
    info: CallInfo,
  ): T | null {
    let taken: T | null = null;
    for (const one of armed) {
      const { fault } = one;
      if (one.matched >= fault.nth + fault.times - 1 || !matches(fault, incarnation, info)) continue;
      one.matched += 1;
      if (one.matched >= fault.nth) taken ??= fault;
    }
    return taken;
  }

  #crash(fault: CrashFault, incarnation: Incarnation, info: CallInfo): void {
    const host = this.#simulation.host(incarnation.host);
    this.#note(fault, `${incarnation.host} ${incarnation.name} ${info.step} ${info.kind}`);
    if (fault.how === 'power-loss' || incarnation === host.kernelLife) {
      this.#powerLoss(incarnation.host, fault.downUs);
    } else if (host.processes.get(incarnation.process)?.incarnation === incarnation) {
      this.#kill(incarnation.host, incarnation.process, fault.downUs);
    }
  }

  #fire(fault: Fault): void {
    const { network } = this.#simulation;
    switch (fault.kind) {
      case 'kill':
        if (!this.#simulation.host(fault.host).processes.has(fault.process)) break;
        this.#note(fault, `${fault.host} ${fault.process}`);
        this.#kill(fault.host, fault.process, fault.downUs);
        break;
      case 'power-loss':
        if (!this.#simulation.host(fault.host).powered) break;
        this.#note(fault, fault.host);
        this.#powerLoss(fault.host, fault.downUs);
        break;
      case 'pause':
        this.#note(fault, fault.host);
        this.#pause(fault.host, fault.process, fault.forUs);
        break;
      case 'freeze': {
        this.#note(fault, fault.host);
        const host = this.#simulation.host(fault.host);
        host.freeze();
        this.#at(this.#simulation.nowUs + fault.forUs, () => host.thaw());
        break;
      }
      case 'partition':
      case 'hold': {
        const links = [network.link(fault.from, fault.to)];
        if (fault.both) links.push(network.link(fault.to, fault.from));
        const state = fault.kind === 'hold' ? 'held' : 'down';
        for (const link of links) link.stop(state, this.#simulation.nowUs);
        if (fault.forUs !== null) this.#resumeAfter(links, fault.forUs);
        this.#note(fault, `${fault.from}>${fault.to}`);
        break;
      }
      case 'slow-link': {
        const { kind: _kind, atUs: _atUs, from, to, forUs, ...settings } = fault;
        network.slowLink(from, to, settings);
        this.#at(this.#simulation.nowUs + forUs, () => network.resetLink(from, to));
        this.#note(fault, `${from}>${to}`);
        break;
      }
      case 'cut-all':
        if (network.cutNow(fault.from, fault.to, fault.how) > 0)
          this.#note(fault, `${fault.from}>${fault.to}`);
        break;
      case 'clock-step':
        this.#simulation.host(fault.host).clock.step(fault.byUs);
        this.#note(fault, fault.host);
        break;
      case 'clock-drift':
        this.#simulation.host(fault.host).clock.setDrift(fault.driftPpm);
        this.#note(fault, fault.host);
        break;
      case 'crash':
      case 'error':
      case 'delay':
      case 'cut':
      case 'refuse':
        break;
      default:
        this.#breakStorage(fault);
    }
  }

  #breakStorage(fault: StorageFault): void {
    let broken: StorageRepair | null;
    try {
      broken = breakStorage(this.#simulation.host(fault.host), fault);
    } catch (error) {
      // A volume that is not there now cannot break.
      if (error instanceof NotFoundError || (error instanceof IoError && error.code === 'ENOENT')) return;
      throw error;
    }
    this.#note(fault, fault.host);
    if (broken === null) return;
    const { afterUs } = broken;
    const repair = () => {
      this.#repairs.delete(repair);
      broken.repair();
    };
    const cancel =
      afterUs === null ? () => {} : this.#simulation.at(this.#simulation.nowUs + afterUs, repair);
    this.#repairs.set(repair, cancel);
  }

  /** Kills a process if it runs, and starts it again after its down time. */
  #kill(hostName: string, processName: string, downUs: number | null): void {
    const host = this.#simulation.host(hostName);
    const running = host.processes.get(processName);
    if (running === undefined) return;
    running.kill();
    this.#restartAfter(downUs, () => {
      if (host.powered && !host.processes.has(processName)) running.restart();
    });
  }

  #powerLoss(hostName: string, downUs: number | null): void {
    const host = this.#simulation.host(hostName);
    if (!host.powered) return;
    host.powerLoss();
    this.#restartAfter(downUs, () => {
      host.powerOn();
      host.restartInterrupted();
    });
  }

  #restartAfter(downUs: number | null, start: () => void): void {
    const restart = () => {
      this.#restarts.delete(restart);
      start();
    };
    const cancel = downUs === null ? () => {} : this.#simulation.at(this.#simulation.nowUs + downUs, restart);
    this.#restarts.set(restart, cancel);
  }

  #pause(hostName: string, processName: string | null, forUs: number): void {
    const { processes } = this.#simulation.host(hostName);
    const paused = [...processes.values()].filter(({ name }) => processName === null || name === processName);
    for (const one of paused) one.pause();
    this.#at(this.#simulation.nowUs + forUs, () => {
      for (const one of paused) one.resume();
    });
  }

  #resumeAfter(links: readonly Link[], forUs: number): void {
    this.#at(this.#simulation.nowUs + forUs, () => {
      for (const link of links) link.resume();
    });
  }

  #at(atUs: number, fire: () => void): void {
    const cancel = this.#simulation.at(atUs, () => {
      this.#planned.delete(cancel);
      fire();
    });
    this.#planned.add(cancel);
  }

  #note(fault: Fault, entity: string): void {
    const key = `${fault.kind} ${entity}`;
    this.fired.set(key, (this.fired.get(key) ?? 0) + 1);
    const { kernel } = this.#simulation;
    if (kernel.trace === null) return;
    const detail = JSON.stringify(fault);
    traceEvent(kernel, '', '', callInfo(`fault.${fault.kind}`, '', NO_LABELS, detail));
  }
}

function matches(fault: AtCallFault, incarnation: Incarnation, info: CallInfo): boolean {
  return (
    (fault.host === null || fault.host === incarnation.host) &&
    (fault.process === null || fault.process === incarnation.process) &&
    (fault.step === null || fault.step === info.step) &&
    (fault.call === null || fault.call === info.kind)
  );
}
