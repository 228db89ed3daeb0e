import { checksum } from '../../../core/format/checksum.ts';
import { decodeLogpackHeader, type LogpackHeader, nextLsid } from '../../../core/format/logpack.ts';
import { capacityPb } from '../../../core/format/physical-block.ts';
import { decodeSuperSector, lsidToOffsetPb, type SuperSector } from '../../../core/format/super-sector.ts';

export interface LoggedIo {
  readonly kind: 'normal' | 'padding' | 'discard';
  readonly addressLb: number;
  readonly sizeLb: number;
  readonly lsid: number;
  readonly data: Uint8Array;
}

export interface WalkedPack {
  readonly header: LogpackHeader;
  readonly nextLsid: number;
  readonly ios: LoggedIo[];
}

/** The super sector in an image of a log device. */
export function superOf(image: Uint8Array, pbs: number): SuperSector {
  return decodeSuperSector(image.subarray(4096, 4096 + pbs));
}

/** The block of an lsid in an image of a log device, as a view. */
export function blockAt(image: Uint8Array, sector: SuperSector, lsid: number): Uint8Array {
  const pbs = sector.physicalBlockBytes;
  const at = lsidToOffsetPb(lsid, sector) * pbs;
  return image.subarray(at, at + pbs);
}

/**
 * The packs of an image from `beginLsid` on, read block by block and without the device's own reader: up to
 * the first pack that is not whole, or that ends behind `endLsid`. The valid IOs of a broken pack come too.
 */
export function walkLog(
  image: Uint8Array,
  sector: SuperSector,
  beginLsid: number,
  endLsid = Infinity,
): WalkedPack[] {
  const pbs = sector.physicalBlockBytes;
  const packs: WalkedPack[] = [];
  let lsid = beginLsid;
  for (;;) {
    let header: LogpackHeader;
    try {
      header = decodeLogpackHeader(blockAt(image, sector, lsid), sector.salt);
    } catch {
      return packs;
    }
    if (header.logpackLsid !== lsid || header.records.length === 0 || nextLsid(header) > endLsid)
      return packs;
    const ios: LoggedIo[] = [];
    let isWhole = true;
    for (const record of header.records) {
      const { kind, offsetLb: addressLb, sizeLb } = record;
      const data = new Uint8Array(kind === 'normal' ? capacityPb(sizeLb, pbs) * pbs : 0);
      for (let i = 0; i < data.length / pbs; i++) data.set(blockAt(image, sector, record.lsid + i), i * pbs);
      const io = { kind, addressLb, sizeLb, lsid: record.lsid, data: data.subarray(0, sizeLb * 512) };
      if (kind === 'normal' && checksum(io.data, sector.salt) !== record.checksum) {
        isWhole = false;
        break;
      }
      ios.push(io);
    }
    packs.push({ header, nextLsid: nextLsid(header), ios });
    if (!isWhole) return packs;
    lsid = nextLsid(header);
  }
}
