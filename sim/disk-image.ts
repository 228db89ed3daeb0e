import { type Lb, LOGICAL_BLOCK_BYTES } from '../core/units.ts';
import { mix32 } from './random.ts';

/** Granularity of allocation and of sharing between images: 64 KiB, the smallest block of a thin pool. */
export const CHUNK_LB = 128;
const CHUNK_BYTES = CHUNK_LB * LOGICAL_BLOCK_BYTES;

/** Counts the chunks of all images that live in one pool; a chunk that two images share counts once. */
export interface ChunkPool {
  usedChunks: number;
}

interface Chunk {
  readonly bytes: Uint8Array;
  references: number;
}

/**
 * The content of a block device as a sparse map of chunks. A copy costs one map: chunks are shared until one
 * side writes. Memory is proportional to what was written. No bounds here: the medium checks them.
 */
export class DiskImage {
  readonly #pool: ChunkPool;
  readonly #backgroundSeed: number | null;
  #chunks = new Map<number, Chunk>();

  /** `backgroundSeed`: blocks that were never written hold arbitrary but fixed bytes; null: zeros. */
  constructor(pool: ChunkPool, backgroundSeed: number | null) {
    this.#pool = pool;
    this.#backgroundSeed = backgroundSeed;
  }

  get chunkCount(): number {
    return this.#chunks.size;
  }

  /** Whether a write into this chunk takes a new chunk from the pool. */
  needsChunk(index: number): boolean {
    const chunk = this.#chunks.get(index);
    return chunk === undefined || chunk.references > 1;
  }

  /** Fills `into` (whole logical blocks) with the content at `addressLb`. */
  read(addressLb: Lb, into: Uint8Array): void {
    let done = 0;
    while (done < into.length) {
      const at = addressLb + done / LOGICAL_BLOCK_BYTES;
      const index = Math.floor(at / CHUNK_LB);
      const from = (at - index * CHUNK_LB) * LOGICAL_BLOCK_BYTES;
      const size = Math.min(CHUNK_BYTES - from, into.length - done);
      const chunk = this.#chunks.get(index);
      if (chunk !== undefined) into.set(chunk.bytes.subarray(from, from + size), done);
      else this.#fillBackground(index * CHUNK_BYTES + from, into.subarray(done, done + size));
      done += size;
    }
  }

  /** Copies `data` (whole logical blocks) to `addressLb`. */
  write(addressLb: Lb, data: Uint8Array): void {
    let done = 0;
    while (done < data.length) {
      const at = addressLb + done / LOGICAL_BLOCK_BYTES;
      const index = Math.floor(at / CHUNK_LB);
      const from = (at - index * CHUNK_LB) * LOGICAL_BLOCK_BYTES;
      const size = Math.min(CHUNK_BYTES - from, data.length - done);
      const source = data.subarray(done, done + size);
      if (size === CHUNK_BYTES && this.needsChunk(index)) this.#replace(index, source.slice());
      else this.#ownBytes(index).set(source, from);
      done += size;
    }
  }

  /** Takes `data` itself as a chunk, where it is one and owns its memory. Returns whether it did. */
  adopt(addressLb: Lb, data: Uint8Array | null): boolean {
    if (data === null || data.length !== CHUNK_BYTES || data.buffer.byteLength !== CHUNK_BYTES) return false;
    if (addressLb % CHUNK_LB !== 0) return false;
    this.#replace(addressLb / CHUNK_LB, data);
    return true;
  }

  /** Makes a range read as zeros; whole chunks go back to the pool. */
  zero(addressLb: Lb, sizeLb: Lb): void {
    const endLb = addressLb + sizeLb;
    const first = Math.floor(addressLb / CHUNK_LB);
    const last = Math.floor((endLb - 1) / CHUNK_LB);
    const clear = (index: number) => {
      const from = Math.max(addressLb - index * CHUNK_LB, 0);
      const to = Math.min(endLb - index * CHUNK_LB, CHUNK_LB);
      if (this.#backgroundSeed === null) {
        if (!this.#chunks.has(index)) return;
        if (to - from === CHUNK_LB) {
          this.#drop(index);
          return;
        }
      }
      this.#ownBytes(index).fill(0, from * LOGICAL_BLOCK_BYTES, to * LOGICAL_BLOCK_BYTES);
    };
    if (this.#backgroundSeed === null && last - first > this.#chunks.size) {
      for (const index of [...this.#chunks.keys()]) if (index >= first && index <= last) clear(index);
    } else {
      for (let index = first; index <= last; index++) clear(index);
    }
  }

  /** A second image with the same content, sharing every chunk. */
  clone(): DiskImage {
    const copy = new DiskImage(this.#pool, this.#backgroundSeed);
    copy.#chunks = new Map(this.#chunks);
    for (const chunk of this.#chunks.values()) chunk.references += 1;
    return copy;
  }

  /** Gives all chunks back. */
  release(): void {
    for (const index of [...this.#chunks.keys()]) this.#drop(index);
  }

  /** The bytes of a chunk that no other image sees. */
  #ownBytes(index: number): Uint8Array {
    const chunk = this.#chunks.get(index);
    if (chunk !== undefined && chunk.references === 1) return chunk.bytes;
    let bytes: Uint8Array;
    if (chunk !== undefined) {
      bytes = chunk.bytes.slice();
    } else {
      bytes = new Uint8Array(CHUNK_BYTES);
      this.#fillBackground(index * CHUNK_BYTES, bytes);
    }
    this.#replace(index, bytes);
    return bytes;
  }

  #replace(index: number, bytes: Uint8Array): void {
    this.#drop(index);
    this.#chunks.set(index, { bytes, references: 1 });
    this.#pool.usedChunks += 1;
  }

  #drop(index: number): void {
    const chunk = this.#chunks.get(index);
    if (chunk === undefined) return;
    this.#chunks.delete(index);
    chunk.references -= 1;
    if (chunk.references === 0) this.#pool.usedChunks -= 1;
  }

  #fillBackground(byteOffset: number, into: Uint8Array): void {
    if (this.#backgroundSeed === null) {
      into.fill(0);
      return;
    }
    const key = mix32(this.#backgroundSeed ^ Math.floor(byteOffset / 0x1_0000_0000));
    for (let i = 0; i < into.length; i++) into[i] = mix32(key ^ (byteOffset + i)) & 0xff;
  }
}
