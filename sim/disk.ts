import type { Lb } from '../core/units.ts';
import type { BlockDevice, Labels } from '../core/world/index.ts';
import { drawPowerLossChoice } from './disk-crash.ts';
import { DiskImage } from './disk-image.ts';
import { DiskMedium, type MediumParameters, mediumParameters } from './disk-medium.ts';
import { DEFAULT_DISK_LATENCIES, type DiskLatencies, openMedium } from './disk-port.ts';
import type { Incarnation } from './incarnation.ts';
import { LatencyDraws } from './latency.ts';
import type { KeyedRandom } from './random.ts';

export interface SimDiskOptions {
  /** Unique in the simulation, for instance `s0/data0`: the key of all draws. */
  readonly name: string;
  readonly sizeLb: Lb;
  readonly random: KeyedRandom;
  /** Default: the preset `ideal` with physical blocks of 512 bytes. */
  readonly parameters?: MediumParameters;
  readonly latencies?: DiskLatencies;
  /** What blocks hold that nobody has written: arbitrary but fixed bytes of this seed; default zeros. */
  readonly backgroundSeed?: number;
}

/** A block device of one host. It outlives processes and power losses (docs/fault-model.md, "Disks"). */
export class SimDisk {
  readonly name: string;
  /** Content, faults and error modes; see DiskMedium for what tests and scenarios may do to it. */
  readonly medium: DiskMedium;
  readonly #random: KeyedRandom;
  readonly #latencies: DiskLatencies;
  readonly #draws: LatencyDraws;
  readonly #ids = { next: 1 };
  #powerLossCount = 0;

  constructor(options: SimDiskOptions) {
    this.name = options.name;
    this.#random = options.random;
    this.#latencies = options.latencies ?? DEFAULT_DISK_LATENCIES;
    this.#draws = new LatencyDraws(options.random, options.name);
    this.medium = new DiskMedium(
      options.name,
      options.sizeLb,
      options.parameters ?? mediumParameters('ideal', 512),
      options.random,
      new DiskImage({ usedChunks: 0 }, options.backgroundSeed ?? null),
      this.#ids,
    );
  }

  /** A handle for one life of one process. */
  open(incarnation: Incarnation, labels: Labels = {}, mode: 'read' | 'write' = 'write'): BlockDevice {
    return openMedium(this.medium, incarnation, labels, {
      latencies: this.#latencies,
      writable: mode === 'write',
      drawUs: this.#draws.drawUs,
      onClose: () => {},
    });
  }

  /** Power fails. End the lives that use the disk first. */
  powerLoss(): void {
    this.#powerLossCount += 1;
    const random = this.#random.at('disk-power-loss', this.name, this.#powerLossCount);
    let firstId = this.#ids.next;
    for (const { id } of this.medium.cachedRanges()) firstId = Math.min(firstId, id);
    this.medium.powerLoss(drawPowerLossChoice(random, firstId, this.#ids.next));
  }

  /** What readers see, outside of virtual time; the true content where the medium is damaged. */
  peek(addressLb: Lb, sizeLb: Lb): Uint8Array {
    return this.medium.peek(addressLb, sizeLb);
  }
}
