import type { Lb } from '../../units.ts';

/** Blocks written, by region of the address space, in fixed memory: regions double when an address lies behind them. */
export class RegionMap {
  readonly #counts: Float64Array;
  #regionLb: Lb;

  /** An even number of regions, of `regionLb` blocks each at first. */
  constructor(regionCount: number, regionLb: Lb) {
    this.#counts = new Float64Array(regionCount);
    this.#regionLb = regionLb;
  }

  /** Size of each region. */
  get regionLb(): Lb {
    return this.#regionLb;
  }

  /** Blocks written to each region, written twice counted twice. */
  get counts(): Float64Array {
    return this.#counts;
  }

  add(addressLb: Lb, sizeLb: Lb): void {
    const endLb = addressLb + sizeLb;
    this.cover(endLb);
    const last = Math.ceil(endLb / this.#regionLb);
    for (let region = Math.floor(addressLb / this.#regionLb); region < last; region++) {
      const from = Math.max(addressLb, region * this.#regionLb);
      const to = Math.min(endLb, (region + 1) * this.#regionLb);
      this.#counts[region] += to - from;
    }
  }

  /** Makes regions so large that they reach `endLb`. */
  cover(endLb: Lb): void {
    const counts = this.#counts;
    while (endLb > this.#regionLb * counts.length) {
      for (let i = 0; i < counts.length; i++) {
        counts[i] = 2 * i < counts.length ? counts[2 * i] + counts[2 * i + 1] : 0;
      }
      this.#regionLb *= 2;
    }
  }

  /** Adds the counts of a map with as many regions. */
  merge(other: RegionMap): void {
    this.cover(other.#regionLb * other.#counts.length);
    while (other.#regionLb < this.#regionLb) other.cover(other.#regionLb * other.#counts.length + 1);
    for (let i = 0; i < this.#counts.length; i++) this.#counts[i] += other.#counts[i];
  }
}
