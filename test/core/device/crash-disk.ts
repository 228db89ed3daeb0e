import { IoError } from '../../../core/errors.ts';
import type { BlockDevice, WriteOptions } from '../../../core/world/index.ts';
import type { EventLoop, ScheduledEvent } from '../../../sim/event-loop.ts';
import type { RandomStream } from '../../../sim/random.ts';

const LB = 512;

/** One life of a host's kernel: after `kill` nothing of it happens any more. */
export class Life {
  readonly loop: EventLoop;
  alive = true;
  readonly #events = new Set<ScheduledEvent>();

  constructor(loop: EventLoop) {
    this.loop = loop;
  }

  schedule(atUs: number, fire: () => void): () => void {
    if (!this.alive) return () => {};
    const event = this.loop.schedule(atUs, () => {
      this.#events.delete(event);
      fire();
    });
    this.#events.add(event);
    return () => {
      this.#events.delete(event);
      this.loop.cancel(event);
    };
  }

  kill(): void {
    this.alive = false;
    for (const event of this.#events) this.loop.cancel(event);
    this.#events.clear();
  }
}

export interface DiskCall {
  readonly kind: 'read' | 'write' | 'flush' | 'discard';
  readonly step: string;
  readonly addressLb: number;
  readonly sizeLb: number;
  readonly data: Uint8Array | null;
  readonly options: WriteOptions;
}

interface PendingWrite {
  readonly addressLb: number;
  readonly data: Uint8Array;
  /** Order of completion; Infinity while in flight. */
  seq: number;
}

export type DiscardMode = 'zero' | 'keep' | 'mixed' | 'none';
/** What of the volatile cache survives: any subset of blocks, of whole writes, a prefix of the writes, all, nothing. */
export type Survival = 'blocks' | 'writes' | 'prefix' | 'all' | 'nothing';

/**
 * A disk with a volatile cache for tests of the device, independent of the simulator's: the durable image, the
 * visible image, and the writes between the two. Completions come in any order; a flush covers what had
 * completed when it began; a power loss keeps, block by block, the durable value or that of any later write.
 */
export class CrashDisk {
  readonly pbs: 512 | 4096;
  readonly discardMode: DiscardMode;
  readonly hasCache: boolean;
  sizeLb: number;
  durable: Uint8Array;
  visible: Uint8Array;
  /** Completion order of the write that made each block durable. */
  readonly #durableSeq: number[] = [];
  #inFlight: PendingWrite[] = [];
  #cached: PendingWrite[] = [];
  #nextSeq = 1;
  readonly random: RandomStream;
  maxLatencyUs = 200;
  /** Asked when a call begins: an error to fail it with, with no effect, a part or all of it. */
  fault: (call: DiskCall) => { effect: 'none' | 'part' | 'whole' } | null = () => null;
  /** Told when a call begins. */
  onCall: (call: DiskCall) => void = () => {};
  /** Calls that are held back until this settles. */
  hold: (call: DiskCall) => Promise<void> | null = () => null;

  constructor(options: {
    sizeLb: number;
    pbs: 512 | 4096;
    random: RandomStream;
    discardMode?: DiscardMode;
    hasCache?: boolean;
    image?: Uint8Array;
  }) {
    this.pbs = options.pbs;
    this.sizeLb = options.sizeLb;
    this.random = options.random;
    this.discardMode = options.discardMode ?? 'none';
    this.hasCache = options.hasCache ?? true;
    this.durable = options.image?.slice() ?? new Uint8Array(options.sizeLb * LB);
    this.visible = this.durable.slice();
  }

  get unitLb(): number {
    return this.pbs / LB;
  }

  grow(sizeLb: number): void {
    for (const name of ['durable', 'visible'] as const) {
      const grown = new Uint8Array(sizeLb * LB);
      grown.set(this[name]);
      this[name] = grown;
    }
    this.sizeLb = sizeLb;
  }

  /** The disk as one life of a host's kernel sees it. */
  open(life: Life): BlockDevice {
    return {
      physicalBlockBytes: this.pbs,
      supportsFlush: this.hasCache,
      supportsDiscard: this.discardMode !== 'none',
      sizeLb: () => this.sizeLb,
      read: (addressLb, sizeLb, step) =>
        this.#call(life, { kind: 'read', step, addressLb, sizeLb, data: null, options: {} }, () =>
          this.#read(addressLb, sizeLb),
        ),
      write: (addressLb, data, step, options = {}) => this.#write(life, addressLb, data, step, options),
      flush: (step) => this.#flush(life, step),
      discard: (addressLb, sizeLb, step) => this.#discard(life, addressLb, sizeLb, step),
      close: () => {},
    };
  }

  /** The host's kernel died: calls in flight have any effect, the cache stays. */
  kernelCrash(): void {
    for (const write of this.#inFlight) {
      if (this.random.chance(0.5)) this.#complete(this.#partOf(write, this.random.chance(0.5)));
    }
    this.#inFlight = [];
  }

  /** The disk lost its power (and the kernel died): the cache is gone, but for what survived. */
  powerLoss(survival: Survival): void {
    const writes = [...this.#cached, ...this.random.shuffle(this.#inFlight)];
    const prefix = this.random.below(writes.length + 1);
    const image = this.durable.slice();
    for (const [i, write] of writes.entries()) {
      const keepsWhole =
        survival === 'all' ||
        (survival === 'prefix' && i < prefix) ||
        (survival === 'writes' && this.random.chance(0.5));
      let keeps = keepsWhole;
      for (let lb = 0; lb < write.data.length / LB; lb++) {
        if (lb % this.unitLb === 0) keeps = keepsWhole || (survival === 'blocks' && this.random.chance(0.5));
        const at = write.addressLb + lb;
        if (keeps && write.seq > this.#seqAt(at))
          image.set(write.data.subarray(lb * LB, (lb + 1) * LB), at * LB);
      }
    }
    this.durable = image;
    this.visible = image.slice();
    this.#cached = [];
    this.#inFlight = [];
  }

  #seqAt(lb: number): number {
    return this.#durableSeq[lb] ?? 0;
  }

  #call<T>(life: Life, call: DiskCall, effect: () => T): Promise<T> {
    if (!life.alive) return new Promise(() => {});
    if (call.addressLb + call.sizeLb > this.sizeLb) throw new Error(`beyond the disk: ${call.step}`);
    this.onCall(call);
    const failure = this.fault(call);
    return new Promise((resolve, reject) => {
      const act = () => {
        const latencyUs = 1 + this.random.below(this.maxLatencyUs);
        life.schedule(life.loop.nowUs + latencyUs, () => {
          if (failure === null) {
            resolve(effect());
            return;
          }
          if (failure.effect === 'whole') effect();
          reject(new IoError('EIO', `${call.step} failed`));
        });
      };
      const held = this.hold(call);
      if (held === null) act();
      else void held.then(act);
    });
  }

  #read(addressLb: number, sizeLb: number): Uint8Array {
    const result = this.visible.slice(addressLb * LB, (addressLb + sizeLb) * LB);
    // Blocks of writes in flight read as old or new.
    for (const write of this.#inFlight) {
      for (let lb = 0; lb < write.data.length / LB; lb += this.unitLb) {
        const at = write.addressLb + lb - addressLb;
        if (at < 0 || at >= sizeLb || this.random.chance(0.5)) continue;
        result.set(write.data.subarray(lb * LB, (lb + 1) * LB), at * LB);
      }
    }
    return result;
  }

  async #write(
    life: Life,
    addressLb: number,
    data: Uint8Array,
    step: string,
    options: WriteOptions,
  ): Promise<void> {
    if (data.length % LB !== 0 || data.length === 0)
      throw new Error(`bad write size ${data.length} at ${step}`);
    const call: DiskCall = { kind: 'write', step, addressLb, sizeLb: data.length / LB, data, options };
    const write: PendingWrite = { addressLb, data: data.slice(), seq: Number.POSITIVE_INFINITY };
    if (options.preflush === true) await this.#flushNow(life);
    if (life.alive) this.#inFlight.push(write);
    const finish = (done: PendingWrite) => {
      this.#inFlight = this.#inFlight.filter((other) => other !== write);
      this.#complete(done);
      if (options.fua === true) this.#makeDurable([done]);
    };
    try {
      await this.#call(life, call, () => finish(write));
    } catch (error) {
      if (this.#inFlight.includes(write)) {
        this.#inFlight = this.#inFlight.filter((other) => other !== write);
        if (this.random.chance(0.5)) this.#complete(this.#partOf(write, true));
      }
      throw error;
    }
    if (Buffer.compare(data, write.data) !== 0) throw new Error(`data changed during ${step}`);
  }

  #partOf(write: PendingWrite, isTorn: boolean): PendingWrite {
    if (!isTorn) return write;
    const units = write.data.length / (this.unitLb * LB);
    const from = this.random.below(units);
    const to = from + 1 + this.random.below(units - from);
    const bytes = this.unitLb * LB;
    return {
      addressLb: write.addressLb + from * this.unitLb,
      data: write.data.slice(from * bytes, to * bytes),
      seq: write.seq,
    };
  }

  #complete(write: PendingWrite): void {
    write.seq = this.#nextSeq++;
    this.visible.set(write.data, write.addressLb * LB);
    this.#cached.push(write);
    if (!this.hasCache) this.#makeDurable([write]);
  }

  async #flush(life: Life, step: string): Promise<void> {
    const covered = [...this.#cached];
    const call: DiskCall = { kind: 'flush', step, addressLb: 0, sizeLb: 0, data: null, options: {} };
    await this.#call(life, call, () => this.#makeDurable(covered));
  }

  /** The flush in front of a write is a part of it, not a call. */
  #flushNow(life: Life): Promise<void> {
    const covered = [...this.#cached];
    return new Promise((resolve) => {
      const latencyUs = 1 + this.random.below(this.maxLatencyUs);
      life.schedule(life.loop.nowUs + latencyUs, () => {
        this.#makeDurable(covered);
        resolve();
      });
    });
  }

  #makeDurable(writes: readonly PendingWrite[]): void {
    for (const write of writes) {
      for (let lb = 0; lb < write.data.length / LB; lb++) {
        const at = write.addressLb + lb;
        if (write.seq <= this.#seqAt(at)) continue;
        this.#durableSeq[at] = write.seq;
        this.durable.set(write.data.subarray(lb * LB, (lb + 1) * LB), at * LB);
      }
    }
    const done = new Set(writes);
    this.#cached = this.#cached.filter((write) => !done.has(write));
  }

  async #discard(life: Life, addressLb: number, sizeLb: number, step: string): Promise<void> {
    const call: DiskCall = { kind: 'discard', step, addressLb, sizeLb, data: null, options: {} };
    await this.#call(life, call, () => {
      if (this.discardMode === 'none') throw new IoError('EOPNOTSUPP', 'no discard');
      if (this.discardMode === 'keep') return;
      for (let lb = addressLb; lb < addressLb + sizeLb; lb++) {
        if (this.discardMode === 'mixed' && lb % 3 === 0) continue;
        this.#complete({ addressLb: lb, data: new Uint8Array(LB), seq: 0 });
      }
    });
  }
}
