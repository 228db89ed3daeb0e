import { decodePackHeader, PACK_HEADER_BYTES } from '../format/sorted-wdiff.ts';
import { decodeWdiffHeader, WDIFF_HEADER_BYTES } from '../format/wdiff-header.ts';
import { type Lb, LOGICAL_BLOCK_BYTES } from '../units.ts';
import type { CodecPool } from '../world/codec.ts';
import type { RandomReader } from './byte-stream.ts';
import { IndexReader, loadImages } from './indexed-wdiff-reader.ts';
import { decompressIos } from './io-codec.ts';
import { checkPackSize, storedIo } from './pack-image.ts';
import { decodeAt } from './placed-error.ts';
import { cutIo, type PlainIo } from './plain-io.ts';

/** A run of logical blocks. */
export interface BlocksToRead {
  readonly addressLb: Lb;
  /** At least 1. */
  readonly sizeLb: Lb;
}

/** Where the base image is and what lies on top of it. */
export interface ImageLayers {
  /** The base image, block 0 first. */
  readonly base: RandomReader;
  /** Wdiff files of either type, oldest first; see `diffListToRestore` of walbox/snapshot for which. */
  readonly wdiffs: readonly RandomReader[];
}

/**
 * Some blocks of a base image as they are with diffs on top, read at random: of a diff its pack headers or its index
 * are read up to the blocks, and only the data that count, newest diff first, until every block is known. Zero and
 * discard both give zeros. The result is `sizeLb * 512` bytes, a new array. Only what is read is verified.
 * Throws FormatError, also when the base ends before the blocks do and no diff has them. See docs/formats.md.
 */
export async function readBlocks(
  { base, wdiffs }: ImageLayers,
  { addressLb, sizeLb }: BlocksToRead,
  pool: CodecPool,
): Promise<Uint8Array> {
  const target = new OpenBlocks(addressLb, sizeLb);
  for (let i = wdiffs.length - 1; i >= 0 && target.openCount > 0; i--) {
    await fillFromWdiff(wdiffs[i], target, pool);
  }
  for (const { beginLb, endLb } of target.openRuns()) {
    const sizeBytes = (endLb - beginLb) * LOGICAL_BLOCK_BYTES;
    const data = await base.read(beginLb * LOGICAL_BLOCK_BYTES, sizeBytes);
    target.fill({ addressLb: beginLb, sizeLb: endLb - beginLb, kind: 'normal', data });
  }
  return target.bytes;
}

/** Blocks whose content is being gathered from the newest layer down: what is known stays. */
class OpenBlocks {
  readonly beginLb: Lb;
  readonly endLb: Lb;
  readonly bytes: Uint8Array;
  readonly #known: Uint8Array;
  /** Blocks that no layer had so far. */
  openCount: number;

  constructor(addressLb: Lb, sizeLb: Lb) {
    this.beginLb = addressLb;
    this.endLb = addressLb + sizeLb;
    this.bytes = new Uint8Array(sizeLb * LOGICAL_BLOCK_BYTES);
    this.#known = new Uint8Array(sizeLb);
    this.openCount = sizeLb;
  }

  /** Whether any block of the range is wanted and not known yet. */
  wants({ addressLb, sizeLb }: BlocksToRead): boolean {
    const endLb = Math.min(addressLb + sizeLb, this.endLb);
    for (let lb = Math.max(addressLb, this.beginLb); lb < endLb; lb++) {
      if (this.#known[lb - this.beginLb] === 0) return true;
    }
    return false;
  }

  /** Takes what is wanted of an IO of the next older layer. */
  fill(io: PlainIo): void {
    const endLb = Math.min(io.addressLb + io.sizeLb, this.endLb);
    for (let lb = Math.max(io.addressLb, this.beginLb); lb < endLb; lb++) {
      const at = lb - this.beginLb;
      if (this.#known[at] !== 0) continue;
      this.#known[at] = 1;
      this.openCount -= 1;
      if (io.kind === 'normal') this.bytes.set(cutIo(io, lb, lb + 1).data, at * LOGICAL_BLOCK_BYTES);
    }
  }

  /** What is not known, as runs without gaps. */
  openRuns(): { beginLb: Lb; endLb: Lb }[] {
    const runs: { beginLb: Lb; endLb: Lb }[] = [];
    for (let lb = this.beginLb; lb < this.endLb; lb++) {
      if (this.#known[lb - this.beginLb] !== 0) continue;
      const last = runs.at(-1);
      if (last !== undefined && last.endLb === lb) last.endLb = lb + 1;
      else runs.push({ beginLb: lb, endLb: lb + 1 });
    }
    return runs;
  }
}

async function fillFromWdiff(file: RandomReader, target: OpenBlocks, pool: CodecPool): Promise<void> {
  const header = decodeWdiffHeader(await file.read(0, WDIFF_HEADER_BYTES));
  if (header.type === 'sorted') await fillFromPacks(file, target, pool);
  else await fillFromIndex(file, target, pool);
}

async function fillFromPacks(file: RandomReader, target: OpenBlocks, pool: CodecPool): Promise<void> {
  for (let at = WDIFF_HEADER_BYTES; ; ) {
    const block = await file.read(at, PACK_HEADER_BYTES);
    const pack = decodeAt(at, () => decodePackHeader(block));
    if (pack.end || pack.records[0].addressLb >= target.endLb) return;
    decodeAt(at, () => checkPackSize(pack));
    for (const record of pack.records) {
      if (!target.wants(record)) continue;
      const dataAt = at + PACK_HEADER_BYTES + record.dataOffsetBytes;
      const data = await file.read(dataAt, record.dataSizeBytes);
      const stored = decodeAt(dataAt, () => storedIo(record, data));
      for (const io of await decompressIos([stored], pool)) target.fill(io);
    }
    if (target.openCount === 0) return;
    at += PACK_HEADER_BYTES + pack.totalSizeBytes;
  }
}

async function fillFromIndex(file: RandomReader, target: OpenBlocks, pool: CodecPool): Promise<void> {
  const index = await IndexReader.open(file);
  for (let piece = await index.nextPiece(); piece.length > 0; piece = await index.nextPiece()) {
    for (const record of piece) {
      if (record.addressLb >= target.endLb || target.openCount === 0) return;
      if (!target.wants(record)) continue;
      const { addressLb, sizeLb, kind, imageOffsetLb } = record;
      if (kind !== 'normal') {
        target.fill({ addressLb, sizeLb, kind, data: new Uint8Array(0) });
        continue;
      }
      const [image] = await loadImages(file, [record], pool);
      const begin = imageOffsetLb * LOGICAL_BLOCK_BYTES;
      const data = image.subarray(begin, begin + sizeLb * LOGICAL_BLOCK_BYTES);
      target.fill({ addressLb, sizeLb, kind, data });
    }
  }
}
