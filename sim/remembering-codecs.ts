import type { CodecSet } from '../core/engine/codec-registry.ts';
import type { Codec } from '../core/world/index.ts';

/** Results that are kept for one direction of one codec; a new one takes the place of the one that falls on its slot. */
const SLOTS = 1024;
/** Larger inputs are not kept. */
const MAX_INPUT_BYTES = 64 * 1024;
/** Inputs and results of one direction of one codec; beyond, all are forgotten. */
const MAX_KEPT_BYTES = 16 * 1024 * 1024;
/** Words of an input that its slot depends on: all are compared before a result is given again. */
const SAMPLED_WORDS = 32;

interface Kept {
  readonly input: Uint8Array;
  /** Level of a compression, size of what is decompressed. */
  readonly parameter: number;
  readonly result: Uint8Array;
}

/**
 * Codecs that give a result again when they are asked for the same once more. In a simulation more than half of all
 * bytes are compressed and decompressed again: images are scanned many times, and peers in one memory do the same
 * work with the same diffs, and decompress what was compressed a moment ago. Results are shared, as everything that
 * is handed over a port: nobody writes into them.
 */
export function rememberingCodecs(codecs: CodecSet): CodecSet {
  return new Map([...codecs].map(([type, codec]) => [type, type === 'none' ? codec : remembering(codec)]));
}

function remembering(codec: Codec): Codec {
  const compressed = new Memory();
  const decompressed = new Memory();
  return {
    type: codec.type,
    compress(data, level) {
      const known = compressed.find(data, level);
      if (known !== null) return known;
      const result = codec.compress(data, level);
      const input = data.slice();
      compressed.keep(input, level, result);
      decompressed.keep(result, data.length, input);
      return result;
    },
    decompress(data, sizeBytes) {
      const known = decompressed.find(data, sizeBytes);
      if (known !== null) return known;
      const result = codec.decompress(data, sizeBytes);
      decompressed.keep(data.slice(), sizeBytes, result);
      return result;
    },
  };
}

/** What came of the inputs of one direction of a codec. */
class Memory {
  readonly #slots = new Array<Kept | undefined>(SLOTS);
  #keptBytes = 0;

  find(input: Uint8Array, parameter: number): Uint8Array | null {
    if (input.length > MAX_INPUT_BYTES) return null;
    const words = wordsOf(input);
    const known = this.#slots[slotOf(words, parameter)];
    if (known === undefined || known.parameter !== parameter || !isSame(known.input, input, words))
      return null;
    return known.result;
  }

  /** Nobody writes into `input` and `result` from now on. */
  keep(input: Uint8Array, parameter: number, result: Uint8Array): void {
    if (input.length > MAX_INPUT_BYTES) return;
    const slot = slotOf(wordsOf(input), parameter);
    const former = this.#slots[slot];
    if (former !== undefined) this.#keptBytes -= former.input.length + former.result.length;
    this.#keptBytes += input.length + result.length;
    if (this.#keptBytes > MAX_KEPT_BYTES) {
      this.#slots.fill(undefined);
      this.#keptBytes = input.length + result.length;
    }
    this.#slots[slot] = { input, parameter, result };
  }
}

function wordsOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function slotOf(words: DataView, parameter: number): number {
  const sizeBytes = words.byteLength;
  let hash = Math.imul(sizeBytes ^ parameter, 0x9e3779b1);
  const strideBytes = Math.max(4, Math.floor(sizeBytes / SAMPLED_WORDS));
  for (let at = 0; at + 4 <= sizeBytes; at += strideBytes) {
    hash = Math.imul(hash ^ words.getInt32(at, true), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  return (hash >>> 0) % SLOTS;
}

/** `words` are those of `input`. */
function isSame(known: Uint8Array, input: Uint8Array, words: DataView): boolean {
  if (known.length !== input.length) return false;
  const own = new DataView(known.buffer, known.byteOffset, known.length);
  let at = 0;
  for (; at + 4 <= input.length; at += 4)
    if (own.getInt32(at, true) !== words.getInt32(at, true)) return false;
  for (; at < input.length; at++) if (known[at] !== input[at]) return false;
  return true;
}
