import type { Lb } from '../units.ts';
import { LOGICAL_BLOCK_BYTES } from '../units.ts';
import type { CodecJob, CodecPool, CompressionType } from '../world/codec.ts';
import type { PassedIo } from './io-codec.ts';
import { cutIo, type PlainIo } from './plain-io.ts';

/**
 * IOs of which the data are still as they were stored, so that what is overwritten is never decompressed, and what
 * survives whole need not be compressed again.
 */

/** The data of a normal IO as they stand in a wdiff, their check sum verified. */
export interface StoredImage {
  readonly addressLb: Lb;
  /** Blocks of the whole image. */
  readonly sizeLb: Lb;
  readonly compression: CompressionType;
  readonly data: Uint8Array;
  readonly checksum: number;
  readonly pool: CodecPool;
  /** The error with which decompressing it failed, with the place of the image. */
  readonly placedError: (error: unknown) => unknown;
}

/** A part, mostly the whole, of a stored image. */
export interface StoredPiece {
  readonly addressLb: Lb;
  readonly sizeLb: Lb;
  readonly kind: 'normal';
  readonly image: StoredImage;
}

/** An IO on its way through a merge. */
export type MergeIo = PlainIo | StoredPiece;

export function isStored(io: MergeIo): io is StoredPiece {
  return 'image' in io;
}

/** The whole of an image. */
export function wholePiece(image: StoredImage): StoredPiece {
  return { addressLb: image.addressLb, sizeLb: image.sizeLb, kind: 'normal', image };
}

/** The part of an IO from `beginLb` to `endLb`, both absolute and inside of it. */
export function cutMergeIo(io: MergeIo, beginLb: Lb, endLb: Lb): MergeIo {
  return isStored(io)
    ? { addressLb: beginLb, sizeLb: endLb - beginLb, kind: 'normal', image: io.image }
    : cutIo(io, beginLb, endLb);
}

/** The IO as it is written again, when it is a whole image that is stored with the wanted codec; else null. */
export function passedThrough(io: MergeIo, wanted: CompressionType): PassedIo | null {
  if (!isStored(io) || io.image.compression !== wanted || io.sizeLb !== io.image.sizeLb) return null;
  const { addressLb, sizeLb, kind, image } = io;
  const { data, checksum } = image;
  return {
    addressLb,
    sizeLb,
    kind,
    passed: { addressLb, sizeLb, kind, compression: wanted, data, checksum },
  };
}

/** The IOs with plain data. Throws the placed error of the first image that cannot be decompressed. */
export async function plainIos(ios: readonly MergeIo[]): Promise<PlainIo[]> {
  const images: StoredImage[] = [];
  const jobs: CodecJob[] = [];
  const slots = new Map<StoredImage, number>();
  for (const io of ios) {
    if (!isStored(io) || io.image.compression === 'none' || slots.has(io.image)) continue;
    const { compression: type, sizeLb, data } = io.image;
    slots.set(io.image, images.push(io.image) - 1);
    jobs.push({ kind: 'decompress', type, sizeBytes: sizeLb * LOGICAL_BLOCK_BYTES, data });
  }
  const plain = jobs.length === 0 ? [] : await decompressed(images, jobs);
  return ios.map((io) => {
    if (!isStored(io)) return io;
    const { image } = io;
    const slot = slots.get(image);
    const data = slot === undefined ? image.data : plain[slot];
    const { addressLb, sizeLb } = image;
    const whole: PlainIo =
      slot === undefined
        ? { addressLb, sizeLb, kind: 'normal', data, plainChecksum: image.checksum }
        : { addressLb, sizeLb, kind: 'normal', data };
    return cutIo(whole, io.addressLb, io.addressLb + io.sizeLb);
  });
}

async function decompressed(
  images: readonly StoredImage[],
  jobs: readonly CodecJob[],
): Promise<Uint8Array[]> {
  const { pool } = images[0];
  try {
    return await pool.run(jobs);
  } catch (error) {
    // A batch fails as a whole; who is at fault shows one by one.
    for (const [i, job] of jobs.entries()) {
      try {
        await pool.run([job]);
      } catch (failure) {
        throw images[i].placedError(failure);
      }
    }
    throw error;
  }
}
