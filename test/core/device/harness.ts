import type { WalbDeviceOptions } from '../../../core/device/index.ts';
import {
  DEFAULT_START_PARAMS,
  formatLdev,
  openWalbDevice,
  type StartParams,
  type WalbDevice,
} from '../../../core/device/index.ts';
import type { Clock, Log, Random } from '../../../core/world/index.ts';
import { EventLoop } from '../../../sim/event-loop.ts';
import { KeyedRandom } from '../../../sim/random.ts';
import { CrashDisk, type DiscardMode, Life, type Survival } from './crash-disk.ts';

export const STEP = 'test';
export const LB = 512;

export interface RigOptions {
  readonly seed?: number;
  readonly pbs?: 512 | 4096;
  /** Ring size in physical blocks. */
  readonly ringPb?: number;
  readonly sizeLb?: number;
  /** Data device; at least `sizeLb`. */
  readonly ddevSizeLb?: number;
  readonly discardMode?: DiscardMode;
  readonly hasCache?: boolean;
  readonly params?: Partial<StartParams>;
  readonly device?: Partial<WalbDeviceOptions>;
  readonly ldevImage?: Uint8Array;
}

/** Two disks and the lives of a kernel over them, in virtual time. */
export class Rig {
  readonly loop: EventLoop;
  readonly random: KeyedRandom;
  readonly options: RigOptions;
  readonly ldev: CrashDisk;
  readonly ddev: CrashDisk;
  readonly logLines: string[] = [];
  life: Life;
  #lives = 0;

  constructor(options: RigOptions = {}) {
    this.options = options;
    const seed = options.seed ?? 1;
    this.random = new KeyedRandom(seed);
    this.loop = new EventLoop(() => new Promise((resolve) => setImmediate(resolve)), seed);
    const pbs = options.pbs ?? 512;
    const reservedPb = 4096 / pbs + 2;
    const ldevSizeLb = options.ldevImage
      ? options.ldevImage.length / LB
      : ((options.ringPb ?? 118) + reservedPb) * (pbs / LB);
    const sizeLb = options.sizeLb ?? 256;
    const common = { pbs, hasCache: options.hasCache ?? true };
    const image = options.ldevImage ? { image: options.ldevImage } : {};
    this.ldev = new CrashDisk({ ...common, ...image, sizeLb: ldevSizeLb, random: this.random.at('ldev') });
    this.ddev = new CrashDisk({
      ...common,
      sizeLb: options.ddevSizeLb ?? sizeLb,
      random: this.random.at('ddev'),
      discardMode: options.discardMode ?? 'zero',
    });
    this.life = this.#newLife();
  }

  #newLife(): Life {
    this.#lives += 1;
    return new Life(this.loop);
  }

  get clock(): Clock {
    const life = this.life;
    return {
      monotonicUs: () => this.loop.nowUs,
      wallTimeS: () => 1_700_000_000,
      startTimer: (dueUs, onDue) => life.schedule(dueUs, onDue),
    };
  }

  get worldRandom(): Random {
    const stream = this.random.at('device', this.#lives);
    return { bytes: (_purpose, size) => stream.bytes(size), below: (_purpose, bound) => stream.below(bound) };
  }

  get log(): Log {
    const add = (message: string) => void this.logLines.push(message);
    return { error: add, warning: add, info: add, debug: add };
  }

  /** Runs virtual time until the promise settles. */
  async run<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const done = () => {
      settled = true;
    };
    promise.then(done, done);
    await this.loop.runUntil(
      () => settled,
      () => 'the rig waits for a promise',
    );
    return promise;
  }

  /** Runs virtual time for so long. */
  async sleep(us: number): Promise<void> {
    let due = false;
    this.loop.schedule(this.loop.nowUs + us, () => {
      due = true;
    });
    await this.loop.runUntil(
      () => due,
      () => 'asleep',
    );
  }

  async format(name = 'vol0'): Promise<void> {
    const sizeLb = this.options.sizeLb ?? 256;
    const ddev = { ...this.ddev.open(this.life), sizeLb: () => sizeLb };
    await this.run(formatLdev({ ldev: this.ldev.open(this.life), ddev, random: this.worldRandom, name }));
  }

  /** Starts to make the device; run it. */
  opening(extra: Partial<WalbDeviceOptions> = {}): Promise<WalbDevice> {
    return openWalbDevice({
      ldev: this.ldev.open(this.life),
      ddev: this.ddev.open(this.life),
      clock: this.clock,
      random: this.worldRandom,
      log: this.log,
      ...this.options.device,
      params: { ...DEFAULT_START_PARAMS, ...this.options.params },
      ...extra,
    });
  }

  open(extra: Partial<WalbDeviceOptions> = {}): Promise<WalbDevice> {
    return this.run(this.opening(extra));
  }

  /** Formats and opens. */
  async start(extra: Partial<WalbDeviceOptions> = {}): Promise<WalbDevice> {
    await this.format();
    return this.open(extra);
  }

  /** Ends this life of the kernel; disks given lose their power too. A new life begins. */
  crash(powerLoss: { ldev?: Survival; ddev?: Survival } = {}): void {
    this.life.kill();
    for (const name of ['ldev', 'ddev'] as const) {
      const survival = powerLoss[name];
      if (survival === undefined) this[name].kernelCrash();
      else this[name].powerLoss(survival);
    }
    this.life = this.#newLife();
  }
}

/** Data of `sizeLb` blocks, each naming the write and its place. */
export function tagged(tag: number, addressLb: number, sizeLb: number): Uint8Array {
  const data = new Uint8Array(sizeLb * LB);
  const view = new DataView(data.buffer);
  for (let i = 0; i < sizeLb; i++) {
    view.setUint32(i * LB, tag, true);
    view.setUint32(i * LB + 4, addressLb + i, true);
    for (let at = 8; at < LB; at += 4) view.setUint32(i * LB + at, (tag * 2654435761 + at) >>> 0, true);
  }
  return data;
}

const ZEROS = new Uint8Array(LB);

/** The tag of each block; 0 for zeros. Throws for a block that no write made. */
export function tagsOf(data: Uint8Array, addressLb: number): number[] {
  const tags: number[] = [];
  for (let i = 0; i < data.length / LB; i++) {
    const block = data.subarray(i * LB, (i + 1) * LB);
    const tag = new DataView(block.buffer, block.byteOffset).getUint32(0, true);
    const expected = tag === 0 ? ZEROS : tagged(tag, addressLb + i, 1);
    if (Buffer.compare(block, expected) !== 0) throw new Error(`block ${addressLb + i} is torn`);
    tags.push(tag);
  }
  return tags;
}

/** Unaligned-safe fill pattern for spoiling a caller's buffer after its write. */
export function spoil(data: Uint8Array): void {
  data.fill(0xdd);
}
