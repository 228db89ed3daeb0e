import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FormatError } from '../../../core/errors.ts';
import type { ChaosFailure } from '../../../sim/chaos/failure.ts';
import { drawHistory } from '../../../sim/chaos/generate.ts';
import { checkChaosLayout, PLAIN_LAYOUT } from '../../../sim/chaos/layout.ts';
import { checkChaosOperation, OPERATION_FIELDS } from '../../../sim/chaos/operations.ts';
import { chaosProfile, PROFILES } from '../../../sim/chaos/profiles.ts';
import { parseSaved, type SavedHistory, savedToText } from '../../../sim/chaos/saved.ts';
import { historyToText } from '../../../sim/history.ts';
import { SMALL_DAY, smallHistory } from './kit.ts';

const FAILURE: ChaosFailure = {
  property: 'coverage',
  place: 'chain',
  message: 'v0: "a0" has\n\tgid 3',
  atUs: 12_345_678,
};
const SAVED: SavedHistory = { walbox: '0.1.0', profile: 'ci', failure: FAILURE, history: smallHistory() };

describe('a saved history', () => {
  it('is read as it was written', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.constantFrom(...PROFILES),
        fc.option(fc.string({ unit: 'grapheme' })),
        (seed, profile, text) => {
          const failure = text === null ? null : { ...FAILURE, message: text };
          const saved = {
            walbox: '1.2.3',
            profile: profile.name,
            failure,
            history: drawHistory(seed, profile),
          };
          expect(parseSaved(savedToText(saved))).toEqual(saved);
        },
      ),
    );
  });

  it('says the version, and tells operations and faults in words', () => {
    const history = drawHistory(3, chaosProfile('cruel'));
    const value = JSON.parse(savedToText({ ...SAVED, history })) as { walbox: string; story: string[] };
    expect(value.walbox).toBe('0.1.0');
    expect(value.story).toHaveLength(history.operations.length + history.faults.length);
    for (const line of value.story) expect(line).not.toMatch(/undefined|NaN|\[object/);
  });

  it('may be a bare history', () => {
    const { history } = SAVED;
    expect(parseSaved(historyToText(history))).toEqual({ walbox: '', profile: '', failure: null, history });
  });

  it.each([
    ['is not JSON', '{'],
    ['is no object', '3'],
    ['is nothing', 'null'],
    ['has no version', changed((value) => delete value.walbox)],
    ['has a profile that is no text', changed((value) => Object.assign(value, { profile: 3 }))],
    ['has a failure without property', changed((value) => Object.assign(value, { failure: { place: 'x' } }))],
    ['has a failure that is a text', changed((value) => Object.assign(value, { failure: 'x' }))],
    ['has a history of another version', inHistory((history) => Object.assign(history, { version: 2 }))],
    ['has a broken seed', inHistory((history) => Object.assign(history, { seed: 1.5 }))],
    ['has no operations', inHistory((history) => delete history.operations)],
    [
      'has a fault of no kind',
      inHistory((history) => Object.assign(history, { faults: [{ kind: 'flood' }] })),
    ],
    ['has a field that nobody knows', inHistory((history) => Object.assign(history, { extra: 1 }))],
  ])('that %s is refused with a sentence', (_, text) => {
    expect(() => parseSaved(text)).toThrow(FormatError);
    expect(() => parseSaved(text)).toThrow(/^[A-Za-z].{10,}/s);
  });

  it('that is cut anywhere is refused', () => {
    const text = savedToText(SAVED).trimEnd();
    fc.assert(
      fc.property(fc.integer({ min: 0, max: text.length - 1 }), (size) => {
        expect(() => parseSaved(text.slice(0, size))).toThrow(FormatError);
      }),
    );
  });
});

describe('layouts', () => {
  it('are known by exactly their fields', () => {
    expect(checkChaosLayout({ ...PLAIN_LAYOUT })).toEqual(PLAIN_LAYOUT);
    for (const name of Object.keys(PLAIN_LAYOUT)) {
      expect(() => checkChaosLayout({ ...PLAIN_LAYOUT, [name]: undefined }), name).toThrow(name);
      expect(() => checkChaosLayout({ ...PLAIN_LAYOUT, [name]: {} }), name).toThrow(name);
    }
    expect(() => checkChaosLayout({ ...PLAIN_LAYOUT, more: 1 })).toThrow('more');
    expect(() => checkChaosLayout({ ...PLAIN_LAYOUT, group: 's0' })).toThrow(FormatError);
    expect(() => checkChaosLayout(null)).toThrow(FormatError);
    expect(() => checkChaosLayout('s0/p0/a0')).toThrow(FormatError);
  });
});

describe('operations', () => {
  it('are known by kind and exactly their fields', () => {
    for (const operation of SMALL_DAY) {
      expect(checkChaosOperation({ ...operation }, 0)).toEqual(operation);
      for (const name of Object.keys(OPERATION_FIELDS[operation.kind])) {
        const without: Record<string, unknown> = { ...operation };
        delete without[name];
        expect(() => checkChaosOperation(without, 7), `${operation.kind} ${name}`).toThrow(
          `operation 7: field ${name}`,
        );
      }
      expect(() => checkChaosOperation({ ...operation, more: 1 }, 0)).toThrow('more');
    }
    for (const value of [null, [], 'kick', { kind: 'toString' }, { kind: 3 }, {}]) {
      expect(() => checkChaosOperation(value, 0)).toThrow(FormatError);
    }
  });
});

type Loose = Record<string, unknown>;

function changed(change: (value: Loose) => unknown): string {
  const value = JSON.parse(savedToText(SAVED)) as Loose;
  change(value);
  return JSON.stringify(value);
}

function inHistory(change: (history: Loose) => unknown): string {
  return changed((value) => change(value.history as Loose));
}
