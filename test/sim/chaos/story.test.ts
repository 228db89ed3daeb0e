import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import type { ChaosFailure } from '../../../sim/chaos/failure.ts';
import { drawHistory } from '../../../sim/chaos/generate.ts';
import { PLAIN_LAYOUT } from '../../../sim/chaos/layout.ts';
import { PROFILES } from '../../../sim/chaos/profiles.ts';
import { historyOfStory, storyFileText } from '../../../sim/chaos/story.ts';
import { faultText, operationText } from '../../../sim/chaos/words.ts';
import { smallHistory } from './kit.ts';

const FAILURE: ChaosFailure = {
  property: 'coverage',
  place: 'chain',
  message: "v0: it's gone */ `x` $y\nsecond line",
  atUs: 12_345_678,
};

/** The value that the text of a scenario file exports, without its types there is only JavaScript in it. */
function exported(text: string): { name: string; purpose: string; history: never } {
  const body = text.replace(/export const \w+ =/, 'return');
  return new Function(body)() as ReturnType<typeof exported>;
}

describe('a scenario file', () => {
  it('holds the whole history as a value, whatever it is', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...PROFILES), fc.string(), (seed, profile, message) => {
        const history = drawHistory(seed, profile);
        const saved = { walbox: '0.1.0', profile: profile.name, failure: { ...FAILURE, message }, history };
        const story = exported(storyFileText(saved, `chaos-x-${seed}`));
        expect(story.name).toBe(`chaos-x-${seed}`);
        expect(historyOfStory(story)).toEqual(history);
      }),
      { numRuns: 60 },
    );
  });

  it('tells property, message, seed, version, and what is done and goes wrong in words', () => {
    const history = smallHistory({
      faults: [{ kind: 'power-loss', atUs: 7_000_000, host: 'p0', downUs: 500_000 }],
    });
    const saved = { walbox: '0.1.0', profile: 'ci', failure: FAILURE, history };
    const text = storyFileText(saved, 'chaos-ci-1');
    const comment = text.slice(0, text.indexOf('export const chaosCi1 = {'));
    for (const part of [
      'coverage (chain)',
      "it's gone * / `x` $y",
      'second line',
      'Seed 1 of the profile ci, walbox 0.1.0',
      '2.000 s  full-backup of v0',
      '7.000 s  p0 loses power, for 0.500 s',
    ]) {
      expect(comment).toContain(part);
    }
    // What is as on a quiet day is left out.
    expect(text).toContain("layout: { group: 's0/p0/a0' },");
    expect(text).toContain('atUs: 2_000_000');
  });

  it('with a history that is none is refused with the field', () => {
    const { history } = exported(
      storyFileText({ walbox: '', profile: '', failure: null, history: smallHistory() }, 'x'),
    ) as { history: Record<string, unknown> };
    const refused = (change: Record<string, unknown>, reason: string) =>
      expect(() => historyOfStory({ history: { ...history, ...change } as never })).toThrow(reason);
    refused({ layout: { group: 's0/p0/a0', logLb: -1 } }, 'logLb');
    refused({ layout: { group: 's0/p0/a0', nothing: 1 } }, 'nothing');
    refused({ operations: [{ kind: 'dance' }] }, 'dance');
    refused({ version: 9 }, 'version');
    expect(() => historyOfStory({ history: null as never })).toThrow(FormatError);
  });
});

describe('words', () => {
  it('tell each drawn operation and fault with its own time and names', () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom(...PROFILES), (seed, profile) => {
        const { operations, faults } = drawHistory(seed, profile);
        for (const operation of operations) {
          const text = operationText(operation);
          expect(text).toContain(`${(operation.atUs / 1e6).toFixed(3)} s  `);
          if ('volume' in operation) expect(text).toContain(`v${operation.volume}`);
          if ('archive' in operation) expect(text).toContain(operation.archive);
        }
        for (const fault of faults) {
          const text = faultText(fault);
          if ('host' in fault) expect(text).toContain(fault.host);
          if ('from' in fault) expect(text).toContain(fault.from);
          if ('atUs' in fault) expect(text).toContain(`${(fault.atUs / 1e6).toFixed(3)} s  `);
          expect(text).not.toMatch(/undefined|null|NaN/);
        }
      }),
      { numRuns: 60 },
    );
    expect(PLAIN_LAYOUT.group).toBe('s0/p0/a0');
  });
});
