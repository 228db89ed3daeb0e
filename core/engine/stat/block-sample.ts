import type { Lb } from '../../units.ts';

/** What is counted as one: 8 blocks, 4 KiB. A unit that an IO covers in part is covered. */
export const UNIT_LB = 8;
/** Units that are remembered at most: some 32 MiB. */
const MAX_UNITS = 1 << 19;
/** Counts stop here. */
const MAX_COUNT = 255;

/** A bit that depends on its arguments alone: which half of a group is kept at a level. */
function bitOf(group: number, level: number): number {
  let hash = Math.imul(group | 0, 0x9e3779b1) ^ Math.imul(Math.floor(group / 2 ** 32) | 0, 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 15) ^ (level * 0x27d4eb2f), 0xc2b2ae35);
  return (hash >>> 16) & 1;
}

/** What is known of a unit: `count` writes, and the first file and whether another one wrote it too. */
interface UnitInfo {
  count: number;
  file: number;
  isShared: boolean;
}

export interface Overlap {
  /** Units written, each counted once. An estimate unless `isExact`. */
  readonly distinctUnits: number;
  /** Shares of the distinct units, 0 to 1. */
  readonly writtenTwice: number;
  readonly inSeveralFiles: number;
  readonly isExact: boolean;
}

/**
 * Counts how often units of blocks are written, in bounded memory. While there are few, all are counted; then of each
 * group of 2^level units one, chosen by a hash, stands for all. Groups of a level consist of two of the level below, and
 * the unit kept is that of one of the halves, so a sample can be thinned out at any time.
 */
export class BlockSample {
  readonly #units = new Map<number, UnitInfo>();
  readonly #maxUnits: number;
  #level = 0;

  constructor(maxUnits = MAX_UNITS) {
    this.#maxUnits = maxUnits;
  }

  /** Counts a write of `sizeLb` blocks by the file of a number. */
  add(addressLb: Lb, sizeLb: Lb, file: number): void {
    const first = Math.floor(addressLb / UNIT_LB);
    const end = Math.ceil((addressLb + sizeLb) / UNIT_LB);
    for (let at = first; at < end; ) {
      const width = 2 ** this.#level;
      const group = Math.floor(at / width);
      const unit = this.#sampleOf(group);
      if (unit >= at && unit < end) this.#count(unit, file);
      // A thinning may have made groups larger; go on behind what was looked at.
      at = (group + 1) * width;
    }
  }

  overlap(): Overlap {
    let twice = 0;
    let shared = 0;
    for (const { count, isShared } of this.#units.values()) {
      if (count > 1) twice++;
      if (isShared) shared++;
    }
    const kept = this.#units.size;
    return {
      distinctUnits: kept * 2 ** this.#level,
      writtenTwice: kept === 0 ? 0 : twice / kept,
      inSeveralFiles: kept === 0 ? 0 : shared / kept,
      isExact: this.#level === 0,
    };
  }

  #count(unit: number, file: number): void {
    const info = this.#units.get(unit);
    if (info !== undefined) {
      info.count = Math.min(MAX_COUNT, info.count + 1);
      if (info.file !== file) info.isShared = true;
      return;
    }
    this.#units.set(unit, { count: 1, file, isShared: false });
    while (this.#units.size > this.#maxUnits) this.#thinOut();
  }

  /** The unit that stands for a group of the present level. */
  #sampleOf(group: number): number {
    let at = group;
    for (let level = this.#level; level > 0; level--) at = at * 2 + bitOf(at, level);
    return at;
  }

  #thinOut(): void {
    this.#level++;
    const width = 2 ** this.#level;
    for (const unit of [...this.#units.keys()]) {
      if (this.#sampleOf(Math.floor(unit / width)) !== unit) this.#units.delete(unit);
    }
  }
}
