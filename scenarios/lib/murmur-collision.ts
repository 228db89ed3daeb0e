import type { RandomStream } from '../../sim/random.ts';

/**
 * Two different contents that have the same MurmurHash3 (x64, 128 bits) under every seed.
 *
 * The hash takes 16 bytes at a time as two words, scrambles each by multiplications and a rotation, and mixes them
 * into its state by exclusive or, rotation and addition. A difference in one bit that a rotation makes the highest
 * one passes additions and the multiplication by five unchanged, so that the next words can take it away again
 * (Aumasson and Bernstein, "SipHash: a fast short-input PRF", 2012, section 6, tell of such collisions).
 */

const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;
const MASK = (1n << 64n) - 1n;
const HIGHEST = 1n << 63n;
/** The state is rotated by these after a word was mixed in. */
const ROTATION_1 = 27n;
const ROTATION_2 = 31n;
const BLOCK_BYTES = 16;

/** Random contents of `sizeBytes` (at least 32, whole blocks of 16) that differ in the first 32 bytes only. */
export function collidingChunks(random: RandomStream, sizeBytes: number): [Uint8Array, Uint8Array] {
  const first = random.bytes(sizeBytes).slice();
  const second = first.slice();
  const view = new DataView(second.buffer);
  const change = (at: number, scramble: Scramble, difference: bigint) => {
    const scrambled = scramble.forward(view.getBigUint64(at, true)) ^ difference;
    view.setBigUint64(at, scramble.back(scrambled), true);
  };
  // Half of the state gets a difference that the rotation makes the highest bit; the other half, to which it is
  // added, gets the same, and both are gone there.
  change(0, WORD_1, rotateLeft(HIGHEST, 64n - ROTATION_1));
  change(8, WORD_2, rotateLeft(HIGHEST, 64n - ROTATION_2));
  // What is left in the first half is taken away by the next block.
  change(BLOCK_BYTES, WORD_1, HIGHEST);
  return [first, second];
}

interface Scramble {
  readonly forward: (word: bigint) => bigint;
  readonly back: (word: bigint) => bigint;
}

const WORD_1 = scramble(C1, 31n, C2);
const WORD_2 = scramble(C2, 33n, C1);

function scramble(before: bigint, rotation: bigint, after: bigint): Scramble {
  const [undoBefore, undoAfter] = [inverse(before), inverse(after)];
  return {
    forward: (word) => (rotateLeft((word * before) & MASK, rotation) * after) & MASK,
    back: (word) => (rotateLeft((word * undoAfter) & MASK, 64n - rotation) * undoBefore) & MASK,
  };
}

function rotateLeft(word: bigint, count: bigint): bigint {
  return ((word << count) | (word >> (64n - count))) & MASK;
}

/** Of an odd number modulo 2^64, by Newton's iteration. */
function inverse(odd: bigint): bigint {
  let found = odd;
  for (let i = 0; i < 6; i++) found = (found * (2n - odd * found)) & MASK;
  return found;
}
