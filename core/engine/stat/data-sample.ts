import { COMPRESSION_TYPES, type CodecPool, type CompressionType } from '../../world/codec.ts';

/** Data of an IO that are taken into a sample at most. */
export const PIECE_BYTES = 64 * 1024;
/** Pieces that are kept: 16 MiB at most. */
const MAX_PIECES = 256;

/** What the codecs make of data: bytes stored, by codec, each IO compressed only where that is smaller. */
export interface Compressibility {
  readonly plainBytes: number;
  readonly pieceCount: number;
  readonly storedBytes: Readonly<Record<Exclude<CompressionType, 'none'>, number>>;
}

const CODECS = COMPRESSION_TYPES.filter((type) => type !== 'none');

/** Sums up what the codecs make of pieces. */
export class CodecTrial {
  readonly #pool: CodecPool;
  readonly #stored = { gzip: 0, snappy: 0, lzma: 0, lz4: 0, zstd: 0 };
  #plainBytes = 0;
  #pieceCount = 0;

  constructor(pool: CodecPool) {
    this.#pool = pool;
  }

  async add(pieces: readonly Uint8Array[]): Promise<void> {
    for (const data of pieces) this.#plainBytes += data.length;
    this.#pieceCount += pieces.length;
    for (const type of CODECS) {
      const packed = await this.#pool.run(pieces.map((data) => ({ kind: 'compress', type, level: 0, data })));
      packed.forEach((bytes, i) => {
        this.#stored[type] += Math.min(bytes.length, pieces[i].length);
      });
    }
  }

  result(): Compressibility {
    return { plainBytes: this.#plainBytes, pieceCount: this.#pieceCount, storedBytes: { ...this.#stored } };
  }
}

/**
 * Chooses some of very many IOs, each with the same chance, in bounded memory (a reservoir). The choice depends on the
 * number and order of the IOs alone, so the same files give the same sample.
 */
export class Reservoir {
  readonly #pieces: Uint8Array[] = [];
  #seen = 0;
  #state = 0x2545f491;

  /** Where the data of the next IO go, or null when it is not taken. */
  place(): number | null {
    const seen = this.#seen++;
    if (seen < MAX_PIECES) return seen;
    const place = Math.floor((this.#next() / 2 ** 32) * (seen + 1));
    return place < MAX_PIECES ? place : null;
  }

  /** Keeps a copy of the first bytes of an IO's data at a place that `place` gave. */
  put(place: number, data: Uint8Array): void {
    this.#pieces[place] = data.slice(0, PIECE_BYTES);
  }

  get pieces(): readonly Uint8Array[] {
    return this.#pieces.filter((piece) => piece !== undefined);
  }

  /** Xorshift, 32 bits. */
  #next(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x | 0;
    return this.#state >>> 0;
  }
}
