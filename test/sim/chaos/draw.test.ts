import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawArmed, drawFaults } from '../../../sim/chaos/draw-faults.ts';
import { drawLayout } from '../../../sim/chaos/draw-layout.ts';
import { drawOperations } from '../../../sim/chaos/draw-operations.ts';
import { drawHistory } from '../../../sim/chaos/generate.ts';
import { chaosProfile, FAULT_CLASSES, PROFILES } from '../../../sim/chaos/profiles.ts';
import { CHAOS_CHECKS } from '../../../sim/chaos/run.ts';
import type { Fault } from '../../../sim/fault-kinds.ts';
import { checkHistory } from '../../../sim/history.ts';
import { KeyedRandom } from '../../../sim/random.ts';

const anySeed = fc.integer({ min: 0, max: 2 ** 40 });
const anyProfile = fc.constantFrom(...PROFILES);
const withFaults = fc.constantFrom(...PROFILES.filter(({ name }) => name !== 'calm'));

describe('a drawn history', () => {
  it('depends on seed and profile alone, and is what the checks know', () => {
    fc.assert(
      fc.property(anySeed, anyProfile, (seed, profile) => {
        const history = drawHistory(seed, profile);
        expect(drawHistory(seed, profile)).toEqual(history);
        expect(checkHistory(JSON.parse(JSON.stringify(history)), CHAOS_CHECKS)).toEqual(history);
      }),
      { numRuns: 100 },
    );
  });

  it('is another one for another seed', () => {
    const texts = Array.from({ length: 100 }, (_, seed) =>
      JSON.stringify(drawHistory(seed, chaosProfile('ci'))),
    );
    expect(new Set(texts).size).toBe(100);
  });

  it('has as many operations and writes as its profile says, in order of time', () => {
    fc.assert(
      fc.property(anySeed, anyProfile, (seed, profile) => {
        const { operations } = drawHistory(seed, profile);
        const [low, high] = profile.operationCount;
        // Floods and the backups of volumes come on top where there is little room.
        expect(operations.length).toBeGreaterThanOrEqual(low);
        expect(operations.length).toBeLessThanOrEqual(high + 1);
        const writes = operations.flatMap((one) =>
          one.kind === 'write' && one.key < 3_000_000 ? one.count : [],
        );
        expect(writes.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(profile.writeCount[0]);
        const times = operations.map(({ atUs }) => atUs);
        expect(times).toEqual([...times].sort((a, b) => a - b));
        expect(new Set(operations.map(({ key }) => key)).size).toBe(operations.length);
      }),
      { numRuns: 100 },
    );
  });
});

describe('drawing is keyed', () => {
  it('leaving a class of faults out changes no other fault', () => {
    fc.assert(
      fc.property(anySeed, withFaults, fc.nat(), (seed, profile, which) => {
        const random = new KeyedRandom(seed);
        const layout = drawLayout(random, profile);
        const armed = drawArmed(random, profile);
        fc.pre(armed.length > 0);
        const out = armed[which % armed.length];
        const all = drawFaults(random, profile, layout, armed, 30_000_000);
        const rest = drawFaults(
          random,
          profile,
          layout,
          armed.filter((name) => name !== out),
          30_000_000,
        );
        const own = drawFaults(random, profile, layout, [out as (typeof armed)[number]], 30_000_000);
        expect(sorted([...rest, ...own])).toEqual(sorted(all));
      }),
      { numRuns: 100 },
    );
  });

  it('more operations change none of those before', () => {
    fc.assert(
      fc.property(anySeed, (seed) => {
        const profile = chaosProfile('ci');
        const random = new KeyedRandom(seed);
        const layout = drawLayout(random, profile);
        const fewer = drawOperations(random, profile, layout, false);
        const withFlood = drawOperations(random, profile, layout, true);
        const known = new Set(withFlood.map((one) => JSON.stringify(one)));
        // The flood takes the place of the last one that was drawn.
        const missing = fewer.filter((one) => !known.has(JSON.stringify(one)));
        expect(missing.length).toBeLessThanOrEqual(1);
        expect(withFlood.filter(({ key }) => key === 3_000_000)).toHaveLength(1);
      }),
      { numRuns: 100 },
    );
  });

  it('a layout keeps its values where the profile arms other faults', () => {
    fc.assert(
      fc.property(anySeed, (seed) => {
        const layouts = ['ci', 'nightly', 'cruel', 'quick'].map((name) =>
          drawLayout(new KeyedRandom(seed), chaosProfile(name)),
        );
        for (const layout of layouts) expect(layout).toEqual(layouts[0]);
      }),
    );
  });
});

describe('over many seeds', () => {
  const classesOf = (profile: string) => {
    const seen = new Set<string>();
    for (let seed = 0; seed < 400; seed++) {
      for (const name of drawArmed(new KeyedRandom(seed), chaosProfile(profile))) seen.add(name);
    }
    return [...seen].sort();
  };

  it('the cruel profile arms every class, calm none, and some runs of each have none', () => {
    expect(classesOf('cruel')).toEqual([...FAULT_CLASSES].sort());
    expect(classesOf('calm')).toEqual([]);
    const runs = Array.from({ length: 400 }, (_, seed) =>
      drawArmed(new KeyedRandom(seed), chaosProfile('cruel')),
    );
    expect(runs.filter((armed) => armed.length === 0).length).toBeGreaterThan(5);
    // Rates differ from run to run.
    expect(new Set(runs.map((armed) => armed.length)).size).toBeGreaterThan(5);
  });

  it('every kind of fault that the fault model has is drawn', () => {
    const kinds = new Set<Fault['kind']>();
    for (let seed = 0; seed < 200; seed++) {
      for (const { kind } of drawHistory(seed, chaosProfile('cruel')).faults) kinds.add(kind);
    }
    expect([...kinds].sort()).toEqual([...ALL_KINDS].sort());
  });
});

const ALL_KINDS: readonly Fault['kind'][] = [
  ...(['crash', 'error', 'delay', 'kill', 'power-loss', 'pause', 'freeze', 'partition', 'hold'] as const),
  ...(['slow-link', 'cut', 'cut-all', 'refuse', 'clock-step', 'clock-drift', 'files-mode'] as const),
  ...(['files-full', 'sync-failures', 'medium-mode', 'medium-damage', 'file-rot', 'volumes-full'] as const),
];

function sorted(faults: readonly Fault[]): string[] {
  return faults.map((fault) => JSON.stringify(fault)).sort();
}
