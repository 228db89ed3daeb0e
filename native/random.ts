import { randomBytes } from 'node:crypto';
import type { Random } from '../core/world/index.ts';

const TWO_POW_32 = 0x1_0000_0000;
const TWO_POW_53 = 2 ** 53;

/** 53 random bits. */
function draw(): number {
  const bytes = randomBytes(8);
  return (bytes.readUInt32LE(0) & 0x1f_ffff) * TWO_POW_32 + bytes.readUInt32LE(4);
}

/** The system's generator; purposes make no difference. */
export function nodeRandom(): Random {
  return {
    bytes: (_purpose, sizeBytes) => new Uint8Array(randomBytes(sizeBytes)),
    below(_purpose, bound) {
      if (!Number.isSafeInteger(bound) || bound <= 0)
        throw new RangeError(`a bound must be 1 to 2^53-1, got ${bound}`);
      // What lies above the last whole multiple of the bound would prefer small values.
      const limit = TWO_POW_53 - (TWO_POW_53 % bound);
      let value = draw();
      while (value >= limit) value = draw();
      return value % bound;
    },
  };
}
