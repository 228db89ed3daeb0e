import fc from 'fast-check';

/** One change of bytes. Places are shares of the length, so that they fit any input. */
export type Mutation =
  | { readonly kind: 'flip'; readonly at: number; readonly bit: number }
  | { readonly kind: 'set'; readonly at: number; readonly width: 1 | 2 | 4 | 8; readonly value: bigint }
  | { readonly kind: 'add'; readonly at: number; readonly width: 1 | 2 | 4 | 8; readonly delta: number }
  | { readonly kind: 'cut'; readonly at: number }
  | { readonly kind: 'remove'; readonly at: number; readonly count: number }
  | { readonly kind: 'insert'; readonly at: number; readonly bytes: Uint8Array }
  | { readonly kind: 'copy'; readonly from: number; readonly to: number; readonly count: number };

/** Sizes, counts and addresses that are apt to be thought of badly. */
const INTERESTING = [
  0n,
  1n,
  2n,
  0x7fn,
  0x80n,
  0xffn,
  0x7fffn,
  0x8000n,
  0xffffn,
  0x1_0000n,
  0x7fff_ffffn,
  0x8000_0000n,
  0xffff_ffffn,
  0x1_0000_0000n,
  0x1f_ffff_ffff_ffffn,
  0x20_0000_0000_0000n,
  0x7fff_ffff_ffff_ffffn,
  0xffff_ffff_ffff_fffen,
  0xffff_ffff_ffff_ffffn,
];

const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
/** Headers stand in front, indexes at the end: places near the ends are as likely as all others together. */
const anywhere = fc.oneof(
  place,
  place.map((share) => share ** 4),
  place.map((share) => 0.999999 - share ** 4 * 0.999),
);
const width = fc.constantFrom<1 | 2 | 4 | 8>(1, 2, 4, 8);

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('flip' as const), at: anywhere, bit: fc.nat(7) }),
  fc.record({
    kind: fc.constant('set' as const),
    at: anywhere,
    width,
    value: fc.constantFrom(...INTERESTING),
  }),
  fc.record({
    kind: fc.constant('add' as const),
    at: anywhere,
    width,
    delta: fc.integer({ min: -9, max: 9 }),
  }),
  fc.record({ kind: fc.constant('cut' as const), at: anywhere }),
  fc.record({ kind: fc.constant('remove' as const), at: anywhere, count: fc.integer({ min: 1, max: 600 }) }),
  fc.record({
    kind: fc.constant('insert' as const),
    at: anywhere,
    bytes: fc.uint8Array({ minLength: 1, maxLength: 40 }),
  }),
  fc.record({
    kind: fc.constant('copy' as const),
    from: anywhere,
    to: anywhere,
    count: fc.constantFrom(1, 4, 8, 16, 32, 48, 512, 4096),
  }),
);

/** Which seed, and what is done to it. */
export interface Plan {
  readonly seed: number;
  readonly mutations: readonly Mutation[];
  readonly repair: boolean;
}

export const plans: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat(),
  mutations: fc.array(mutation, { minLength: 1, maxLength: 5 }),
  repair: fc.boolean(),
});

/** The bytes after a mutation, always a new array. */
function mutated(bytes: Uint8Array, change: Mutation): Uint8Array {
  const size = bytes.length;
  const index = (share: number, room = 0) => Math.max(0, Math.min(size - room, Math.floor(share * size)));
  switch (change.kind) {
    case 'cut':
      return bytes.slice(0, index(change.at));
    case 'remove': {
      const at = index(change.at);
      return joined(bytes.subarray(0, at), bytes.subarray(at + change.count));
    }
    case 'insert': {
      const at = index(change.at);
      return joined(bytes.subarray(0, at), change.bytes, bytes.subarray(at));
    }
    default:
      return overwritten(bytes.slice(), change, index);
  }
}

function overwritten(
  copy: Uint8Array,
  change: Exclude<Mutation, { kind: 'cut' | 'remove' | 'insert' }>,
  index: (share: number, room?: number) => number,
): Uint8Array {
  if (copy.length === 0) return copy;
  if (change.kind === 'flip') copy[index(change.at, 1)] ^= 1 << change.bit;
  else if (change.kind === 'copy') {
    const from = index(change.from, 1);
    copy.copyWithin(index(change.to, 1), from, from + change.count);
  } else if (copy.length >= change.width) {
    // Fields stand at multiples of their width.
    const at = Math.floor(index(change.at, change.width) / change.width) * change.width;
    const old = littleEndian(copy, at, change.width);
    const value = change.kind === 'set' ? change.value : old + BigInt(change.delta);
    for (let i = 0; i < change.width; i++)
      copy[at + i] = Number(BigInt.asUintN(64, value) >> BigInt(8 * i)) & 0xff;
  }
  return copy;
}

function littleEndian(bytes: Uint8Array, at: number, byteCount: number): bigint {
  let value = 0n;
  for (let i = byteCount - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[at + i]);
  return value;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

/** The input of a plan. */
export function inputOf(
  plan: Plan,
  seeds: readonly Uint8Array[],
  repair?: (bytes: Uint8Array) => void,
): Uint8Array {
  const input = plan.mutations.reduce(mutated, seeds[plan.seed % seeds.length]).slice();
  if (plan.repair && repair !== undefined) repair(input);
  return input;
}
