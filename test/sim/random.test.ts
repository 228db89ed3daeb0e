import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyedRandom } from '../../sim/random.ts';

const anyPart = fc.oneof(fc.string({ maxLength: 12 }), fc.integer({ min: 0, max: 2 ** 45 }));

describe('keyed randomness', () => {
  it('gives the same streams when a key is kept as when it is given whole', () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.array(anyPart, { maxLength: 4 }),
        fc.integer({ min: 0, max: 2 ** 45 }),
        (seed, key, n) => {
          const random = new KeyedRandom(seed);
          const kept = random.under(...key);
          const whole = random.at(...key, n);
          expect([kept(n).u32(), kept(n + 1).u32()]).toEqual([whole.u32(), random.at(...key, n + 1).u32()]);
        },
      ),
    );
  });
});
