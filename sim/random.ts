/**
 * Keyed randomness: a value depends on the seed and its key alone, so that leaving one operation out does not
 * reshuffle the rest (docs/architecture.md, "Randomness").
 */

/** Mixes a 32-bit word thoroughly (the finalizer of MurmurHash3, public domain). */
export function mix32(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A 32-bit hash of a text, continued from `start`. */
export function hashText(text: string, start: number): number {
  let h = start | 0;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix32(h ^ text.length);
}

const TWO_32 = 0x1_0000_0000;

/**
 * A stream of values that depends on the key it was made from, not on other streams. The key has two words, so
 * that no two of the many keys of a run meet by chance.
 */
export class RandomStream {
  readonly #key: number;
  readonly #secondKey: number;
  #count = 0;

  constructor(key: number, secondKey = 0) {
    this.#key = key | 0;
    this.#secondKey = secondKey | 0;
  }

  u32(): number {
    this.#count += 1;
    const first = mix32(this.#key + Math.imul(this.#count, 0x9e3779b1));
    return mix32(first ^ this.#secondKey ^ Math.imul(this.#count, 0x85ebca6b));
  }

  /** A fraction in [0, 1). */
  fraction(): number {
    return (this.u32() * 0x200000 + (this.u32() >>> 11)) / 0x20000000000000;
  }

  /** An integer in [0, bound); bound at most 2^53-1. */
  below(bound: number): number {
    if (bound <= 1) return 0;
    if (bound <= TWO_32) return Math.floor((this.u32() / TWO_32) * bound);
    return Math.floor(this.fraction() * bound);
  }

  /** An integer in [low, high]. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  /** A value at least `minimum`, exponential above it with the given mean of the whole. */
  exponential(minimum: number, mean: number): number {
    return minimum - Math.log(1 - this.fraction()) * Math.max(0, mean - minimum);
  }

  shuffle<T>(items: readonly T[]): T[] {
    const result = [...items];
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const held = result[i] as T;
      result[i] = result[j] as T;
      result[j] = held;
    }
    return result;
  }

  bytes(sizeBytes: number): Uint8Array {
    const result = new Uint8Array(sizeBytes);
    let i = 0;
    for (; i + 4 <= sizeBytes; i += 4) {
      const word = this.u32();
      result[i] = word;
      result[i + 1] = word >>> 8;
      result[i + 2] = word >>> 16;
      result[i + 3] = word >>> 24;
    }
    for (; i < sizeBytes; i++) result[i] = this.u32();
    return result;
  }
}

/** The randomness of a whole run: `at` gives the stream of a key. */
export class KeyedRandom {
  readonly seed: number;

  constructor(seed: number) {
    this.seed = seed;
  }

  /** A fresh stream for this key; asking twice gives the same values twice. */
  at(...key: readonly (string | number)[]): RandomStream {
    const { first, second } = this.#mixed(key);
    return new RandomStream(first, second);
  }

  /** The streams `at(...key, n)` by their `n`, for keys that are asked for often: the texts are hashed once. */
  under(...key: readonly (string | number)[]): (n: number) => RandomStream {
    const { first, second } = this.#mixed(key);
    return (n) => new RandomStream(mixFirst(first, n), mixSecond(second, n));
  }

  #mixed(key: readonly (string | number)[]): { first: number; second: number } {
    let first = mix32(this.seed ^ 0x57414c42);
    let second = mix32(this.seed + 0x1b873593);
    for (const part of key) {
      if (typeof part === 'string') {
        first = hashText(part, first);
        second = hashText(part, second);
      } else {
        first = mixFirst(first, part);
        second = mixSecond(second, part);
      }
    }
    return { first, second };
  }
}

function wordOf(part: number): number {
  return mix32(part + 0x68bc21eb) ^ Math.floor(part / TWO_32);
}

function mixFirst(first: number, part: number): number {
  return mix32(first ^ wordOf(part));
}

function mixSecond(second: number, part: number): number {
  return mix32((second ^ wordOf(part)) + 0x7f4a7c15);
}
