import { FormatError, TimeoutError } from '../errors.ts';
import { sleep } from '../server/shared/condition.ts';
import { type Lb, LOGICAL_BLOCK_BYTES, MIB, US_PER_S } from '../units.ts';
import type { Clock, LsidSet } from '../world/index.ts';

/** How a device is started; a value that is 0 or missing is the driver's default. */
export interface CreateWdevOptions {
  /** Largest pack in KiB. */
  readonly maxLogpackKb?: number;
  /** Data that may wait to be written, MiB, and below which the queue goes on. */
  readonly maxPendingMb?: number;
  readonly minPendingMb?: number;
  readonly queueStopTimeoutMs?: number;
  readonly logFlushIntervalMb?: number;
  readonly logFlushIntervalMs?: number;
  readonly packBulk?: number;
  readonly ioBulk?: number;
}

/**
 * The walb devices of a storage host, for who sets them up: what the program `wdevc` does, and what sysfs shows
 * (docs/operations.md, "Walb devices"). Devices are named by paths. Throws NotFoundError and IoError.
 */
export interface WdevControl {
  exists(path: string): Promise<boolean>;
  formatLdev(ldev: string, ddev: string, doDiscard: boolean): Promise<void>;
  create(ldev: string, ddev: string, name: string, options: CreateWdevOptions): Promise<void>;
  delete(path: string): Promise<void>;
  /** The data device must have been grown before. */
  resize(path: string, sizeLb: Lb): Promise<void>;
  resetWal(path: string): Promise<void>;
  sizeLb(path: string): Promise<Lb>;
  logSizeLb(path: string): Promise<Lb>;
  lsids(path: string): Promise<LsidSet>;
  /** The program `wdevc` with its words; returns the lines that it prints. Throws FormatError for words that it does not know. */
  wdevc(words: readonly string[]): Promise<string[]>;
}

const POLL_INTERVAL_US = 0.3 * US_PER_S;
const LB_PER_MIB = MIB / LOGICAL_BLOCK_BYTES;

/** One walb device: its name, and the two devices that it is made of. */
export class WalbDevice {
  readonly name: string;
  readonly ldev: string;
  readonly ddev: string;
  readonly #control: WdevControl;
  readonly #clock: Clock;

  constructor(name: string, ldev: string, ddev: string, control: WdevControl, clock: Clock) {
    this.name = name;
    this.ldev = ldev;
    this.ddev = ddev;
    this.#control = control;
    this.#clock = clock;
  }

  /** `/dev/walb/NAME` */
  get path(): string {
    return `/dev/walb/${this.name}`;
  }

  /** Runs `wdevc` with words; returns the lines that it prints. */
  runWdevc(words: readonly string[]): Promise<string[]> {
    return this.#control.wdevc(words);
  }

  exists(): Promise<boolean> {
    return this.#control.exists(this.path);
  }

  /** Makes an empty log. `doDiscard`: tell the log device that nothing on it is needed. */
  formatLdev(doDiscard = true): Promise<void> {
    return this.#control.formatLdev(this.ldev, this.ddev, doDiscard);
  }

  create(options: CreateWdevOptions = {}): Promise<void> {
    return this.#control.create(this.ldev, this.ddev, this.name, options);
  }

  delete(): Promise<void> {
    return this.#control.delete(this.path);
  }

  /** Throws FormatError unless the size is a whole number of MiB, at least 1. */
  async resize(newSizeMb: number): Promise<void> {
    if (!Number.isSafeInteger(newSizeMb) || newSizeMb < 1) {
      throw new FormatError(`a size of at least 1 MiB is expected, got ${newSizeMb}`);
    }
    await this.#control.resize(this.path, newSizeMb * LB_PER_MIB);
  }

  /** Drops all log: the cure of an overflow. What was not sent is lost to the archives. */
  reset(): Promise<void> {
    return this.#control.resetWal(this.path);
  }

  getSizeLb(): Promise<Lb> {
    return this.#control.sizeLb(this.path);
  }

  /** Throws FormatError when the size is no multiple of 1 MiB. */
  async getSizeMb(): Promise<number> {
    const sizeLb = await this.getSizeLb();
    if (sizeLb % LB_PER_MIB !== 0) throw new FormatError(`get_size_mb: not multiple of MiB.:${sizeLb}`);
    return sizeLb / LB_PER_MIB;
  }

  getLogSizeLb(): Promise<Lb> {
    return this.#control.logSizeLb(this.path);
  }

  /** Waits until nothing is in the log any more. Throws TimeoutError. */
  async waitForLogEmpty(timeoutS: number): Promise<void> {
    const deadlineUs = this.#clock.monotonicUs() + timeoutS * US_PER_S;
    while (this.#clock.monotonicUs() < deadlineUs) {
      const { completed, oldest } = await this.#control.lsids(this.path);
      if (completed === oldest) return;
      await sleep(this.#clock, POLL_INTERVAL_US);
    }
    throw new TimeoutError(`wait_for_log_empty:${this.path}`);
  }
}
