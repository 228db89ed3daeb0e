import type { RandomStream } from './random.ts';

/** How one direction between two hosts behaves while it is up. */
export interface LinkSettings {
  /** Delay of a segment: exponential above the minimum, with this mean. */
  readonly latencyMinUs: number;
  readonly latencyMeanUs: number;
  /** Null for a link that no transfer fills. Fractions are allowed (a link that drips). */
  readonly bytesPerS: number | null;
  /** On a link with a bandwidth, connections take turns by pieces of this size, which shares it fairly. */
  readonly quantumBytes: number;
}

export const LAN_LINK: LinkSettings = {
  latencyMinUs: 50,
  latencyMeanUs: 200,
  bytesPerS: null,
  quantumBytes: 16 * 1024,
};

/** The link of a host with itself. */
export const LOOPBACK_LINK: LinkSettings = { ...LAN_LINK, latencyMinUs: 5, latencyMeanUs: 20 };

/**
 * `up`. `down`: what is sent is lost, streams retransmit after the link comes back (a partition, a black hole).
 * `held`: what is sent waits and arrives after the release, in order (a clogged link).
 */
export type LinkState = 'up' | 'down' | 'held';

/** Something that waits for the link to come back: a stream, a connection attempt. */
export interface LinkWaiter {
  /** Called when the link came up or the host at its end did. */
  linkResumed(): void;
}

/** One direction between two hosts. */
export class Link {
  readonly from: string;
  readonly to: string;
  /** How it is when no fault changes it. */
  normal: LinkSettings;
  settings: LinkSettings;
  state: LinkState = 'up';
  /** When it went down or was held. */
  stoppedAtUs = 0;
  /** Whether what was sent since then got lost. */
  lost = false;
  /** When the last piece that was handed to it will have left; only for links with a bandwidth. */
  #busyUntilUs = 0;
  readonly waiters = new Set<LinkWaiter>();

  constructor(from: string, to: string, settings: LinkSettings) {
    this.from = from;
    this.to = to;
    this.normal = settings;
    this.settings = settings;
  }

  get name(): string {
    return `${this.from}>${this.to}`;
  }

  /** When a piece handed over now has left, after those that were handed over before it. */
  departureUs(nowUs: number, sizeBytes: number): number {
    const { bytesPerS } = this.settings;
    if (bytesPerS === null) return nowUs;
    this.#busyUntilUs = Math.max(nowUs, this.#busyUntilUs) + (sizeBytes * 1e6) / bytesPerS;
    return this.#busyUntilUs;
  }

  latencyUs(random: RandomStream): number {
    return random.exponential(this.settings.latencyMinUs, this.settings.latencyMeanUs);
  }

  stop(state: 'down' | 'held', nowUs: number): void {
    if (this.state === 'up') {
      this.stoppedAtUs = nowUs;
      this.lost = false;
    }
    if (state === 'down') this.lost = true;
    this.state = state;
  }

  resume(): void {
    if (this.state === 'up') return;
    this.state = 'up';
    this.tellWaiters();
  }

  tellWaiters(): void {
    for (const waiter of [...this.waiters]) waiter.linkResumed();
  }
}
