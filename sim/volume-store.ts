import { IoError } from '../core/errors.ts';
import { type Lb, US_PER_MS, US_PER_S } from '../core/units.ts';
import type { BlockDevice, Labels, Step, VolumeInfo, VolumeStore } from '../core/world/index.ts';
import { callInfo } from './call-info.ts';
import { drawPowerLossChoice } from './disk-crash.ts';
import { CHUNK_LB, type ChunkPool, DiskImage } from './disk-image.ts';
import { DiskMedium, type MediumParameters, mediumParameters } from './disk-medium.ts';
import { DEFAULT_DISK_LATENCIES, type DiskLatencies, openMedium } from './disk-port.ts';
import type { Incarnation } from './incarnation.ts';
import { type Latency, LatencyDraws } from './latency.ts';
import type { KeyedRandom } from './random.ts';

export interface SimVolumeStoreOptions {
  /** Unique in the simulation, for instance `a0/volumes`: the key of all draws. */
  readonly name: string;
  readonly random: KeyedRandom;
  readonly thin: boolean;
  readonly group?: string;
  readonly pool?: string;
  /** Room of the pool (thin: what is written, shared blocks once; thick: sizes); null: unlimited. */
  readonly capacityLb?: Lb | null;
  /** Sizes are rounded up to a multiple of this; default one block, 8192 (4 MiB) for LVM. */
  readonly extentLb?: Lb;
  readonly parameters?: MediumParameters;
  readonly ioLatencies?: DiskLatencies;
  readonly commandLatency?: Latency;
  /** Thin: how long a write waits for room before it fails with ENOSPC; 0: not at all. */
  readonly noSpaceTimeoutUs?: number;
  /** Thick: room of a snapshot for changed blocks, as a share of the origin's size. */
  readonly snapshotShare?: number;
  /** Thick: what was never written reads as arbitrary but fixed bytes of this seed; null: zeros. */
  readonly backgroundSeed?: number | null;
}

interface Volume {
  name: string;
  readonly medium: DiskMedium;
  origin: Volume | null;
  writable: boolean;
  openCount: number;
  /** Thick snapshots: chunks that differ from the origin, or null. */
  readonly exceptions: Set<number> | null;
  /** Thin: chunks that cached writes will take from the pool. */
  readonly reserved: Set<number>;
}

const RETRY_US = US_PER_S;

/**
 * The volumes of one host, thick or thin. Commands act at one instant inside their duration and are durable
 * then; a crash inside leaves the state before or after it (docs/fault-model.md, "Volumes").
 */
export class SimVolumeStore {
  readonly name: string;
  readonly thin: boolean;
  readonly group: string;
  readonly pool: string;
  readonly #random: KeyedRandom;
  readonly #parameters: MediumParameters;
  readonly #ioLatencies: DiskLatencies;
  readonly #commandLatency: Latency;
  readonly #extentLb: Lb;
  readonly #noSpaceTimeoutUs: number;
  readonly #snapshotShare: number;
  readonly #backgroundSeed: number | null;
  readonly #draws: LatencyDraws;
  readonly #ids = { next: 1 };
  readonly #chunks: ChunkPool = { usedChunks: 0 };
  readonly #volumes = new Map<string, Volume>();
  #powerLossCount = 0;
  #listCount = 0;
  /** May be changed while it runs; what is there already stays. */
  capacityLb: Lb | null;
  /** What it was made with. */
  readonly madeCapacityLb: Lb | null;

  constructor(options: SimVolumeStoreOptions) {
    this.name = options.name;
    this.thin = options.thin;
    this.group = options.group ?? 'vg';
    this.pool = options.pool ?? (options.thin ? 'tp' : '');
    this.madeCapacityLb = options.capacityLb ?? null;
    this.capacityLb = this.madeCapacityLb;
    this.#random = options.random;
    this.#parameters = options.parameters ?? mediumParameters('ideal', 512);
    this.#ioLatencies = options.ioLatencies ?? DEFAULT_DISK_LATENCIES;
    this.#commandLatency = options.commandLatency ?? { minUs: 50 * US_PER_MS, meanUs: 200 * US_PER_MS };
    this.#extentLb = options.extentLb ?? 1;
    this.#noSpaceTimeoutUs = options.noSpaceTimeoutUs ?? 60 * US_PER_S;
    this.#snapshotShare = options.snapshotShare ?? 1.2;
    this.#backgroundSeed = options.thin ? null : (options.backgroundSeed ?? null);
    this.#draws = new LatencyDraws(options.random, options.name);
  }

  /** The store as one life of one process sees it. */
  portFor(incarnation: Incarnation, labels: Labels = {}): VolumeStore {
    const command = <T>(kind: string, step: Step, detail: string, act: () => T): Promise<T> =>
      this.#command(incarnation, labels, kind, step, detail, act);
    return {
      thin: this.thin,
      group: this.group,
      pool: this.pool,
      list: (step) => this.#list(incarnation, labels, step),
      create: (name, sizeLb, step) =>
        command('create', step, `${name} ${sizeLb}`, () => this.#create(name, sizeLb)),
      grow: (name, sizeLb, step) =>
        command('grow', step, `${name} ${sizeLb}`, () => this.#grow(name, sizeLb)),
      snapshot: (origin, name, writable, step) =>
        command('snapshot', step, `${origin} -> ${name}`, () => this.#snapshot(origin, name, writable)),
      rename: (from, to, step) => command('rename', step, `${from} -> ${to}`, () => this.#rename(from, to)),
      setWritable: (name, writable, step) =>
        command('set-writable', step, `${name} ${writable}`, () => this.#setWritable(name, writable)),
      remove: (name, step) => command('remove', step, name, () => this.#remove(name)),
      open: (name, mode, step) => this.#open(incarnation, labels, name, mode, step),
    };
  }

  /** Power fails. End the lives that use the store first. */
  powerLoss(): void {
    this.#powerLossCount += 1;
    const random = this.#random.at('volumes-power-loss', this.name, this.#powerLossCount);
    let firstId = this.#ids.next;
    for (const { medium } of this.#volumes.values()) {
      for (const { id } of medium.cachedRanges()) firstId = Math.min(firstId, id);
    }
    // One choice for all: they share a device, and what a snapshot shares with its origin fares alike.
    const choice = drawPowerLossChoice(random, firstId, this.#ids.next);
    for (const volume of this.#volumes.values()) {
      volume.medium.powerLoss(choice);
      volume.reserved.clear();
    }
  }

  /** What there is, outside of virtual time, sorted by name. */
  inspect(): VolumeInfo[] {
    return [...this.#volumes.values()].map(infoOf).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** The medium of a volume, outside of virtual time: its content, faults and error modes. */
  medium(name: string): DiskMedium {
    return this.#find(name).medium;
  }

  /** What readers of a volume see, outside of virtual time. */
  peek(name: string, addressLb: Lb, sizeLb: Lb): Uint8Array {
    return this.#find(name).medium.peek(addressLb, sizeLb);
  }

  /** Room taken: chunks in use (thin) or sizes (thick). */
  usedLb(): Lb {
    if (this.thin) return this.#chunks.usedChunks * CHUNK_LB;
    let usedLb = 0;
    for (const volume of this.#volumes.values()) usedLb += this.#thickCostLb(volume);
    return usedLb;
  }

  async #command<T>(
    incarnation: Incarnation,
    labels: Labels,
    kind: string,
    step: Step,
    detail: string,
    act: () => T,
  ): Promise<T> {
    const durationUs = this.#draws.drawUs(step, this.#commandLatency);
    const instantUs = Math.floor(
      durationUs * this.#random.at('instant', this.name, step, durationUs).fraction(),
    );
    const info = callInfo(`volume.${kind}`, step, labels, detail, null, null, true);
    const value = await incarnation.call(info, instantUs, act);
    await pass(incarnation, durationUs - instantUs);
    return value;
  }

  async #list(incarnation: Incarnation, labels: Labels, step: Step): Promise<VolumeInfo[]> {
    const info = callInfo('volume.list', step, labels);
    return incarnation.call(info, this.#draws.drawUs(step, this.#commandLatency), () => {
      this.#listCount += 1;
      return this.#random.at('list', this.name, this.#listCount).shuffle(this.inspect());
    });
  }

  #find(name: string): Volume {
    const volume = this.#volumes.get(name);
    if (volume === undefined) throw new IoError('ENOENT', `Volume ${this.group}/${name} does not exist`);
    return volume;
  }

  #checkFree(name: string): void {
    if (name === '') throw new IoError('EINVAL', 'A volume needs a name');
    if (this.#volumes.has(name)) throw new IoError('EEXIST', `Volume ${this.group}/${name} exists already`);
  }

  #rounded(sizeLb: Lb): Lb {
    if (!Number.isSafeInteger(sizeLb) || sizeLb <= 0) {
      throw new IoError('EINVAL', `A volume's size must be a positive number of blocks, not ${sizeLb}`);
    }
    const physicalLb = this.#parameters.physicalBlockBytes / 512;
    const extentLb = Math.ceil(this.#extentLb / physicalLb) * physicalLb;
    return Math.ceil(sizeLb / extentLb) * extentLb;
  }

  #thickCostLb(volume: Volume): Lb {
    const share = volume.origin === null ? 1 : this.#snapshotShare;
    return Math.ceil(volume.medium.sizeLb * share);
  }

  #checkThickRoom(sizeLb: Lb): void {
    if (this.thin || this.capacityLb === null || this.usedLb() + sizeLb <= this.capacityLb) return;
    throw new IoError('ENOSPC', `Volume group ${this.group} has no room for ${sizeLb} blocks`);
  }

  #create(name: string, sizeLb: Lb): VolumeInfo {
    this.#checkFree(name);
    const roundedLb = this.#rounded(sizeLb);
    this.#checkThickRoom(roundedLb);
    const image = new DiskImage(this.#chunks, this.#backgroundSeed);
    const medium = new DiskMedium(name, roundedLb, this.#parameters, this.#random, image, this.#ids);
    return this.#add(name, medium, null, true);
  }

  #add(name: string, medium: DiskMedium, origin: Volume | null, writable: boolean): VolumeInfo {
    const exceptions = origin === null || this.thin ? null : new Set<number>();
    const volume = { name, medium, origin, writable, openCount: 0, exceptions, reserved: new Set<number>() };
    this.#volumes.set(name, volume);
    return infoOf(volume);
  }

  #grow(name: string, sizeLb: Lb): Lb {
    const { medium } = this.#find(name);
    const roundedLb = this.#rounded(sizeLb);
    this.#checkThickRoom(Math.max(0, roundedLb - medium.sizeLb));
    medium.grow(roundedLb);
    return medium.sizeLb;
  }

  #snapshot(originName: string, name: string, writable: boolean): VolumeInfo {
    const origin = this.#find(originName);
    this.#checkFree(name);
    if (!this.thin && origin.origin !== null) {
      throw new IoError('EINVAL', `${originName} is a thick snapshot and cannot be an origin`);
    }
    this.#checkThickRoom(Math.ceil(origin.medium.sizeLb * this.#snapshotShare));
    const info = this.#add(name, origin.medium.snapshot(name), origin, writable);
    // What was the origin's own is shared now: writing to it takes room again.
    if (this.thin && this.capacityLb !== null) this.#recountReserved();
    return info;
  }

  #rename(from: string, to: string): void {
    const volume = this.#find(from);
    this.#checkFree(to);
    this.#volumes.delete(from);
    volume.name = to;
    this.#volumes.set(to, volume);
  }

  #setWritable(name: string, writable: boolean): void {
    const volume = this.#find(name);
    if (!this.thin && volume.origin !== null) {
      throw new IoError('EOPNOTSUPP', `${name}: thick snapshots keep their permission`);
    }
    volume.writable = writable;
  }

  /** Snapshots of a thick volume go with it; those of a thin one become volumes of their own. */
  #remove(name: string): void {
    const volume = this.#find(name);
    const snapshots = [...this.#volumes.values()].filter((other) => other.origin === volume);
    for (const each of this.thin ? [volume] : [volume, ...snapshots]) {
      if (each.openCount > 0) throw new IoError('EBUSY', `Volume ${this.group}/${each.name} is open`);
    }
    this.#volumes.delete(name);
    volume.medium.release();
    for (const snapshot of snapshots) {
      snapshot.origin = null;
      if (this.thin) continue;
      this.#volumes.delete(snapshot.name);
      snapshot.medium.release();
    }
  }

  async #open(
    incarnation: Incarnation,
    labels: Labels,
    name: string,
    mode: 'read' | 'write',
    step: Step,
  ): Promise<BlockDevice> {
    const info = callInfo('volume.open', step, labels, `${name} ${mode}`);
    return incarnation.call(info, this.#draws.drawUs(step, this.#ioLatencies.io), () => {
      const volume = this.#find(name);
      if (mode === 'write' && !volume.writable) throw new IoError('EROFS', `Volume ${name} is not writable`);
      volume.openCount += 1;
      return openMedium(volume.medium, incarnation, labels, {
        latencies: this.#ioLatencies,
        writable: mode === 'write',
        drawUs: this.#draws.drawUs,
        waitForRoomUs: (addressLb, sizeLb, waitedUs) =>
          this.#waitForRoomUs(volume, addressLb, sizeLb, waitedUs),
        onChanged: (addressLb, sizeLb) => this.#noteChange(volume, addressLb, sizeLb),
        onClose: () => {
          volume.openCount -= 1;
        },
      });
    });
  }

  /** Thin pools: whether the chunks of a write that are missing or shared still fit into the pool. */
  #waitForRoomUs(volume: Volume, addressLb: Lb, sizeLb: Lb, waitedUs: number): number | null {
    if (!this.thin || this.capacityLb === null) return null;
    const wanted: number[] = [];
    for (const chunk of chunksOf(addressLb, sizeLb)) {
      if (!volume.reserved.has(chunk) && volume.medium.image.needsChunk(chunk)) wanted.push(chunk);
    }
    const capacityChunks = Math.floor(this.capacityLb / CHUNK_LB);
    if (wanted.length > 0 && this.#promisedChunks() + wanted.length > capacityChunks) {
      this.#recountReserved();
      if (this.#promisedChunks() + wanted.length > capacityChunks) {
        if (waitedUs < this.#noSpaceTimeoutUs) return Math.min(RETRY_US, this.#noSpaceTimeoutUs - waitedUs);
        throw new IoError('ENOSPC', `Pool ${this.group}/${this.pool} is full`);
      }
    }
    for (const chunk of wanted) volume.reserved.add(chunk);
    return null;
  }

  #promisedChunks(): number {
    let count = this.#chunks.usedChunks;
    for (const volume of this.#volumes.values()) count += volume.reserved.size;
    return count;
  }

  #recountReserved(): void {
    for (const { medium, reserved } of this.#volumes.values()) {
      reserved.clear();
      for (const write of medium.cachedRanges()) {
        if (write.data === null) continue;
        for (const chunk of chunksOf(write.addressLb, write.sizeLb)) {
          if (medium.image.needsChunk(chunk)) reserved.add(chunk);
        }
      }
    }
  }

  /** Thick snapshots: each first change of a chunk takes room; without room the snapshot is lost for good. */
  #noteChange(volume: Volume, addressLb: Lb, sizeLb: Lb): void {
    if (this.thin) return;
    for (const snapshot of this.#volumes.values()) {
      if (snapshot.exceptions === null || (snapshot !== volume && snapshot.origin !== volume)) continue;
      for (const chunk of chunksOf(addressLb, sizeLb)) snapshot.exceptions.add(chunk);
      const roomChunks = Math.ceil((snapshot.medium.sizeLb / CHUNK_LB) * this.#snapshotShare);
      if (snapshot.exceptions.size > roomChunks) snapshot.medium.mode = 'error-all';
    }
  }
}

function infoOf(volume: Volume): VolumeInfo {
  const { name, medium, origin, writable } = volume;
  return { name, sizeLb: medium.sizeLb, origin: origin?.name ?? null, writable };
}

function chunksOf(addressLb: Lb, sizeLb: Lb): number[] {
  const result: number[] = [];
  for (let chunk = Math.floor(addressLb / CHUNK_LB); chunk * CHUNK_LB < addressLb + sizeLb; chunk++) {
    result.push(chunk);
  }
  return result;
}

/** Virtual time passes for a life. */
function pass(incarnation: Incarnation, delayUs: number): Promise<void> {
  return new Promise((resolve) => {
    incarnation.schedule(incarnation.kernel.loop.nowUs + delayUs, resolve);
  });
}
