import { applyIos, type DiscardMode } from '../../core/engine/apply.ts';
import type { PlainIo } from '../../core/engine/plain-io.ts';
import { openFileDevice } from '../../native/file-device.ts';
import { checkApart, withInput } from './files.ts';
import { argument, flag, text } from './options.ts';
import type { Printer } from './printer.ts';
import { defineTool } from './tool.ts';
import { openWdiffInputs } from './wdiff-inputs.ts';

const STEPS = { write: 'wdiff-redo.write', discard: 'wdiff-redo.discard', flush: 'wdiff-redo.flush' };

const KIND_WORDS = { normal: 'Normal', discard: 'Discard', zero: 'Allzero' } as const;

/** Counts of IOs by kind, and blocks of all. */
interface IoCounts {
  normal: number;
  discard: number;
  zero: number;
  blocks: number;
}

function count(counts: IoCounts, io: PlainIo): void {
  counts[io.kind]++;
  counts.blocks += io.sizeLb;
}

function printCounts(out: Printer, title: string, { normal, discard, zero, blocks }: IoCounts): void {
  out.lines([
    `${title} statistics:`,
    `nIoTotal:     ${normal + discard + zero}`,
    `  nIoNormal:  ${normal}`,
    `  nIoDiscard: ${discard}`,
    `  nIoAllZero: ${zero}`,
    `nBlocks:      ${blocks}`,
  ]);
}

export const wdiffRedo = defineTool({
  name: 'wdiff-redo',
  summary: 'writes a wdiff to a device or image file',
  notes: [
    'Discards are left out, unless -d or -z is given. IOs that end behind the device are reported and left out,\nand make the exit status 1. Everything is durable at the end.',
  ],
  examples: ['wdiff-redo -i a.wdiff disk.img', 'wdiff-redo -z disk.img < a.wdiff'],
  options: {
    input: text('i', 'PATH', 'wdiff, - for standard input', '-'),
    discard: flag('d', 'discard what was discarded'),
    zero: flag('z', 'write zeros where it was discarded'),
    verbose: flag('v', 'accepted and ignored'),
    debug: flag('debug', 'accepted and ignored'),
    device: argument('DEVICE', 'block device or image file'),
  },
  async body(values, { io, out }) {
    const mode: DiscardMode = values.discard ? 'passdown' : values.zero ? 'zero' : 'ignore';
    await checkApart([values.input], values.device);
    const pool = await io.codecs();
    const device = await openFileDevice(values.device, { writable: true, direct: true });
    const read: IoCounts = { normal: 0, discard: 0, zero: 0, blocks: 0 };
    const written: IoCounts = { normal: 0, discard: 0, zero: 0, blocks: 0 };
    let clippedCount = 0;
    try {
      await withInput(values.input, io, async (input) => {
        const [wdiff] = await openWdiffInputs([input], pool);
        await applyIos(wdiff, device, STEPS, {
          discard: mode,
          outOfRange: 'skip',
          onIo(wdiffIo, applied) {
            const { addressLb, sizeLb, kind } = wdiffIo;
            count(read, wdiffIo);
            if (applied) count(written, wdiffIo);
            else out.line(`Failed to redo: ${addressLb} ${sizeLb} ${KIND_WORDS[kind]}`);
            if (addressLb + sizeLb > device.sizeLb()) clippedCount++;
          },
        });
      });
    } finally {
      device.close();
    }
    printCounts(out, 'Input', read);
    printCounts(out, 'Output', written);
    return clippedCount === 0 ? 0 : 1;
  },
});
