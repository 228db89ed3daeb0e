import type { ByteSource } from '../../core/engine/byte-stream.ts';
import { placedError } from '../../core/engine/placed-error.ts';
import { FormatError } from '../../core/errors.ts';
import { type Lb, LOGICAL_BLOCK_BYTES, MIB } from '../../core/units.ts';
import type { BlockDevice, Step } from '../../core/world/index.ts';
import { type Input, inputError } from './files.ts';

const READ_BYTES = MIB;

/** The blocks of a device from `beginLb` up to `endLb`, one after the other. */
export function deviceSource(device: BlockDevice, beginLb: Lb, endLb: Lb, step: Step): ByteSource {
  let at = beginLb;
  return {
    async read(maxBytes) {
      if (at >= endLb) return null;
      const wantedLb = Math.max(1, Math.floor(Math.min(maxBytes, READ_BYTES) / LOGICAL_BLOCK_BYTES));
      const sizeLb = Math.min(wantedLb, endLb - at);
      at += sizeLb;
      return await device.read(at - sizeLb, sizeLb, step);
    },
  };
}

/** At most the first `sizeBytes` of a source. */
export function limitedSource(source: ByteSource, sizeBytes: number): ByteSource {
  let left = sizeBytes;
  return {
    async read(maxBytes) {
      if (left === 0) return null;
      const bytes = await source.read(Math.min(maxBytes, left));
      left -= bytes?.length ?? 0;
      return bytes;
    },
  };
}

/** The inputs one after the other, as one source; `placed` says of an error of its reader which of them it is in. */
export function joinedInputs(inputs: readonly Input[]): {
  readonly source: ByteSource;
  readonly placed: (error: unknown) => unknown;
} {
  /** Where in the source each input begins that was reached. */
  const begins = [0];
  let readBytes = 0;
  const source: ByteSource = {
    async read(maxBytes) {
      for (;;) {
        const bytes = await inputs[begins.length - 1].source.read(maxBytes);
        readBytes += bytes?.length ?? 0;
        if (bytes !== null || begins.length === inputs.length) return bytes;
        begins.push(readBytes);
      }
    },
  };
  return {
    source,
    placed(error) {
      if (!(error instanceof FormatError)) return error;
      const index = begins.filter((begin) => begin <= error.offset).length - 1;
      return inputError(placedError(error, -begins[index]), inputs[index].name);
    },
  };
}
