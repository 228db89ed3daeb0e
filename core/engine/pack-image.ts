import { FormatError } from '../errors.ts';
import { checksum } from '../format/checksum.ts';
import {
  decodePackHeader,
  encodePackHeader,
  fitsPack,
  MAX_PACK_DATA_BYTES,
  PACK_HEADER_BYTES,
  type PackHeader,
} from '../format/sorted-wdiff.ts';
import { recordOfIo, type WdiffIo, type WdiffRecord } from '../format/wdiff-record.ts';
import { LOGICAL_BLOCK_BYTES } from '../units.ts';
import type { CodecPool } from '../world/codec.ts';
import { type CompressionOption, lendCompressedIos, type PassedIo } from './io-codec.ts';
import { NO_DATA, type PlainIo } from './plain-io.ts';

/** The largest pack that one server takes from another. */
export const MAX_PACK_IMAGE_BYTES = PACK_HEADER_BYTES + MAX_PACK_DATA_BYTES;

/** A pack as it stands in a sorted wdiff and on the wire: header block, then the stored data in order. */
export interface PackImage {
  readonly header: Uint8Array;
  readonly ios: readonly WdiffIo[];
  /** Header and data. */
  readonly sizeBytes: number;
}

/** A pack whose data are in use until they are given back. */
export interface LentPack {
  readonly pack: PackImage;
  /** Says that the data are not used any more: the codec pool may use their memory again. */
  readonly giveBack: () => void;
}

/** Makes a pack of IOs that fit one (at least one). Throws FormatError unless they are sorted. */
export function packImageOf(ios: readonly WdiffIo[]): PackImage {
  const records: WdiffRecord[] = [];
  let offset = 0;
  for (const io of ios) {
    records.push(recordOfIo(io, offset));
    offset += io.data.length;
  }
  return { header: encodePackHeader(records), ios, sizeBytes: PACK_HEADER_BYTES + offset };
}

/** The pieces of a pack in the order of writing, without empty ones. */
export function packPieces(pack: PackImage): Uint8Array[] {
  return [pack.header, ...pack.ios.map((io) => io.data).filter((data) => data.length > 0)];
}

/** The whole pack in one array. */
export function packBytes(pack: PackImage): Uint8Array {
  const bytes = new Uint8Array(pack.sizeBytes);
  let at = 0;
  for (const piece of packPieces(pack)) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/**
 * Decodes a whole pack, as servers send it, and verifies everything: header, sizes, check sums of the data. The data
 * are views into `bytes`. Throws FormatError.
 */
export function decodePackImage(bytes: Uint8Array): PackImage {
  if (bytes.length < PACK_HEADER_BYTES || bytes.length > MAX_PACK_IMAGE_BYTES) {
    throw new FormatError(
      `invalid pack size: at most ${MAX_PACK_IMAGE_BYTES} bytes expected, got ${bytes.length}`,
    );
  }
  const header = bytes.subarray(0, PACK_HEADER_BYTES);
  const pack = decodePackHeader(header);
  if (PACK_HEADER_BYTES + pack.totalSizeBytes !== bytes.length) {
    throw new FormatError(
      `invalid pack size: ${PACK_HEADER_BYTES + pack.totalSizeBytes} bytes expected, got ${bytes.length}`,
    );
  }
  const ios = pack.records.map((record) => {
    const at = PACK_HEADER_BYTES + record.dataOffsetBytes;
    return storedIo(record, bytes.subarray(at, at + record.dataSizeBytes));
  });
  return { header, ios, sizeBytes: bytes.length };
}

/** The IO of a record and its stored bytes. Throws FormatError when their check sum differs. */
export function storedIo(record: WdiffRecord, data: Uint8Array): WdiffIo {
  const { addressLb, sizeLb, kind, compression } = record;
  if (kind !== 'normal') return { addressLb, sizeLb, kind, compression, data: NO_DATA, checksum: 0 };
  const found = checksum(data, 0);
  if (found !== record.checksum) {
    throw new FormatError(
      `checksum differ: the data at address ${addressLb} must have ${record.checksum.toString(16)}, got ${found.toString(16)}`,
    );
  }
  return { addressLb, sizeLb, kind, compression, data, checksum: record.checksum };
}

/** Throws FormatError when a pack says that it holds more than any writer puts into one. */
export function checkPackSize(pack: PackHeader): void {
  if (pack.records.length > 1 && pack.totalSizeBytes > MAX_PACK_DATA_BYTES) {
    throw new FormatError(
      `too large pack size: at most ${MAX_PACK_DATA_BYTES} bytes expected, got ${pack.totalSizeBytes}`,
    );
  }
}

/** How packs of a sorted wdiff are compressed. */
export interface PackerOptions {
  readonly compression: CompressionOption;
  readonly pool: CodecPool;
  /** Packs that are being compressed while further ones fill up; at least 1. The default is 2. */
  readonly maxPacksInFlight?: number;
}

/**
 * Turns a stream of IOs into compressed packs: fills a pack by the uncompressed sizes, compresses it as one batch
 * of jobs, and hands packs on strictly in order. At most `maxPacksInFlight + 1` packs are in memory.
 */
export class Packer {
  readonly #options: PackerOptions;
  readonly #emit: (lent: LentPack) => Promise<void>;
  #filling: (PlainIo | PassedIo)[] = [];
  #fillingBytes = 0;
  /** Oldest first. */
  readonly #inFlight: Promise<LentPack>[] = [];

  /** `emit` is called for one pack at a time. */
  constructor(options: PackerOptions, emit: (lent: LentPack) => Promise<void>) {
    this.#options = options;
    this.#emit = emit;
  }

  /** Adds an IO behind all others. Waits while too many packs are on their way. */
  async add(io: PlainIo | PassedIo): Promise<void> {
    const sizeBytes = io.kind === 'normal' ? io.sizeLb * LOGICAL_BLOCK_BYTES : 0;
    if (!fitsPack(this.#filling.length, this.#fillingBytes, sizeBytes)) await this.#push();
    this.#filling.push(io);
    this.#fillingBytes += sizeBytes;
  }

  /** Hands on everything that was added. */
  async finish(): Promise<void> {
    if (this.#filling.length > 0) await this.#push();
    while (this.#inFlight.length > 0) await this.#emitOldest();
  }

  async #push(): Promise<void> {
    const { compression, pool, maxPacksInFlight = 2 } = this.#options;
    const pack = lendCompressedIos(this.#filling, compression, pool).then(({ ios, giveBack }) => ({
      pack: packImageOf(ios),
      giveBack,
    }));
    // Nobody may be waiting for it yet when it fails; whoever waits later still sees the error.
    pack.catch(() => undefined);
    this.#inFlight.push(pack);
    this.#filling = [];
    this.#fillingBytes = 0;
    while (this.#inFlight.length > maxPacksInFlight) await this.#emitOldest();
  }

  async #emitOldest(): Promise<void> {
    const oldest = this.#inFlight.shift();
    if (oldest !== undefined) await this.#emit(await oldest);
  }
}
