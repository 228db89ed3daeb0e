import type { Clock } from '../core/world/index.ts';
import type { EventLoop } from './event-loop.ts';
import type { Incarnation } from './incarnation.ts';
import type { RandomStream } from './random.ts';

export interface ClockSettings {
  /** Wall time of this host at virtual time 0, in seconds since the Unix epoch. */
  readonly wallEpochS: number;
  /** How far this host's wall clock is ahead. */
  readonly skewUs: number;
  /** How much faster both clocks run, in parts per million. */
  readonly driftPpm: number;
  /** Timers are late by up to so much. */
  readonly timerLateMaxUs: number;
}

export const DEFAULT_CLOCK: ClockSettings = {
  wallEpochS: 1_700_000_000,
  skewUs: 0,
  driftPpm: 0,
  timerLateMaxUs: 0,
};

/**
 * The clocks of one host (docs/fault-model.md, "Clocks"). All processes of a host agree. The monotonic clock
 * never decreases and starts anywhere at each boot; the wall clock steps.
 */
export class HostClock {
  readonly settings: ClockSettings;
  readonly #loop: EventLoop;
  readonly #random: RandomStream;
  #rate: number;
  /** Virtual time from which both clocks are counted. */
  #anchorUs = 0;
  #monotonicAtAnchorUs = 0;
  #wallAtAnchorUs: number;

  constructor(loop: EventLoop, settings: ClockSettings, random: RandomStream) {
    this.#loop = loop;
    this.settings = settings;
    this.#random = random;
    this.#rate = 1 + settings.driftPpm / 1e6;
    this.#anchorUs = loop.nowUs;
    this.#wallAtAnchorUs = settings.wallEpochS * 1e6 + settings.skewUs + loop.nowUs;
    this.reboot();
  }

  monotonicUs(): number {
    return Math.floor(this.#monotonicAtAnchorUs + this.#elapsedUs());
  }

  wallUs(): number {
    return Math.floor(this.#wallAtAnchorUs + this.#elapsedUs());
  }

  /** The virtual time at which the monotonic clock reaches `dueUs` if nobody changes its rate. */
  virtualUs(dueUs: number): number {
    return Math.ceil(this.#anchorUs + (dueUs - this.#monotonicAtAnchorUs) / this.#rate);
  }

  /** Steps the wall clock forward, or back when negative. */
  step(byUs: number): void {
    this.#wallAtAnchorUs += byUs;
  }

  /** Lets both clocks run faster or slower from now on. */
  setDrift(driftPpm: number): void {
    const elapsedUs = this.#elapsedUs();
    this.#monotonicAtAnchorUs += elapsedUs;
    this.#wallAtAnchorUs += elapsedUs;
    this.#anchorUs = this.#loop.nowUs;
    this.#rate = 1 + driftPpm / 1e6;
  }

  /** The host starts: the monotonic clock starts somewhere else. */
  reboot(): void {
    this.#wallAtAnchorUs += this.#elapsedUs();
    this.#anchorUs = this.#loop.nowUs;
    this.#monotonicAtAnchorUs = this.#random.below(1e12);
  }

  #elapsedUs(): number {
    return (this.#loop.nowUs - this.#anchorUs) * this.#rate;
  }
}

/** The clock of one process life. */
export function createClock(hostClock: HostClock, incarnation: Incarnation): Clock {
  const { kernel } = incarnation;
  const { timerLateMaxUs } = hostClock.settings;
  const random = kernel.random.at('timers', incarnation.host, incarnation.process, incarnation.life);
  const startTimer = (dueUs: number, onDue: () => void): (() => void) => {
    const lateUs = timerLateMaxUs === 0 ? 0 : random.below(timerLateMaxUs + 1);
    let cancel = () => {};
    const wait = () => {
      cancel = incarnation.schedule(hostClock.virtualUs(dueUs) + lateUs, () => {
        if (hostClock.monotonicUs() < dueUs) wait();
        else onDue();
      });
    };
    wait();
    return () => cancel();
  };
  return {
    monotonicUs: () => hostClock.monotonicUs(),
    wallTimeS: () => Math.max(0, Math.floor(hostClock.wallUs() / 1e6)),
    startTimer,
  };
}
