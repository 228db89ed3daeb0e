import type { CodecSet } from '../core/engine/codec-registry.ts';
import type { Codec } from '../core/world/index.ts';

/** Results that one codec keeps for each direction; a new one takes the place of the one that falls on its slot. */
const SLOTS = 512;
/** Larger inputs are not kept. */
const MAX_INPUT_BYTES = 64 * 1024;
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
 * work with the same diffs. Results are shared, as everything that is handed over a port: nobody writes into them.
 */
export function rememberingCodecs(codecs: CodecSet): CodecSet {
  return new Map([...codecs].map(([type, codec]) => [type, type === 'none' ? codec : remembering(codec)]));
}

function remembering(codec: Codec): Codec {
  const compressed = new Array<Kept | undefined>(SLOTS);
  const decompressed = new Array<Kept | undefined>(SLOTS);
  return {
    type: codec.type,
    compress: (data, level) => recall(compressed, data, level, () => codec.compress(data, level)),
    decompress: (data, sizeBytes) =>
      recall(decompressed, data, sizeBytes, () => codec.decompress(data, sizeBytes)),
  };
}

function recall(
  kept: (Kept | undefined)[],
  input: Uint8Array,
  parameter: number,
  work: () => Uint8Array,
): Uint8Array {
  if (input.length > MAX_INPUT_BYTES) return work();
  const words = new DataView(input.buffer, input.byteOffset, input.length);
  const slot = slotOf(words, parameter);
  const known = kept[slot];
  if (known !== undefined && known.parameter === parameter && isSame(known.input, input, words)) {
    return known.result;
  }
  const result = work();
  kept[slot] = { input: input.slice(), parameter, result };
  return result;
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
