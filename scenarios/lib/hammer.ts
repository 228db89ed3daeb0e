import type { Group } from '../../core/control/group.ts';
import type { Lb } from '../../core/units.ts';
import { LOGICAL_BLOCK_BYTES } from '../../core/units.ts';
import type { RandomStream } from '../../sim/random.ts';
import type { RecordedDevice } from './recorded-device.ts';

export interface HammerOptions {
  readonly group: Group;
  readonly device: RecordedDevice;
  readonly random: RandomStream;
  /** Writers, and half as many readers, at a time. */
  readonly writerCount: number;
  readonly maxIoLb: Lb;
  /** Nothing is written any more after so much: the log has to hold it. */
  readonly maxWrittenLb: Lb;
  /** Mean pause of each. */
  readonly pauseS: number;
}

/** What is known of one block: its content, or null while writes that overlap make it uncertain. */
interface Block {
  content: Uint8Array | null;
  /** Operations on it that are not answered. */
  busyCount: number;
  /** Grows with each operation. */
  version: number;
}

/**
 * Many writers and readers on a few blocks, all overlapping, until the device fails or `stop`. Each read of a
 * block that nobody is writing meanwhile must show what was written there last.
 */
export class Hammer {
  readonly #options: HammerOptions;
  readonly #blocks: Block[];
  #isOver = false;
  #writtenLb: Lb = 0;
  #running: Promise<unknown> = Promise.resolve();
  /** The first read that showed something else. */
  wrong: string | null = null;
  /** Blocks whose content a read confirmed. */
  confirmedCount = 0;

  constructor(options: HammerOptions) {
    this.#options = options;
    this.#blocks = Array.from({ length: options.device.device.sizeLb() }, () => {
      return { content: null, busyCount: 0, version: 0 };
    });
  }

  start(): void {
    const { writerCount, random } = this.#options;
    const repeat = async (act: () => Promise<void>) => {
      while (!this.#isOver) {
        try {
          await act();
        } catch {
          // The device is gone; nothing is known of what was under way.
          this.#isOver = true;
        }
        await this.#pause();
      }
    };
    const writers = Array.from({ length: writerCount }, () => repeat(() => this.#write()));
    const readers = Array.from({ length: Math.ceil(writerCount / 2) }, () => repeat(() => this.#read()));
    const flusher = repeat(async () => {
      if (random.chance(0.2)) await this.#options.device.flush();
    });
    this.#running = Promise.all([...writers, ...readers, flusher]);
  }

  /** Ends, and waits for what is under way. */
  async stop(): Promise<void> {
    this.#isOver = true;
    await this.#running;
  }

  #pause(): Promise<void> {
    const { group, random, pauseS } = this.#options;
    return group.clock.sleep(random.exponential(0, pauseS));
  }

  #range(): { addressLb: Lb; sizeLb: Lb; blocks: Block[] } {
    const { random, maxIoLb } = this.#options;
    const sizeLb = random.between(1, maxIoLb);
    const addressLb = random.between(0, this.#blocks.length - sizeLb);
    return { addressLb, sizeLb, blocks: this.#blocks.slice(addressLb, addressLb + sizeLb) };
  }

  async #write(): Promise<void> {
    const { device, random, maxWrittenLb } = this.#options;
    if (this.#writtenLb > maxWrittenLb) return;
    const { addressLb, sizeLb, blocks } = this.#range();
    this.#writtenLb += sizeLb + 1;
    const isDiscard = random.chance(0.1);
    const data = isDiscard ? null : random.bytes(sizeLb * LOGICAL_BLOCK_BYTES);
    const isAlone = blocks.map(({ busyCount }) => busyCount === 0);
    const versions = blocks.map((block) => {
      block.busyCount += 1;
      block.version += 1;
      block.content = null;
      return block.version;
    });
    await (data === null ? device.discard(addressLb, sizeLb) : device.write(addressLb, data));
    blocks.forEach((block, i) => {
      block.busyCount -= 1;
      // What a discarded block holds is nobody's business before it is written again.
      if (data === null || isAlone[i] !== true || block.version !== versions[i]) return;
      block.content = data.subarray(i * LOGICAL_BLOCK_BYTES, (i + 1) * LOGICAL_BLOCK_BYTES);
    });
  }

  async #read(): Promise<void> {
    const { addressLb, sizeLb, blocks } = this.#range();
    const before = blocks.map(({ content, version }) => ({ content, version }));
    const found = await this.#options.device.device.read(addressLb, sizeLb);
    blocks.forEach(({ version }, i) => {
      const expected = before[i];
      if (expected?.content === null || expected === undefined || expected.version !== version) return;
      const own = found.subarray(i * LOGICAL_BLOCK_BYTES, (i + 1) * LOGICAL_BLOCK_BYTES);
      this.confirmedCount += 1;
      if (Buffer.compare(own, expected.content) !== 0) this.wrong ??= `block ${addressLb + i}`;
    });
  }
}
