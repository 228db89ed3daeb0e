import type { Lb } from '../../units.ts';
import { RegionMap } from './region-map.ts';

export interface HeatRow {
  /** Number of its first step of time, from 0. */
  readonly firstStep: number;
  readonly map: RegionMap;
}

/**
 * Blocks written by time and address, in fixed memory: a row holds as many steps of time as another; when there would be
 * too many rows, each two become one.
 */
export class HeatMap {
  readonly #maxRows: number;
  readonly #columns: number;
  readonly #regionLb: Lb;
  #rows: RegionMap[] = [];
  #stepsPerRow = 1;
  #stepCount = 0;

  /** An even number of rows at most, and of columns; `regionLb` is the size of a column's region at first. */
  constructor(maxRows: number, columns: number, regionLb: Lb) {
    this.#maxRows = maxRows;
    this.#columns = columns;
    this.#regionLb = regionLb;
  }

  get stepCount(): number {
    return this.#stepCount;
  }

  /** Adds a write, as a step of its own or to the step of the one before. */
  add(addressLb: Lb, sizeLb: Lb, isNewStep: boolean): void {
    if (isNewStep) this.#stepCount++;
    const step = Math.max(0, this.#stepCount - 1);
    if (Math.floor(step / this.#stepsPerRow) === this.#maxRows) this.#halve();
    const row = Math.floor(step / this.#stepsPerRow);
    this.#rows[row] ??= new RegionMap(this.#columns, this.#regionLb);
    this.#rows[row].add(addressLb, sizeLb);
  }

  /** The rows, oldest first, with regions of one size. */
  rows(): HeatRow[] {
    const reachLb = Math.max(0, ...this.#rows.map((row) => row.regionLb * this.#columns));
    for (const row of this.#rows) row.cover(reachLb);
    return this.#rows.map((map, i) => ({ firstStep: i * this.#stepsPerRow, map }));
  }

  #halve(): void {
    const halved: RegionMap[] = [];
    for (let i = 0; i < this.#rows.length; i += 2) {
      this.#rows[i].merge(this.#rows[i + 1]);
      halved.push(this.#rows[i]);
    }
    this.#rows = halved;
    this.#stepsPerRow *= 2;
  }
}
