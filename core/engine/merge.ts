import { FormatError } from '../errors.ts';
import { type Uuid, uuidEquals, uuidToText } from '../format/uuid.ts';
import { addWdiffStatistics, newWdiffStatistics, type WdiffStatistics } from '../format/wdiff-text.ts';
import { type Lb, LOGICAL_BLOCK_BYTES } from '../units.ts';
import type { CompressionType } from '../world/codec.ts';
import { DiffMemory } from './diff-memory.ts';
import { type PassedIo, READ_BATCH_BYTES } from './io-codec.ts';
import type { IoStream, PlainIo } from './plain-io.ts';
import { cutMergeIo, isStored, type MergeIo, passedThrough, plainIos } from './stored-io.ts';
import type { WdiffInput } from './wdiff-input.ts';

/** Largest IO of converters and merges unless asked otherwise: 1 MiB. */
export const DEFAULT_MAX_IO_LB = 2048;
/** First width of the window in which IOs are collected: 4 MiB. */
const INITIAL_SEARCH_LB = 8192;

/** How wdiffs are merged. */
export interface MergeOptions {
  /** IOs are cut to this size; 0 = never. The default is 2048. */
  readonly maxIoLb?: Lb;
  /** Whether all inputs must have one uuid. The default is not. */
  readonly sameUuid?: boolean;
}

/** IOs of one batch at most. */
const BATCH_IOS = 256;

function nextOf(input: WdiffInput): Promise<MergeIo | null> {
  return input.nextStored === undefined ? input.next() : input.nextStored();
}

/** One input and its next IO. */
interface Front {
  readonly input: WdiffInput;
  io: MergeIo;
}

/**
 * Merges wdiffs, oldest first, into one stream of IOs in which the newer win. Where IOs are cut depends on the inputs
 * and on the largest IO alone. Memory holds the IOs of one window of addresses. See docs/formats.md, "Merging".
 *
 * The rule: an input may hand in an IO only if it ends at or before the next unread IO of every older input. So of
 * two overlapping IOs the older always comes first, and the newer cuts it.
 */
export class WdiffMerger implements IoStream {
  /** Of the newest input. */
  readonly uuid: Uuid;
  readonly #inputs: readonly WdiffInput[];
  readonly #fronts: Front[];
  readonly #memory: DiffMemory<MergeIo>;
  readonly #statistics = newWdiffStatistics();
  #doneLb: Lb;
  #searchLb: Lb = INITIAL_SEARCH_LB;
  /** What `next` gives. */
  #plain: readonly PlainIo[] = [];
  #plainAt = 0;

  private constructor(
    inputs: readonly WdiffInput[],
    fronts: Front[],
    ended: readonly WdiffInput[],
    maxIoLb: Lb,
  ) {
    this.uuid = inputs[inputs.length - 1].uuid;
    this.#inputs = inputs;
    this.#fronts = fronts;
    this.#memory = DiffMemory.of(maxIoLb, cutMergeIo);
    for (const input of ended) addWdiffStatistics(this.#statistics, input.statistics);
    this.#doneLb = Math.min(Number.POSITIVE_INFINITY, ...fronts.map((front) => front.io.addressLb));
  }

  /** Reads the first IO of each input, oldest input first. Throws FormatError; RangeError without inputs. */
  static async open(inputs: readonly WdiffInput[], options: MergeOptions = {}): Promise<WdiffMerger> {
    if (inputs.length === 0) throw new RangeError('Wdiffs are not set.');
    const { uuid } = inputs[inputs.length - 1];
    const fronts: Front[] = [];
    const ended: WdiffInput[] = [];
    for (const input of inputs) {
      if (options.sameUuid === true && !uuidEquals(input.uuid, uuid)) {
        throw new FormatError(`uuid differ:${uuidToText(input.uuid)}:${uuidToText(uuid)}`);
      }
      const io = await nextOf(input);
      if (io === null) ended.push(input);
      else fronts.push({ input, io });
    }
    return new WdiffMerger(inputs, fronts, ended, options.maxIoLb ?? DEFAULT_MAX_IO_LB);
  }

  /** Sum over the inputs that were read to their end. */
  get inputStatistics(): WdiffStatistics {
    return { ...this.#statistics };
  }

  /** The largest window so far, as the tools report memory use. */
  get memoryUseBytes(): number {
    return this.#searchLb * LOGICAL_BLOCK_BYTES;
  }

  async next(): Promise<PlainIo | null> {
    if (this.#plainAt === this.#plain.length) {
      this.#plain = await plainIos(await this.#nextBatch(null));
      this.#plainAt = 0;
    }
    return this.#plain.length === 0 ? null : this.#plain[this.#plainAt++];
  }

  /**
   * The next IOs, for a writer that stores them with codec `wanted`: what survived whole and is stored so already is as
   * it was, all else is plain. None at the end. A stream is read by this or by `next`.
   */
  async nextStored(wanted: CompressionType): Promise<(PlainIo | PassedIo)[]> {
    const ios = await this.#nextBatch(wanted);
    const passed = ios.map((io) => passedThrough(io, wanted));
    const plain = await plainIos(ios.filter((_, i) => passed[i] === null));
    let at = 0;
    return passed.map((io) => io ?? plain[at++]);
  }

  /** Says that the data of IOs that end at or before `beforeLb` are not used any more: inputs may use their memory again. */
  forget(beforeLb: Lb): void {
    for (const input of this.#inputs) input.forget?.(beforeLb);
  }

  /** Merged IOs, about as many as are decompressed at once; none at the end. */
  async #nextBatch(wanted: CompressionType | null): Promise<MergeIo[]> {
    const batch: MergeIo[] = [];
    for (let bytes = 0; bytes < READ_BATCH_BYTES && batch.length < BATCH_IOS; ) {
      const io = batch.length === 0 ? await this.#nextMerged() : this.#memory.shiftUntil(this.#doneLb);
      if (io === null) break;
      batch.push(io);
      const isPassed = wanted !== null && passedThrough(io, wanted) !== null;
      if (isStored(io) && !isPassed) bytes += io.image.sizeLb * LOGICAL_BLOCK_BYTES;
    }
    return batch;
  }

  async #nextMerged(): Promise<MergeIo | null> {
    for (;;) {
      const io = this.#memory.shiftUntil(this.#doneLb);
      if (io !== null) return io;
      const moved = await this.#fill();
      if (this.#fronts.length === 0) {
        this.#doneLb = Number.POSITIVE_INFINITY;
        if (this.#memory.isEmpty) return null;
      } else if (moved === 0 && (await this.#fill()) === 0) {
        // The first pass has widened the window so that the second must get on.
        throw new Error('a merge pass must move at least one IO');
      }
    }
  }

  /** One pass over all inputs: collects what may be collected, moves `doneLb`, returns the number of IOs moved. */
  async #fill(): Promise<number> {
    if (this.#fronts.length === 0) return 0;
    const windowEndLb = this.#doneLb + this.#searchLb;
    let nextLb = Number.POSITIVE_INFINITY;
    // The leftmost cluster of overlapping IOs, whose length is a window wide enough to get on.
    let rangeBegin = this.#fronts[0].io.addressLb;
    let rangeEnd = rangeBegin + this.#fronts[0].io.sizeLb;
    let moved = 0;
    let kept = 0;
    for (let i = 0; i < this.#fronts.length; i++) {
      const front = this.#fronts[i];
      const curBegin = front.io.addressLb;
      let curEnd = curBegin + front.io.sizeLb;
      let ended = false;
      while (!ended && front.io.addressLb < windowEndLb && front.io.addressLb + front.io.sizeLb <= nextLb) {
        curEnd = front.io.addressLb + front.io.sizeLb;
        this.#memory.add(front.io);
        moved++;
        ended = !(await this.#advance(front));
      }
      if (curBegin < rangeEnd && rangeBegin < curEnd) {
        rangeBegin = Math.min(rangeBegin, curBegin);
        rangeEnd = Math.max(rangeEnd, curEnd);
      } else if (curEnd <= rangeBegin) {
        rangeBegin = curBegin;
        rangeEnd = curEnd;
      }
      if (ended) {
        addWdiffStatistics(this.#statistics, front.input.statistics);
      } else {
        nextLb = Math.min(nextLb, front.io.addressLb);
        this.#fronts[kept++] = front;
      }
    }
    this.#fronts.length = kept;
    this.#searchLb = Math.max(this.#searchLb, rangeEnd - rangeBegin);
    this.#doneLb = nextLb;
    return moved;
  }

  /** Loads the next IO of an input; false at its end. */
  async #advance(front: Front): Promise<boolean> {
    const io = await nextOf(front.input);
    if (io === null) return false;
    if (io.addressLb < front.io.addressLb + front.io.sizeLb) {
      throw new FormatError('Invalid wdiff: IOs must be sorted and not overlapped each other.');
    }
    front.io = io;
    return true;
  }
}
