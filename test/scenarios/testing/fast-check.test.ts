import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as arbitraries from '../../../scenarios/testing/fast-check.ts';
import { simulate } from '../../../scenarios/testing/simulate.ts';
import { performWorkload, type Workload } from '../../../scenarios/testing/workload.ts';
import { PLAIN_LAYOUT } from '../../../sim/chaos/layout.ts';
import { CHAOS_CHECKS, type ChaosHistory } from '../../../sim/chaos/run.ts';
import { checkFault } from '../../../sim/fault-kinds.ts';
import { checkHistory } from '../../../sim/history.ts';

/** Whatever test/fixed-seed.ts says of other tests. */
const SHRINK = { endOnFailure: false } as const;

/** The smallest value for which something does not hold, as fast-check finds it. */
function shrunk<T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => boolean): T {
  const { failed, counterexample } = fc.check(fc.property(arbitrary, holds), { numRuns: 200, ...SHRINK });
  if (!failed || counterexample === null) throw new Error('the property holds');
  return counterexample[0] as T;
}

const isValid = (history: ChaosHistory) => {
  const copy = checkHistory(JSON.parse(JSON.stringify(history)), CHAOS_CHECKS);
  expect(copy).toEqual(history);
};

describe('arbitraries', () => {
  it('of histories give valid ones, the same for the same seed, and different ones', () => {
    const drawn = fc.sample(arbitraries.history(), { numRuns: 20, seed: 1 });
    for (const history of drawn) isValid(history);
    expect(fc.sample(arbitraries.history(), { numRuns: 20, seed: 1 })).toEqual(drawn);
    expect(new Set(drawn.map((history) => history.seed)).size).toBe(20);
    expect(drawn.some(({ faults }) => faults.length > 3)).toBe(true);
    const calm = fc.sample(arbitraries.history({ profile: 'calm' }), { numRuns: 20, seed: 1 });
    expect(calm.every(({ faults }) => faults.length === 0)).toBe(true);
  });

  it('of histories shrink to what matters, and every step on the way is valid', () => {
    const hasBoth = ({ operations, faults }: ChaosHistory) =>
      operations.some(({ kind }) => kind === 'snapshot') && faults.some(({ kind }) => kind === 'kill');
    const least = shrunk(arbitraries.history(), (history) => {
      isValid(history);
      return !hasBoth(history);
    });
    expect(least.operations.map(({ kind }) => kind)).toEqual(['snapshot']);
    expect(least.faults.map(({ kind }) => kind)).toEqual(['kill']);
    expect({ ...least.layout, group: PLAIN_LAYOUT.group }).toEqual(PLAIN_LAYOUT);
  });

  it('of histories shrink what was given by hand, too', () => {
    const [given] = fc.sample(arbitraries.history(), { numRuns: 1, seed: 3 });
    const { counterexample } = fc.check(
      fc.property(arbitraries.history(), ({ operations }) => operations.length < 3),
      { examples: [[given as ChaosHistory]], numRuns: 1, ...SHRINK },
    );
    expect(counterexample?.[0].operations.length).toBe(3);
    expect(counterexample?.[0].faults).toEqual([]);
  });

  it('of layouts shrink field by field', () => {
    const least = shrunk(arbitraries.layout(), ({ skewMaxS }) => skewMaxS === 0);
    expect(least.skewMaxS).toBeGreaterThan(0);
    expect({ ...least, skewMaxS: 0, group: PLAIN_LAYOUT.group }).toEqual(PLAIN_LAYOUT);
  });

  it('of operations shrink in number and in size', () => {
    const least = shrunk(arbitraries.operations(PLAIN_LAYOUT), (operations) =>
      operations.every((operation) => operation.kind !== 'write' || operation.count < 3),
    );
    expect(least).toHaveLength(1);
    expect(least[0]).toMatchObject({ kind: 'write', maxIoLb: 1 });
    expect(least[0]?.kind === 'write' && least[0].count).toBeLessThan(6);
  });

  it('of faults are valid for the layout, and shrink in number and in effect', () => {
    for (const faults of fc.sample(arbitraries.faults(PLAIN_LAYOUT, { profile: 'cruel' }), 20)) {
      for (const fault of faults) checkFault(fault, 'drawn');
    }
    const least = shrunk(arbitraries.faults(PLAIN_LAYOUT), (faults) =>
      faults.every(({ kind }) => kind !== 'crash'),
    );
    expect(least).toHaveLength(1);
    expect(least[0]).toMatchObject({ kind: 'crash', how: 'kill', phase: 'before' });
  });

  it('of workloads stay on the device, and shrink', () => {
    const small = arbitraries.workload({ sizeLb: 64, maxIoLb: 100 });
    fc.assert(
      fc.property(small, (workload) => {
        for (const step of workload) {
          if (step.kind !== 'flush') expect(step.addressLb + step.sizeLb).toBeLessThanOrEqual(64);
        }
      }),
    );
    const least = shrunk(small, (workload) => workload.every(({ kind }) => kind !== 'write'));
    expect(least).toEqual([{ kind: 'write', addressLb: 0, sizeLb: 1, key: 0 }]);
  });
});

describe('properties of simulated groups', () => {
  it('hold for a group that works', async () => {
    await fc.assert(
      fc.asyncProperty(arbitraries.history({ profile: 'calm' }), async (history) => {
        await simulate(history);
      }),
      { numRuns: 2 },
    );
  });

  it('are shrunk where they do not hold, and what is printed repeats it', async () => {
    /** Fails unless the application kept away from the first block. */
    const story = (workload: Workload) =>
      simulate({ seed: 2, judgeAtEnd: false }, async (site) => {
        const device = site.device(site.servers.s0!);
        await performWorkload(device, workload);
        const image = await device.device.read(0, 1);
        expect(image.every((byte) => byte === 0)).toBe(true);
      });
    const details = await fc.check(
      fc.asyncProperty(arbitraries.workload({ sizeLb: 8, maxIoLb: 2, maxLength: 4 }), async (workload) => {
        await story(workload);
      }),
      { numRuns: 20, ...SHRINK },
    );
    const least = details.counterexample?.[0] ?? [];
    expect(least).toEqual([{ kind: 'write', addressLb: 0, sizeLb: 1, key: 1 }]);
    const report = await fc.asyncDefaultReportMessage(details);
    const printed = /Counterexample: \[(.*)\]\n/.exec(report ?? '')?.[1] ?? '';
    expect(JSON.parse(printed)).toEqual(least);
    expect(String(details.errorInstance)).toContain('await simulate({"seed":2,"judgeAtEnd":false}, story)');
  });
});
