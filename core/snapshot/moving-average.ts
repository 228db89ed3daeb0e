import { FormatError } from '../errors.ts';
import type { MonotonicUs } from '../units.ts';
import { US_PER_S } from '../units.ts';

interface Sample {
  readonly bytes: number;
  readonly atUs: MonotonicUs;
}

/** Bandwidth over the last `windowS` seconds, see docs/snapshots.md, "Bandwidth". */
export class MovingAverage {
  readonly #windowUs: number;
  #samples: Sample[] = [];
  /** Samples before this index are expired; they are dropped in bulk. */
  #first = 0;
  #totalBytes = 0;

  /** Throws FormatError unless the window is positive. */
  constructor(windowS: number) {
    if (!(windowS > 0)) throw new FormatError(`SMAverate:bad intervalSec:${windowS}`);
    this.#windowUs = windowS * US_PER_S;
  }

  append(bytes: number, atUs: MonotonicUs): void {
    this.#expire(atUs);
    this.#samples.push({ bytes, atUs });
    this.#totalBytes += bytes;
  }

  /** Bits per second at a time: all that is in the window, over the time since its oldest sample. */
  bitsPerSecond(atUs: MonotonicUs): number {
    this.#expire(atUs);
    if (this.#first === this.#samples.length) return 0;
    const elapsedUs = atUs - this.#samples[this.#first].atUs;
    // A window that began just now counts as one second.
    return (this.#totalBytes * 8) / (elapsedUs === 0 ? 1 : elapsedUs / US_PER_S);
  }

  #expire(atUs: MonotonicUs): void {
    const samples = this.#samples;
    while (this.#first < samples.length && samples[this.#first].atUs + this.#windowUs < atUs) {
      this.#totalBytes -= samples[this.#first].bytes;
      this.#first++;
    }
    if (this.#first * 2 > samples.length) {
      this.#samples = samples.slice(this.#first);
      this.#first = 0;
    }
  }
}
