import type { ByteSource } from '../../core/engine/byte-stream.ts';
import { type Lb, LOGICAL_BLOCK_BYTES, MIB } from '../../core/units.ts';
import type { BlockDevice, Step } from '../../core/world/index.ts';

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

/** The sources one after the other, as one. */
export function concatenatedSource(sources: readonly ByteSource[]): ByteSource {
  let index = 0;
  return {
    async read(maxBytes) {
      for (; index < sources.length; index++) {
        const bytes = await sources[index].read(maxBytes);
        if (bytes !== null) return bytes;
      }
      return null;
    },
  };
}
