import type { ByteSink } from '../core/engine/byte-stream.ts';
import { WlogWriter } from '../core/engine/wlog-writer.ts';
import { checksum } from '../core/format/checksum.ts';
import { LogpackBuilder } from '../core/format/logpack-builder.ts';
import { uuidFromText } from '../core/format/uuid.ts';
import type { WlogHeader } from '../core/format/wlog.ts';
import { LOGICAL_BLOCK_BYTES } from '../core/units.ts';
import { KeyedRandom } from '../sim/random.ts';

/**
 * Makes wlogs from a seed, the same bytes everywhere. It uses core and sim alone, so that it runs in a bare script
 * context too.
 */
export interface WlogRecipe {
  readonly seed: number;
  /** Bytes of written data, about. */
  readonly dataBytes: number;
  /** Writes are 512 bytes to this size. */
  readonly maxIoBytes: number;
  /** Addresses are below this. */
  readonly deviceLb: number;
  readonly physicalBlockBytes?: 512 | 4096;
}

export const MADE_UUID = uuidFromText('57616c42000040008000000000000001');
const SALT = 0x5eed5a17;
const PACK_IOS = 16;
/** One of so many IOs is a discard, and one is all zeros. */
const KINDS = 16;

/** Writes a wlog; about half of each block is noise, so that it compresses like real data. */
export async function makeWlog(sink: ByteSink, recipe: WlogRecipe): Promise<void> {
  const { physicalBlockBytes: pbs = 512, deviceLb, maxIoBytes } = recipe;
  const random = new KeyedRandom(recipe.seed).at('made-wlog');
  const header: WlogHeader = {
    physicalBlockBytes: pbs,
    salt: SALT,
    uuid: MADE_UUID,
    beginLsid: 0,
    endLsid: null,
  };
  const writer = await WlogWriter.open(sink, header);
  const lbPerPb = pbs / LOGICAL_BLOCK_BYTES;
  const maxPb = Math.max(1, Math.floor(maxIoBytes / pbs));
  let left = recipe.dataBytes;
  while (left > 0) {
    const builder = new LogpackBuilder(pbs, writer.lsid);
    const data: Uint8Array[] = [];
    for (let i = 0; i < PACK_IOS && left > 0; i++) {
      const sizeLb = (1 + random.below(maxPb)) * lbPerPb;
      const offsetLb = random.below(Math.max(1, (deviceLb - sizeLb) / lbPerPb)) * lbPerPb;
      const kind = random.below(KINDS);
      left -= sizeLb * LOGICAL_BLOCK_BYTES;
      if (kind === 0) {
        builder.addDiscard(offsetLb, sizeLb);
        continue;
      }
      const bytes = new Uint8Array(sizeLb * LOGICAL_BLOCK_BYTES);
      if (kind > 1) fill(bytes, random.u32());
      if (!builder.addNormal(offsetLb, sizeLb, checksum(bytes, SALT))) break;
      data.push(bytes);
    }
    await writer.writePack(builder.header(), data);
  }
  await writer.close();
}

/** Half of each 16 bytes is noise, the other half counts. */
function fill(bytes: Uint8Array, seed: number): void {
  const words = new Uint32Array(bytes.buffer);
  let state = seed | 1;
  for (let i = 0; i < words.length; i++) {
    if (i % 4 < 2) {
      state ^= state << 13;
      state ^= state >>> 17;
      state ^= state << 5;
      words[i] = state;
    } else {
      words[i] = i >> 2;
    }
  }
}
