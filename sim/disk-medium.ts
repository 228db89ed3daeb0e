import { IoError } from '../core/errors.ts';
import { type Lb, LOGICAL_BLOCK_BYTES } from '../core/units.ts';
import { applyWrite, type CachedWrite, copyRange, WriteCache } from './disk-cache.ts';
import { type Atomicity, keepSurvivors, type PowerLossChoice } from './disk-crash.ts';
import { type DeviceMode, MediaFaults, rotted } from './disk-faults.ts';
import type { DiskImage } from './disk-image.ts';
import { type KeyedRandom, RandomStream } from './random.ts';

/** What a discarded range reads as. `mixed`: granule by granule old or zero; `random`: or arbitrary bytes. */
export type DiscardMode = 'zero' | 'keep' | 'mixed' | 'random';

/** Properties of a device, see docs/fault-model.md, "Disks". */
export interface MediumParameters extends Atomicity {
  readonly physicalBlockBytes: 512 | 4096;
  /** False: completion is durability. */
  readonly hasVolatileCache: boolean;
  readonly supportsDiscard: boolean;
  readonly discardMode: DiscardMode;
  readonly discardGranularityLb: Lb;
  /** Cached data above this is written to the medium, oldest first. */
  readonly cacheLimitBytes: number;
  /** After a power loss one 4 KiB block may hold the new content only up to 3/8 or 7/8 of it. */
  readonly isShorn: boolean;
  /** A write smaller than a physical block that is cut by a power loss makes its neighbours in it unreadable. */
  readonly hasNeighbourHazard: boolean;
}

/** Names of the usual kinds of device. */
export type MediumPreset = 'none' | 'ideal' | 'sector512' | 'nvme-awupf8' | 'shorn';

/** Parameters of a preset for a physical block size; `ideal`: a physical block is atomic. */
export function mediumParameters(preset: MediumPreset, physicalBlockBytes: 512 | 4096): MediumParameters {
  return {
    physicalBlockBytes,
    atomicUnitBytes: preset === 'sector512' || preset === 'nvme-awupf8' ? 512 : physicalBlockBytes,
    atomicWriteLb: preset === 'nvme-awupf8' ? 8 : 0,
    hasVolatileCache: preset !== 'none',
    supportsDiscard: true,
    discardMode: 'zero',
    discardGranularityLb: 8,
    cacheLimitBytes: 32 * 1024 * 1024,
    isShorn: preset === 'shorn',
    hasNeighbourHazard: false,
  };
}

/** Source of the ids of writes; media that share cached writes (a snapshot and its origin) share it. */
export interface WriteIds {
  next: number;
}

/** A write that was submitted and has not completed. Its data belongs to the caller until then. */
export interface WriteUnderWay {
  readonly addressLb: Lb;
  readonly data: Uint8Array;
  readonly isFua: boolean;
  /** Last id that the flush before this write covers; null without preflush. */
  readonly preflushId: number | null;
  readonly submittedAtId: number;
  /** Key of the draws about it. */
  readonly number: number;
  /** Units of which readers have already seen the new content. */
  readonly landedUnits: Set<number>;
}

/** Discards above this size are durable at once, so that the bookkeeping of units stays small. */
const LARGE_DISCARD_LB = 8192;

/**
 * The content of one block device: what readers see, what is durable, what is under way. Everything here
 * happens at once; time, crashes and errors are the business of the port (`openMedium`).
 */
export class DiskMedium {
  readonly name: string;
  readonly parameters: MediumParameters;
  readonly faults = new MediaFaults();
  readonly random: KeyedRandom;
  mode: DeviceMode = 'up';
  /** A flush that returns without having done anything. */
  ignoresFlush = false;
  readonly #ids: WriteIds;
  #sizeLb: Lb;
  #image: DiskImage;
  #cache = new WriteCache();
  readonly #underWay = new Set<WriteUnderWay>();
  #writeCount = 0;
  #drawCount = 0;

  constructor(
    name: string,
    sizeLb: Lb,
    parameters: MediumParameters,
    random: KeyedRandom,
    image: DiskImage,
    ids: WriteIds,
  ) {
    this.name = name;
    this.#sizeLb = sizeLb;
    this.parameters = parameters;
    this.random = random;
    this.#image = image;
    this.#ids = ids;
  }

  get sizeLb(): Lb {
    return this.#sizeLb;
  }

  get image(): DiskImage {
    return this.#image;
  }

  /** Bytes of completed writes that a power loss may still take. */
  get cachedBytes(): number {
    return this.#cache.bytes;
  }

  /** The chunks that the cached writes will touch. */
  cachedRanges(): readonly CachedWrite[] {
    return this.#cache.writes;
  }

  grow(sizeLb: Lb): void {
    this.#sizeLb = Math.max(this.#sizeLb, sizeLb);
  }

  /** Throws the IoError that the device gives instead of doing this. */
  check(kind: 'read' | 'write' | 'flush'): void {
    const mode = this.mode;
    if (mode === 'up' || mode === 'drop-writes') return;
    if (mode === 'error-all' || (mode === 'error-reads') === (kind === 'read')) {
      throw new IoError('EIO', `${this.name}: ${kind} failed`);
    }
  }

  /** Throws EINVAL when a range is empty, outside the device, or not made of physical blocks. */
  checkRange(addressLb: Lb, sizeLb: Lb): void {
    const physicalLb = this.parameters.physicalBlockBytes / LOGICAL_BLOCK_BYTES;
    const isWhole = Number.isInteger(addressLb) && Number.isInteger(sizeLb) && addressLb >= 0 && sizeLb > 0;
    if (!isWhole || addressLb + sizeLb > this.#sizeLb) {
      throw new IoError(
        'EINVAL',
        `${this.name}: ${addressLb}+${sizeLb} must lie inside ${this.#sizeLb} blocks`,
      );
    }
    if (addressLb % physicalLb !== 0 || sizeLb % physicalLb !== 0) {
      throw new IoError(
        'EINVAL',
        `${this.name}: ${addressLb}+${sizeLb} must be multiples of ${physicalLb} blocks`,
      );
    }
  }

  /** What a reader gets now. Blocks of a write that is under way are old or new, and stay new once they were. */
  read(addressLb: Lb, sizeLb: Lb): Uint8Array {
    const into = this.peek(addressLb, sizeLb);
    for (const write of this.#underWay) this.#showLanding(write, addressLb, into);
    const unreadable = this.faults.apply(addressLb, into);
    if (unreadable !== null) throw new IoError('EIO', `${this.name}: block ${unreadable} is unreadable`);
    return into;
  }

  /** The true content that completed writes made, without damage, draws or effects. */
  peek(addressLb: Lb, sizeLb: Lb): Uint8Array {
    const into = new Uint8Array(sizeLb * LOGICAL_BLOCK_BYTES);
    this.#image.read(addressLb, into);
    this.#cache.overlay(addressLb, into);
    return into;
  }

  /** What is there after a power loss now that takes all it can. */
  peekDurable(addressLb: Lb, sizeLb: Lb): Uint8Array {
    const into = new Uint8Array(sizeLb * LOGICAL_BLOCK_BYTES);
    const copy = this.#image.clone();
    const choice = { kind: 'none', fromId: 0, newestProbability: 0, seed: 0 } as const;
    keepSurvivors(copy, this.#cache.writes, this.parameters, choice);
    copy.read(addressLb, into);
    copy.release();
    return into;
  }

  beginWrite(addressLb: Lb, data: Uint8Array, isFua: boolean, preflush: boolean): WriteUnderWay {
    this.#writeCount += 1;
    const write: WriteUnderWay = {
      addressLb,
      data,
      isFua,
      preflushId: preflush ? this.#ids.next - 1 : null,
      submittedAtId: this.#ids.next,
      number: this.#writeCount,
      landedUnits: new Set(),
    };
    this.#underWay.add(write);
    return write;
  }

  /** The write completes. Of two that were under way together on one block either may end on top. */
  finishWrite(write: WriteUnderWay): void {
    if (!this.#underWay.delete(write)) return;
    if (this.mode === 'drop-writes') return;
    if (write.preflushId !== null) this.finishFlush(write.preflushId);
    const sizeLb = write.data.length / LOGICAL_BLOCK_BYTES;
    const armed = this.faults.takeArmed(write.addressLb, sizeLb);
    const before = armed === null ? null : this.peek(write.addressLb, sizeLb);
    this.#complete(write, write.addressLb, write.data);
    if (armed === null || before === null) return;
    this.faults.replace(write.addressLb, before);
    if (armed.victimLb === null) return;
    this.faults.replace(
      armed.victimLb,
      write.data.subarray(0, (this.#sizeLb - armed.victimLb) * LOGICAL_BLOCK_BYTES),
    );
  }

  /** The write ends with a part of its units done. */
  tearWrite(write: WriteUnderWay): void {
    if (!this.#underWay.delete(write)) return;
    if (this.mode === 'drop-writes') return;
    const { atomicUnitBytes, atomicWriteLb } = this.parameters;
    const sizeLb = write.data.length / LOGICAL_BLOCK_BYTES;
    const random = this.random.at('tear', this.name, write.number);
    const isAtomic =
      atomicWriteLb > 0 &&
      Math.floor(write.addressLb / atomicWriteLb) ===
        Math.floor((write.addressLb + sizeLb - 1) / atomicWriteLb);
    const unitLb = isAtomic ? atomicWriteLb : atomicUnitBytes / LOGICAL_BLOCK_BYTES;
    const first = Math.floor(write.addressLb / unitLb);
    const count = Math.floor((write.addressLb + sizeLb - 1) / unitLb) - first + 1;
    const cut = random.below(count + 1);
    const shape = random.pick(['leading', 'trailing', 'scattered']);
    for (let i = 0; i < count; i++) {
      const lands = shape === 'leading' ? i < cut : shape === 'trailing' ? i >= cut : random.chance(0.5);
      const hasLanded = isAtomic ? write.landedUnits.size > 0 : write.landedUnits.has(first + i);
      if (!lands && !hasLanded) continue;
      const from = Math.max((first + i) * unitLb, write.addressLb);
      const to = Math.min((first + i + 1) * unitLb, write.addressLb + sizeLb);
      const start = (from - write.addressLb) * LOGICAL_BLOCK_BYTES;
      this.#complete(write, from, write.data.subarray(start, start + (to - from) * LOGICAL_BLOCK_BYTES));
    }
  }

  /** The write ends without effect, except for blocks that readers have already seen. */
  dropWrite(write: WriteUnderWay): void {
    if (write.landedUnits.size > 0) this.tearWrite(write);
    else this.#underWay.delete(write);
  }

  /** The submitter died: the write still completes, or not, or in part. */
  abandonWrite(write: WriteUnderWay): void {
    const dice = this.random.at('abandon', this.name, write.number).below(4);
    if (dice < 2) this.finishWrite(write);
    else if (dice === 2) this.tearWrite(write);
    else this.dropWrite(write);
  }

  /** Id up to which a flush that starts now covers. */
  beginFlush(): number {
    return this.#ids.next - 1;
  }

  finishFlush(lastId: number): void {
    if (!this.ignoresFlush) this.#cache.flushTo(this.#image, lastId);
  }

  /** The flush failed: what it should have covered is undecided, and no later flush covers it. */
  failFlush(lastId: number): void {
    this.#cache.markStuck(lastId);
  }

  discard(addressLb: Lb, sizeLb: Lb): void {
    const { discardMode, discardGranularityLb: granuleLb } = this.parameters;
    if (this.mode === 'drop-writes' || discardMode === 'keep') return;
    if (discardMode === 'zero') {
      this.#discardPart(addressLb, sizeLb, null);
      return;
    }
    const random = this.random.at('discard', this.name, this.#drawCount++);
    const first = Math.ceil(addressLb / granuleLb);
    const last = Math.floor((addressLb + sizeLb) / granuleLb);
    for (let granule = first; granule < last; granule++) {
      if (random.chance(0.5)) continue;
      const data = discardMode === 'random' ? random.bytes(granuleLb * LOGICAL_BLOCK_BYTES) : null;
      this.#discardPart(granule * granuleLb, granuleLb, data);
    }
  }

  /** Power fails: of each unit one of the contents that it had since the last flush remains. */
  powerLoss(choice: PowerLossChoice): void {
    const random = new RandomStream(choice.seed);
    const underWay = random.shuffle([...this.#underWay]);
    this.#underWay.clear();
    const cut: WriteUnderWay[] = [];
    for (const write of underWay) {
      if (this.mode === 'drop-writes') continue;
      if (write.preflushId !== null) {
        if (random.chance(0.5)) continue;
        this.finishFlush(write.preflushId);
      }
      cut.push(write);
      this.#cache.add({ ...this.#cached(write.addressLb, write.data, false), isDurable: false }, null);
    }
    const touched = [...this.#cache.writes];
    const before = this.parameters.isShorn ? this.#image.clone() : null;
    keepSurvivors(this.#image, touched, this.parameters, choice);
    this.#cache.clear();
    if (before !== null) {
      this.#shear(before, touched, random);
      before.release();
    }
    if (this.parameters.hasNeighbourHazard) this.#damageNeighbours(cut, random);
  }

  /** A medium with the content of this one at this instant. `sharesCache`: what is unflushed here is so there. */
  snapshot(name: string): DiskMedium {
    for (const write of this.#underWay) {
      this.#showLanding(write, write.addressLb, new Uint8Array(write.data.length));
    }
    const copy = new DiskMedium(
      name,
      this.#sizeLb,
      this.parameters,
      this.random,
      this.#image.clone(),
      this.#ids,
    );
    copy.#cache = this.#cache.clone();
    for (const write of this.#underWay) {
      const unitLb = this.parameters.atomicUnitBytes / LOGICAL_BLOCK_BYTES;
      for (const unit of write.landedUnits) {
        const from = Math.max(unit * unitLb, write.addressLb);
        const to = Math.min((unit + 1) * unitLb, write.addressLb + write.data.length / LOGICAL_BLOCK_BYTES);
        const start = (from - write.addressLb) * LOGICAL_BLOCK_BYTES;
        const data = write.data.slice(start, start + (to - from) * LOGICAL_BLOCK_BYTES);
        copy.#accept(this.#cached(from, data, false), null);
      }
    }
    return copy;
  }

  /** Gives the memory back; the medium is gone. */
  release(): void {
    this.#underWay.clear();
    this.#cache.clear();
    this.#image.release();
    this.mode = 'error-all';
  }

  /** Bit rot in one block, the same each time for the same content. */
  rot(addressLb: Lb, salt = 0): void {
    this.faults.replace(addressLb, rotted(this.peek(addressLb, 1), salt));
  }

  /** Puts content there, durable, outside of virtual time: for tests and scenarios. */
  poke(addressLb: Lb, data: Uint8Array): void {
    this.#cache.flushTo(this.#image, this.#ids.next);
    this.#image.write(addressLb, data);
    this.faults.heal(addressLb, data.length / LOGICAL_BLOCK_BYTES);
  }

  #cached(addressLb: Lb, data: Uint8Array | null, isDurable: boolean, sizeLb?: Lb): CachedWrite {
    const size = sizeLb ?? (data?.length ?? 0) / LOGICAL_BLOCK_BYTES;
    // Without a volatile cache completion is durability.
    const keeps = isDurable || !this.parameters.hasVolatileCache;
    return { id: this.#ids.next++, addressLb, sizeLb: size, data, isDurable: keeps, isStuck: false };
  }

  #complete(write: WriteUnderWay, addressLb: Lb, data: Uint8Array): void {
    const sizeLb = data.length / LOGICAL_BLOCK_BYTES;
    this.faults.heal(addressLb, sizeLb);
    const isContended = this.#cache.overlaps(addressLb, sizeLb, write.submittedAtId);
    const goesBelow = isContended && this.random.at('order', this.name, write.number).chance(0.5);
    this.#accept(this.#cached(addressLb, data.slice(), write.isFua), goesBelow ? write.submittedAtId : null);
  }

  #accept(write: CachedWrite, concurrentFromId: number | null): void {
    this.#cache.add(write, concurrentFromId);
    if (this.#cache.bytes <= this.parameters.cacheLimitBytes) return;
    const writes = this.#cache.writes;
    this.#cache.flushTo(this.#image, (writes[writes.length >> 1] as CachedWrite).id);
  }

  #discardPart(addressLb: Lb, sizeLb: Lb, data: Uint8Array | null): void {
    this.faults.heal(addressLb, sizeLb);
    const write = this.#cached(addressLb, data, false, sizeLb);
    if (sizeLb <= LARGE_DISCARD_LB) {
      this.#accept(write, null);
      return;
    }
    this.#cache.flushTo(this.#image, this.#ids.next);
    applyWrite(this.#image, write);
  }

  /** Copies the landed units of a write under way into what is being read, and lets more of them land. */
  #showLanding(write: WriteUnderWay, addressLb: Lb, into: Uint8Array): void {
    const endLb = addressLb + into.length / LOGICAL_BLOCK_BYTES;
    const sizeLb = write.data.length / LOGICAL_BLOCK_BYTES;
    if (write.addressLb >= endLb || addressLb >= write.addressLb + sizeLb || write.preflushId !== null)
      return;
    const unitLb = this.parameters.atomicUnitBytes / LOGICAL_BLOCK_BYTES;
    const random = this.random.at('landing', this.name, write.number, this.#drawCount++);
    const from = Math.max(addressLb, write.addressLb);
    const to = Math.min(endLb, write.addressLb + sizeLb);
    for (let unit = Math.floor(from / unitLb); unit * unitLb < to; unit++) {
      if (!write.landedUnits.has(unit)) {
        if (random.chance(0.5)) continue;
        write.landedUnits.add(unit);
      }
      const low = Math.max(unit * unitLb, from);
      copyRange(write.data, write.addressLb, sizeLb, low, Math.min((unit + 1) * unitLb, to), addressLb, into);
    }
  }

  /** One of the 4 KiB blocks that were written keeps its old content from 3/8 or 7/8 on. */
  #shear(before: DiskImage, writes: readonly CachedWrite[], random: RandomStream): void {
    if (writes.length === 0 || random.chance(0.5)) return;
    const write = random.pick(writes);
    const page = Math.floor((write.addressLb + random.below(write.sizeLb)) / 8);
    const keptLb = random.pick([3, 7]);
    const old = new Uint8Array((8 - keptLb) * LOGICAL_BLOCK_BYTES);
    before.read(page * 8 + keptLb, old);
    this.#image.write(page * 8 + keptLb, old);
  }

  #damageNeighbours(writes: readonly WriteUnderWay[], random: RandomStream): void {
    for (const write of writes) {
      const endLb = write.addressLb + write.data.length / LOGICAL_BLOCK_BYTES;
      const headLb = write.addressLb % 8;
      const tailLb = (8 - (endLb % 8)) % 8;
      if (headLb > 0 && random.chance(0.5)) this.faults.makeUnreadable(write.addressLb - headLb, headLb);
      if (tailLb > 0 && random.chance(0.5)) this.faults.makeUnreadable(endLb, tailLb);
    }
  }
}
