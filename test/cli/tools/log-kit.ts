import { MemorySink } from '../../../core/engine/memory-stream.ts';
import { WlogWriter } from '../../../core/engine/wlog-writer.ts';
import { checksum } from '../../../core/format/checksum.ts';
import { capacityPb } from '../../../core/format/logpack.ts';
import { LogpackBuilder } from '../../../core/format/logpack-builder.ts';
import { encodeSuperSector, type SuperSector } from '../../../core/format/super-sector.ts';
import { uuidFromText } from '../../../core/format/uuid.ts';
import { BLOCK, type Folder } from './kit.ts';

export const SALT = 0xcafe;
export const UUID = uuidFromText('a0a1a2a3a4a5a6a7a8a9aaabacadaeaf');

/** A write (its byte repeated), a discard or a padding. */
export type LogOp =
  | { readonly write: number; readonly sizeLb: number; readonly byte: number }
  | { readonly discard: number; readonly sizeLb: number }
  | { readonly paddingPb: number };

export interface LogOptions {
  readonly beginLsid?: number;
  readonly endLsid?: number | null;
  readonly pbs?: number;
}

/** A wlog of the packs given. */
export async function makeWlog(
  packs: readonly (readonly LogOp[])[],
  options: LogOptions = {},
): Promise<Uint8Array> {
  const { beginLsid = 310, endLsid = null, pbs = BLOCK } = options;
  const sink = new MemorySink();
  const header = { physicalBlockBytes: pbs, salt: SALT, uuid: UUID, beginLsid, endLsid };
  const writer = await WlogWriter.open(sink, header);
  for (const ops of packs) {
    const builder = new LogpackBuilder(pbs, writer.lsid);
    const data: Uint8Array[] = [];
    for (const op of ops) {
      if ('discard' in op) {
        builder.addDiscard(op.discard, op.sizeLb);
      } else if ('paddingPb' in op) {
        builder.addPadding((op.paddingPb * pbs) / BLOCK);
        data.push(new Uint8Array(op.paddingPb * pbs));
      } else {
        const bytes = new Uint8Array(capacityPb(op.sizeLb, pbs) * pbs);
        bytes.fill(op.byte, 0, op.sizeLb * BLOCK);
        builder.addNormal(op.write, op.sizeLb, checksum(bytes.subarray(0, op.sizeLb * BLOCK), SALT));
        data.push(bytes);
      }
    }
    await writer.writePack(builder.header(), data);
  }
  await writer.close();
  return sink.bytes.slice();
}

/** A small log with everything in it: three packs from lsid 310 to 327, blocks 7 to 1064. */
export const SMALL_LOG: readonly (readonly LogOp[])[] = [
  [
    { write: 40, sizeLb: 2, byte: 0x58 },
    { discard: 1000, sizeLb: 64 },
    { write: 7, sizeLb: 1, byte: 0x59 },
  ],
  [{ paddingPb: 2 }, { write: 100, sizeLb: 3, byte: 0 }],
  [
    { write: 41, sizeLb: 4, byte: 0x5a },
    { discard: 500, sizeLb: 8 },
  ],
];

/** Writes the image of a log device with a ring of `ringPb`, formatted at lsid `lsid`. */
export function logImage(
  folder: Folder,
  name: string,
  ringPb: number,
  lsid: number,
  pbs = 512,
  changes: Partial<SuperSector> = {},
): string {
  const sector: SuperSector = {
    physicalBlockBytes: pbs,
    metadataSizePb: 0,
    salt: SALT,
    uuid: UUID,
    name: 'disk-a',
    ringBufferSizePb: ringPb,
    oldestLsid: lsid,
    writtenLsid: lsid,
    deviceSizeLb: 2048,
    ...changes,
  };
  const image = new Uint8Array((4096 / pbs + 2 + ringPb) * pbs + (pbs === 512 ? 4096 : 0));
  image.set(encodeSuperSector(sector), 4096);
  return folder.write(name, image);
}
