import type { Group } from '../../core/control/group.ts';
import type { Lb } from '../../core/units.ts';
import { LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import type { RandomStream } from '../../sim/random.ts';
import type { RecordedDevice } from './recorded-device.ts';

/** How an application writes at random. */
export interface RandomLoadOptions {
  /** The part of the device that is written. */
  readonly beginLb: Lb;
  readonly endLb: Lb;
  readonly maxIoLb: Lb;
  /** Mean time between two operations. */
  readonly intervalS: number;
}

/**
 * An application that writes at random while it runs: mostly writes of random data, some of zeros, some
 * discards, now and then a flush. Several are in flight at a time.
 */
export class RandomLoad {
  readonly #group: Group;
  readonly #device: RecordedDevice;
  readonly #random: RandomStream;
  readonly #inFlight = new Set<Promise<void>>();
  #options: RandomLoadOptions;
  #running: Promise<void> | null = null;
  #stopping = false;
  #error: unknown = null;

  constructor(group: Group, device: RecordedDevice, random: RandomStream, options: RandomLoadOptions) {
    this.#group = group;
    this.#device = device;
    this.#random = random;
    this.#options = options;
  }

  /** Uses another part of the device from now on. */
  setEnd(endLb: Lb): void {
    this.#options = { ...this.#options, endLb };
  }

  start(): void {
    this.#stopping = false;
    this.#running = this.#run();
  }

  /** Stops and waits for what is in flight. Throws what an operation threw. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.#running;
    await Promise.all(this.#inFlight);
    if (this.#error !== null) throw this.#error;
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      await this.#group.clock.sleep(this.#random.exponential(0, this.#options.intervalS));
      const operation = this.#one().catch((error: unknown) => {
        this.#error ??= error;
      });
      this.#inFlight.add(operation);
      void operation.finally(() => this.#inFlight.delete(operation));
    }
  }

  #one(): Promise<void> {
    const { beginLb, endLb, maxIoLb } = this.#options;
    const random = this.#random;
    if (random.chance(0.05)) return this.#device.flush();
    const sizeLb = random.between(1, maxIoLb);
    const addressLb = random.between(beginLb, endLb - sizeLb);
    if (random.chance(0.1)) return this.#device.discard(addressLb, sizeLb);
    const sizeBytes = sizeLb * LOGICAL_BLOCK_BYTES;
    const data = random.chance(0.1) ? new Uint8Array(sizeBytes) : random.bytes(sizeBytes);
    return this.#device.write(addressLb, data);
  }
}

/** Writes the blocks in which one image differs from another, in order, in IOs of at most `maxIoLb`. */
export async function writeDifferences(
  device: RecordedDevice,
  from: Uint8Array,
  to: Uint8Array,
  maxIoLb: Lb,
): Promise<Lb> {
  const sizeLb = to.length / LOGICAL_BLOCK_BYTES;
  let writtenLb = 0;
  for (let begin = 0; begin < sizeLb; ) {
    if (isEqualBlock(from, to, begin)) {
      begin += 1;
      continue;
    }
    let end = begin + 1;
    while (end < sizeLb && end - begin < maxIoLb && !isEqualBlock(from, to, end)) end += 1;
    await device.write(begin, to.subarray(begin * LOGICAL_BLOCK_BYTES, end * LOGICAL_BLOCK_BYTES));
    writtenLb += end - begin;
    begin = end;
  }
  return writtenLb;
}

function isEqualBlock(a: Uint8Array, b: Uint8Array, block: Lb): boolean {
  const begin = block * LOGICAL_BLOCK_BYTES;
  for (let i = begin; i < begin + LOGICAL_BLOCK_BYTES; i++) if ((a[i] ?? 0) !== b[i]) return false;
  return true;
}
