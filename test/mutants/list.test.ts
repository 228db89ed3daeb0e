import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { idOf } from '../../cli/run/choose.ts';
import * as crashPoints from '../../scenarios/crash-points.ts';
import { SCENARIOS } from '../../scenarios/index.ts';
import { chaosProfile } from '../../sim/chaos/profiles.ts';
import { parseSaved } from '../../sim/chaos/saved.ts';
import { STORY_MUTANTS, UNIT_MUTANTS } from './list.ts';
import { misfit, unitMisfit } from './mutant.ts';
import { readRecord, recordedNames } from './records.ts';
import { namesInTable } from './table.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

describe('mutants', () => {
  it('have names of their own', () => {
    const names = [...STORY_MUTANTS, ...UNIT_MUTANTS].map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });

  // When this is red, a line was changed that a mutant changes: give the mutant its new text.
  it.each(STORY_MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s fits the sources',
    (_, mutant) => {
      expect(misfit(ROOT, mutant)).toBeNull();
      const { hint } = mutant;
      if ('scenarios' in hint)
        expect([...SCENARIOS, ...Object.values(crashPoints)].map(idOf)).toEqual(
          expect.arrayContaining([...hint.scenarios]),
        );
      else expect(() => chaosProfile(hint.profile)).not.toThrow();
    },
  );

  it.each(UNIT_MUTANTS.map((mutant) => [mutant.name, mutant] as const))(
    '%s fits the sources',
    (_, mutant) => {
      expect(unitMisfit(ROOT, mutant)).toBeNull();
    },
  );

  it('that do not fit are found', () => {
    const [mutant] = UNIT_MUTANTS;
    if (mutant === undefined) throw new RangeError('a mutant is expected');
    expect(misfit(ROOT, { ...mutant, text: 'nothing like this' })).toMatch(/stands 0 times/);
    expect(misfit(ROOT, { ...mutant, text: '\n' })).toMatch(/stands \d+ times/);
    expect(misfit(ROOT, { ...mutant, replacement: mutant.text })).toMatch(/changes nothing/);
    expect(misfit(ROOT, { ...mutant, file: 'core/none.ts' })).toMatch(/there is no/);
    expect(unitMisfit(ROOT, { ...mutant, tests: ['test/none.test.ts'] })).toMatch(/there is no/);
  });

  it('have records that can be run, and that are of no other mutants', () => {
    for (const name of recordedNames(ROOT)) {
      expect(STORY_MUTANTS.map((mutant) => mutant.name)).toContain(name);
      const { failure, history } = parseSaved(readRecord(ROOT, name) ?? '');
      expect(failure, name).not.toBeNull();
      expect(history.operations.length, name).toBeGreaterThan(0);
    }
  });

  it('that are gone have no row in docs/mutants.md', () => {
    const text = readFileSync(join(ROOT, 'docs', 'mutants.md'), 'utf8');
    const gone = (table: 'stories' | 'units', all: readonly { readonly name: string }[]) =>
      namesInTable(text, table).filter((name) => !all.some((mutant) => mutant.name === name));
    expect(gone('stories', STORY_MUTANTS)).toEqual([]);
    expect(gone('units', UNIT_MUTANTS)).toEqual([]);
  });
});
