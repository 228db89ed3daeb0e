import { IoError } from '../errors.ts';
import { type Lb, LOGICAL_BLOCK_BYTES, MIB } from '../units.ts';
import type { BlockDevice } from '../world/block-device.ts';
import type { Step } from '../world/step.ts';
import { NO_DATA } from './plain-io.ts';

/** The steps under which a device is written. */
export interface DeviceWriteSteps {
  readonly write: Step;
  readonly discard: Step;
  readonly flush: Step;
}

/** How much may be in flight to a device. */
export interface DeviceWriterOptions {
  /** Bytes of writes in flight at most, a single larger write apart. The default is 32 MiB. */
  readonly maxInFlightBytes?: number;
  /** Writes in flight at most. The default is 1024. */
  readonly maxInFlightWrites?: number;
}

/** Zeros are written in pieces of this size. */
const ZERO_PIECE_BYTES = 256 * 1024;
/** From here on a device that makes zeros itself is worth waiting for. */
const MIN_ZERO_OUT_BYTES = MIB;
/** Neighbouring data of one image are joined into writes of this size. */
const JOIN_BYTES = MIB;

interface InFlight {
  readonly beginLb: Lb;
  readonly endLb: Lb;
}

/**
 * Writes to a device with many writes in flight. Two that overlap are never in flight together, so they reach the
 * device in the order of calls; a discard waits for everything before it and is waited for. The first error of any
 * write is thrown by every later call. One call at a time.
 */
export class DeviceWriter {
  readonly #device: BlockDevice;
  readonly #steps: DeviceWriteSteps;
  readonly #maxBytes: number;
  readonly #maxWrites: number;
  readonly #inFlight = new Set<InFlight>();
  #inFlightBytes = 0;
  #failure: { readonly error: unknown } | null = null;
  /** Who waits for the next write to be done. */
  #waiters: (() => void)[] = [];
  /** A write that is held back because the next one may continue it. */
  #held: Uint8Array = NO_DATA;
  #heldLb: Lb = 0;
  #zeros: Uint8Array = NO_DATA;
  /** False once the device has said that it cannot. */
  #canZeroOut = true;

  constructor(device: BlockDevice, steps: DeviceWriteSteps, options: DeviceWriterOptions = {}) {
    this.#device = device;
    this.#steps = steps;
    this.#maxBytes = options.maxInFlightBytes ?? 32 * MIB;
    this.#maxWrites = options.maxInFlightWrites ?? 1024;
  }

  /** Begins to write; waits while too much is in flight. The data must stay unchanged until drained. */
  async write(addressLb: Lb, data: Uint8Array): Promise<void> {
    this.#throwFailure();
    const held = this.#held;
    const heldEndLb = this.#heldLb + held.length / LOGICAL_BLOCK_BYTES;
    // Pieces of one image lie next to each other in memory as well, and are one write without copying.
    const joins =
      held.length > 0 &&
      addressLb === heldEndLb &&
      data.buffer === held.buffer &&
      data.byteOffset === held.byteOffset + held.length &&
      held.length + data.length <= JOIN_BYTES;
    if (joins) {
      this.#held = new Uint8Array(held.buffer, held.byteOffset, held.length + data.length);
      return;
    }
    await this.#submitHeld();
    this.#held = data;
    this.#heldLb = addressLb;
  }

  /** Begins to write zeros; waits while too much is in flight, and for all of it where the device makes zeros itself. */
  async writeZeros(addressLb: Lb, sizeLb: Lb): Promise<void> {
    if (sizeLb * LOGICAL_BLOCK_BYTES >= MIN_ZERO_OUT_BYTES && (await this.#zeroOut(addressLb, sizeLb)))
      return;
    if (this.#zeros.length === 0) this.#zeros = new Uint8Array(ZERO_PIECE_BYTES);
    const pieceLb = ZERO_PIECE_BYTES / LOGICAL_BLOCK_BYTES;
    for (let at = 0; at < sizeLb; at += pieceLb) {
      const size = Math.min(pieceLb, sizeLb - at);
      await this.write(addressLb + at, this.#zeros.subarray(0, size * LOGICAL_BLOCK_BYTES));
    }
  }

  /** Waits for all writes and has the device make zeros; false when it cannot. */
  async #zeroOut(addressLb: Lb, sizeLb: Lb): Promise<boolean> {
    if (this.#device.zeroOut === undefined || !this.#canZeroOut) return false;
    await this.drain();
    try {
      await this.#device.zeroOut(addressLb, sizeLb, this.#steps.write);
    } catch (error) {
      if (!(error instanceof IoError) || error.code !== 'EOPNOTSUPP') throw error;
      this.#canZeroOut = false;
    }
    return this.#canZeroOut;
  }

  /** Waits for all writes, then discards. */
  async discard(addressLb: Lb, sizeLb: Lb): Promise<void> {
    await this.drain();
    await this.#device.discard(addressLb, sizeLb, this.#steps.discard);
  }

  /** Waits for all writes; throws what any of them threw. */
  async drain(): Promise<void> {
    this.#throwFailure();
    await this.#submitHeld();
    await this.#settled();
    this.#throwFailure();
  }

  /** Waits for all writes and makes them durable. */
  async flush(): Promise<void> {
    await this.drain();
    await this.#device.flush(this.#steps.flush);
  }

  /** Gives up: drops what is held back and waits until nothing is in flight. Never throws. */
  async abandon(): Promise<void> {
    this.#held = NO_DATA;
    await this.#settled();
  }

  async #submitHeld(): Promise<void> {
    const data = this.#held;
    const beginLb = this.#heldLb;
    if (data.length === 0) return;
    this.#held = NO_DATA;
    const endLb = beginLb + data.length / LOGICAL_BLOCK_BYTES;
    await this.#makeRoom(beginLb, endLb, data.length);
    const entry: InFlight = { beginLb, endLb };
    this.#inFlight.add(entry);
    this.#inFlightBytes += data.length;
    const done = (): void => {
      this.#inFlight.delete(entry);
      this.#inFlightBytes -= data.length;
      const waiters = this.#waiters;
      this.#waiters = [];
      for (const wake of waiters) wake();
    };
    this.#device.write(beginLb, data, this.#steps.write).then(done, (error: unknown) => {
      this.#failure ??= { error };
      done();
    });
  }

  /** Waits until a write of the range may be in flight. */
  async #makeRoom(beginLb: Lb, endLb: Lb, sizeBytes: number): Promise<void> {
    for (;;) {
      this.#throwFailure();
      if (this.#inFlight.size === 0) return;
      const full = this.#inFlight.size >= this.#maxWrites || this.#inFlightBytes + sizeBytes > this.#maxBytes;
      if (!full && !this.#overlaps(beginLb, endLb)) return;
      await this.#oneDone();
    }
  }

  #overlaps(beginLb: Lb, endLb: Lb): boolean {
    for (const other of this.#inFlight) {
      if (other.beginLb < endLb && beginLb < other.endLb) return true;
    }
    return false;
  }

  #oneDone(): Promise<void> {
    return new Promise((resolve) => this.#waiters.push(resolve));
  }

  async #settled(): Promise<void> {
    while (this.#inFlight.size > 0) await this.#oneDone();
  }

  #throwFailure(): void {
    if (this.#failure !== null) throw this.#failure.error;
  }
}
