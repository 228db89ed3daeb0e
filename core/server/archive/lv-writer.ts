import { DeviceWriter } from '../../engine/device-writer.ts';
import { FormatError } from '../../errors.ts';
import { type Lb, LOGICAL_BLOCK_BYTES } from '../../units.ts';
import type { BlockDevice, Step } from '../../world/index.ts';
import { alignedDevice } from './aligned-device.ts';

export interface LvWriterOptions {
  readonly writeStep: Step;
  readonly flushStep: Step;
  /** After so many bytes, written or passed over, everything is flushed. */
  readonly flushIntervalBytes: number;
  /** Called after each of those flushes: all below is durable. */
  readonly onFlushed?: (doneLb: Lb) => Promise<void>;
}

/**
 * Writes a volume from its beginning to its end, many writes at a time, and flushes now and then. The data belong
 * to the writer until the next flush. An error of any write comes out of a later call.
 */
export class LvWriter {
  readonly #device: BlockDevice;
  readonly #writer: DeviceWriter;
  readonly #options: LvWriterOptions;
  #sinceFlushBytes = 0;

  constructor(device: BlockDevice, options: LvWriterOptions) {
    const { writeStep, flushStep } = options;
    this.#device = device;
    this.#options = options;
    this.#writer = new DeviceWriter(alignedDevice(device), {
      write: writeStep,
      discard: writeStep,
      flush: flushStep,
    });
  }

  /** Throws FormatError `out of range` when the volume is smaller. */
  async write(addressLb: Lb, data: Uint8Array): Promise<void> {
    const sizeLb = data.length / LOGICAL_BLOCK_BYTES;
    this.#checkRange(addressLb, sizeLb);
    await this.#writer.write(addressLb, data);
    await this.#advance(addressLb + sizeLb, sizeLb);
  }

  async writeZeros(addressLb: Lb, sizeLb: Lb): Promise<void> {
    this.#checkRange(addressLb, sizeLb);
    await this.#writer.writeZeros(addressLb, sizeLb);
    await this.#advance(addressLb + sizeLb, sizeLb);
  }

  /** Leaves a range as it is. */
  async skip(addressLb: Lb, sizeLb: Lb): Promise<void> {
    await this.#advance(addressLb + sizeLb, sizeLb);
  }

  /** Makes everything durable. */
  async flush(): Promise<void> {
    await this.#writer.flush();
    this.#sinceFlushBytes = 0;
  }

  /** Waits for what is under way, whatever becomes of it, and closes the volume. */
  async close(): Promise<void> {
    await this.#writer.abandon();
    this.#device.close();
  }

  #checkRange(addressLb: Lb, sizeLb: Lb): void {
    const limitLb = this.#device.sizeLb();
    if (addressLb + sizeLb > limitLb) throw new FormatError(`out of range:${addressLb}:${sizeLb}:${limitLb}`);
  }

  async #advance(reachedLb: Lb, sizeLb: Lb): Promise<void> {
    this.#sinceFlushBytes += sizeLb * LOGICAL_BLOCK_BYTES;
    if (this.#sinceFlushBytes < this.#options.flushIntervalBytes) return;
    await this.flush();
    await this.#options.onFlushed?.(reachedLb);
  }
}
