import type { Lb } from '../../units.ts';
import type { CodecPool } from '../../world/codec.ts';
import { BlockSample, type Overlap, UNIT_LB } from './block-sample.ts';
import { CodecTrial, type Compressibility, Reservoir } from './data-sample.ts';
import { type CountedIo, type FileStat, type StatInput, statFile } from './file-stat.ts';
import { HeatMap, type HeatRow } from './heat-map.ts';
import { RegionMap } from './region-map.ts';

/** Regions of the address space that are told apart. */
const REGIONS = 4096;
const HEAT_ROWS = 128;
const HEAT_COLUMNS = 256;
/** Data handed to the codecs at a time, when all data are. */
const TRIAL_BYTES = 4 * 1024 * 1024;

/** What a collector computes beside the counts. */
export interface StatOptions {
  /** How compressibility is found out: from a sample, from all data, or not at all. */
  readonly compressibility: 'sample' | 'full' | 'none';
}

/** A region of the address space and the blocks written to it. */
export interface Region {
  readonly addressLb: Lb;
  readonly sizeLb: Lb;
  readonly writtenLb: Lb;
}

/** What all files together show. */
export interface StatResult {
  readonly writtenLb: Lb;
  readonly overlap: Overlap;
  readonly compressibility: Compressibility | null;
  /** The regions with the most written blocks, the hottest first. */
  readonly hottest: readonly Region[];
  readonly regionLb: Lb;
  /** By time and place. A step of time is an IO of a wlog, or a whole wdiff. */
  readonly heat: readonly HeatRow[];
  readonly stepCount: number;
}

/**
 * Counts wlogs and wdiffs, oldest first. Memory is bounded whatever their sizes: 32 MiB for the overlap, 16 MiB of sampled
 * data, maps of a fixed number of regions, and the IO that is being looked at. See docs/tools.md, "walbox stat".
 */
export class StatCollector {
  readonly #pool: CodecPool;
  readonly #options: StatOptions;
  readonly #blocks = new BlockSample();
  readonly #regions = new RegionMap(REGIONS, UNIT_LB);
  readonly #heat = new HeatMap(HEAT_ROWS, HEAT_COLUMNS, UNIT_LB);
  readonly #reservoir = new Reservoir();
  readonly #trial: CodecTrial;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #fileCount = 0;
  #writtenLb = 0;
  /** The file of the last step. */
  #steppedFile = -1;

  constructor(pool: CodecPool, options: StatOptions) {
    this.#pool = pool;
    this.#options = options;
    this.#trial = new CodecTrial(pool);
  }

  /** Counts one file. Throws FormatError. */
  async add(input: StatInput): Promise<FileStat> {
    const file = this.#fileCount++;
    return await statFile(input, this.#pool, (io) => this.#addIo(io, file));
  }

  async #addIo(io: CountedIo, file: number): Promise<void> {
    if (io.kind === 'discard') return;
    this.#writtenLb += io.sizeLb;
    this.#blocks.add(io.addressLb, io.sizeLb, file);
    this.#regions.add(io.addressLb, io.sizeLb);
    this.#heat.add(io.addressLb, io.sizeLb, io.isOfLog || this.#steppedFile !== file);
    this.#steppedFile = file;
    if (io.kind !== 'normal') return;
    if (this.#options.compressibility === 'sample') {
      const place = this.#reservoir.place();
      if (place !== null) this.#reservoir.put(place, await io.data());
    } else if (this.#options.compressibility === 'full') {
      const data = await io.data();
      this.#waiting.push(data);
      this.#waitingBytes += data.length;
      if (this.#waitingBytes >= TRIAL_BYTES) await this.#tryWaiting();
    }
  }

  async #tryWaiting(): Promise<void> {
    await this.#trial.add(this.#waiting);
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  async result(hottestCount: number): Promise<StatResult> {
    if (this.#options.compressibility === 'sample') await this.#trial.add(this.#reservoir.pieces);
    else if (this.#options.compressibility === 'full') await this.#tryWaiting();
    const sizeLb = this.#regions.regionLb;
    const hottest = Array.from(this.#regions.counts, (writtenLb, i) => ({
      addressLb: i * sizeLb,
      sizeLb,
      writtenLb,
    }))
      .filter((region) => region.writtenLb > 0)
      .sort((a, b) => b.writtenLb - a.writtenLb || a.addressLb - b.addressLb)
      .slice(0, hottestCount);
    return {
      writtenLb: this.#writtenLb,
      overlap: this.#blocks.overlap(),
      compressibility: this.#options.compressibility === 'none' ? null : this.#trial.result(),
      hottest,
      regionLb: sizeLb,
      heat: this.#heat.rows(),
      stepCount: this.#heat.stepCount,
    };
  }
}
