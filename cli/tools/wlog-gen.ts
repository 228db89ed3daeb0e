import { WlogWriter } from '../../core/engine/wlog-writer.ts';
import { setU64, viewOf } from '../../core/format/binary.ts';
import { checksum } from '../../core/format/checksum.ts';
import { capacityPb, MAX_LOG_IO_LB, maxRecords } from '../../core/format/logpack.ts';
import { LogpackBuilder } from '../../core/format/logpack-builder.ts';
import { checkPhysicalBlockBytes, lbPerPb } from '../../core/format/physical-block.ts';
import { UUID_BYTES } from '../../core/format/uuid.ts';
import { wlogHeaderLine } from '../../core/format/wlog-text.ts';
import { KIB, type Lb, LOGICAL_BLOCK_BYTES, type Lsid, MIB, type Pb } from '../../core/units.ts';
import { KeyedRandom } from '../../sim/random.ts';
import { withOutput } from './files.ts';
import { flag, integer, type OptionValues, optionalInteger, text } from './options.ts';
import { defineTool, type ToolIo } from './tool.ts';

const OPTIONS = {
  deviceBytes: integer('s', 'BYTES', 'size of the device', 16 * MIB),
  minIoBytes: integer('-minIoSize', 'BYTES', 'smallest write', 512),
  maxIoBytes: integer('-maxIoSize', 'BYTES', 'largest write', 32 * KIB),
  minDiscardBytes: integer('-minDiscardSize', 'BYTES', 'smallest discard', 512),
  maxDiscardBytes: integer('-maxDiscardSize', 'BYTES', 'largest discard', 64 * MIB),
  pbs: integer('b', 'BYTES', 'physical block size', 512),
  maxPackBytes: integer('-maxPackSize', 'BYTES', 'largest pack, a single write apart', 16 * MIB),
  outputBytes: integer('z', 'BYTES', 'size of the log', MIB),
  beginLsid: integer('-lsid', 'LSID', 'lsid of the first pack', 0),
  noPadding: flag('-nopadding', 'no paddings'),
  noDiscard: flag('-nodiscard', 'no discards'),
  noAllZero: flag('-noallzero', 'no writes of zeros'),
  random: flag('-rand', 'random data instead of lsids'),
  seed: optionalInteger('-seed', 'N', 'the same wlog for the same options and seed', { max: 0xffff_ffff }),
  output: text('o', 'PATH', 'wlog, - for standard output', '-'),
  verbose: flag('v', 'print progress to standard error'),
  debug: flag('debug', 'accepted and ignored'),
};

/** Of a hundred records, how many are padding, and how many of the others up to here are discards. */
const PADDING_PERCENT = 10;
const DISCARD_PERCENT = 30;
const ZERO_PERCENT = 10;
const MAX_DISCARD_LB = 0xffff_ffff;

/** Where random values come from. */
interface Draw {
  below(bound: number): number;
  bytes(sizeBytes: number): Uint8Array;
}

function drawOf(seed: number | null, { random }: ToolIo): Draw {
  if (seed !== null) return new KeyedRandom(seed).at('wlog-gen');
  return {
    below: (bound) => random.below('wlog-gen', bound),
    bytes: (sizeBytes) => random.bytes('wlog-gen', sizeBytes),
  };
}

/** Sizes in blocks. */
interface Plan {
  readonly pbs: number;
  readonly deviceLb: Lb;
  readonly ioLb: readonly [min: Lb, max: Lb];
  readonly discardLb: readonly [min: Lb, max: Lb];
  readonly maxPackPb: Pb;
  readonly outputPb: Pb;
}

/** Throws for sizes that no log can have. */
function planOf(values: OptionValues<typeof OPTIONS>): Plan {
  const { pbs } = values;
  checkPhysicalBlockBytes(pbs);
  const lb = (bytes: number) => Math.floor(bytes / LOGICAL_BLOCK_BYTES);
  const plan: Plan = {
    pbs,
    deviceLb: lb(values.deviceBytes),
    ioLb: [lb(values.minIoBytes), lb(values.maxIoBytes)],
    discardLb: [lb(values.minDiscardBytes), lb(values.maxDiscardBytes)],
    maxPackPb: Math.floor(values.maxPackBytes / pbs),
    outputPb: Math.floor(values.outputBytes / pbs),
  };
  for (const [what, [min, max], limit] of [
    ['write', plan.ioLb, MAX_LOG_IO_LB],
    ['discard', plan.discardLb, MAX_DISCARD_LB],
  ] as const) {
    if (min < 1 || min > max || max > limit) {
      throw new Error(
        `the sizes of a ${what} must be 1 to ${limit} blocks, the smallest first: ${min} ${max}`,
      );
    }
  }
  if (plan.deviceLb < 1) throw new Error('the device must have at least one block');
  if (!Number.isSafeInteger(values.beginLsid + plan.outputPb))
    throw new Error('the lsids must stay below 2^53');
  return plan;
}

/** Makes one pack after the other. */
class Generator {
  readonly #plan: Plan;
  readonly #values: OptionValues<typeof OPTIONS>;
  readonly #draw: Draw;
  readonly #salt: number;

  constructor(plan: Plan, values: OptionValues<typeof OPTIONS>, draw: Draw, salt: number) {
    this.#plan = plan;
    this.#values = values;
    this.#draw = draw;
    this.#salt = salt;
  }

  /** A pack at `lsid` and its data. */
  pack(lsid: Lsid): { builder: LogpackBuilder; data: Uint8Array[] } {
    const builder = new LogpackBuilder(this.#plan.pbs, lsid);
    const data: Uint8Array[] = [];
    const count = 1 + this.#draw.below(maxRecords(this.#plan.pbs));
    while (builder.recordCount < count && this.#addRecord(builder, data));
    return { builder, data };
  }

  /** False when the record was refused and the pack is done. */
  #addRecord(builder: LogpackBuilder, data: Uint8Array[]): boolean {
    const { pbs, ioLb, discardLb, deviceLb, maxPackPb } = this.#plan;
    const roll = this.#draw.below(100);
    if (roll >= PADDING_PERCENT && roll < DISCARD_PERCENT && !this.#values.noDiscard) {
      const offsetLb = this.#draw.below(deviceLb);
      return builder.addDiscard(offsetLb, Math.min(this.#size(discardLb), deviceLb - offsetLb));
    }
    const isPadding = roll < PADDING_PERCENT && !this.#values.noPadding;
    const offsetLb = isPadding ? 0 : this.#draw.below(deviceLb);
    const wantedLb = isPadding && this.#draw.below(2) === 0 ? 0 : this.#size(ioLb);
    const sizeLb = isPadding
      ? Math.floor(wantedLb / lbPerPb(pbs)) * lbPerPb(pbs)
      : Math.min(wantedLb, deviceLb - offsetLb);
    const sizePb = capacityPb(sizeLb, pbs);
    if (builder.totalIoSizePb > 0 && 1 + builder.totalIoSizePb + sizePb > maxPackPb) return false;
    const bytes = isPadding ? new Uint8Array(sizePb * pbs) : this.#data(builder.cursorLsid, sizeLb);
    const isAdded = isPadding
      ? builder.addPadding(sizeLb)
      : builder.addNormal(
          offsetLb,
          sizeLb,
          checksum(bytes.subarray(0, sizeLb * LOGICAL_BLOCK_BYTES), this.#salt),
        );
    if (isAdded) data.push(bytes);
    return isAdded;
  }

  #size([min, max]: readonly [min: Lb, max: Lb]): Lb {
    return min + this.#draw.below(max - min);
  }

  /** Whole physical blocks: each begins with its lsid, or all is random, or all is zero. */
  #data(lsid: Lsid, sizeLb: Lb): Uint8Array {
    const { pbs } = this.#plan;
    const sizeBytes = capacityPb(sizeLb, pbs) * pbs;
    if (!this.#values.noAllZero && this.#draw.below(100) < ZERO_PERCENT) return new Uint8Array(sizeBytes);
    if (this.#values.random) return this.#draw.bytes(sizeBytes);
    const bytes = new Uint8Array(sizeBytes);
    for (let at = 0, next = lsid; at < sizeBytes; at += pbs) setU64(viewOf(bytes), at, next++, 'the lsid');
    return bytes;
  }
}

export const wlogGen = defineTool({
  name: 'wlog-gen',
  summary: 'makes a wlog of random writes, discards and paddings',
  examples: ['wlog-gen -s 4M -z 256K --seed 1 -o a.wlog', 'wlog-gen -b 4096 --rand --nopadding | wlog-show'],
  options: OPTIONS,
  async body(values, { io, err }) {
    const plan = planOf(values);
    const { pbs, outputPb } = plan;
    const draw = drawOf(values.seed, io);
    const uuid = draw.bytes(UUID_BYTES).slice();
    const salt = draw.below(0x1_0000_0000);
    const header = { physicalBlockBytes: pbs, salt, uuid, beginLsid: values.beginLsid, endLsid: null };
    const generator = new Generator(plan, values, draw, salt);
    await withOutput(values.output, io, async (sink) => {
      if (values.verbose) err.line(wlogHeaderLine(header));
      const writer = await WlogWriter.open(sink, header);
      let packCount = 0;
      io.progress.expect(outputPb * pbs);
      for (; writer.lsid - header.beginLsid < outputPb; packCount++) {
        const { builder, data } = generator.pack(writer.lsid);
        const { lsid } = writer;
        await writer.writePack(builder.header(), data);
        io.progress.add((writer.lsid - lsid) * pbs);
        if (values.verbose) err.text('.');
      }
      await writer.close();
      if (!values.verbose) return;
      err.lines(['', `nPack: ${packCount}`, `written ${writer.lsid - header.beginLsid} physical blocks`]);
    });
    return 0;
  },
});
