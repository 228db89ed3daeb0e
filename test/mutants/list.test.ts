import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { MUTANTS } from './list.ts';
import { misfit } from './mutant.ts';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

describe('mutants', () => {
  it('have names of their own', () => {
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length);
  });

  // When this is red, a line was changed that a mutant changes: give the mutant its new text.
  it.each(MUTANTS.map((mutant) => [mutant.name, mutant] as const))('%s fits the sources', (_, mutant) => {
    expect(misfit(ROOT, mutant)).toBeNull();
  });

  it('that do not fit are found', () => {
    const [mutant] = MUTANTS;
    expect(misfit(ROOT, { ...mutant, text: 'nothing like this' })).toMatch(/stands 0 times/);
    expect(misfit(ROOT, { ...mutant, text: '\n' })).toMatch(/stands \d+ times/);
    expect(misfit(ROOT, { ...mutant, replacement: mutant.text })).toMatch(/changes nothing/);
    expect(misfit(ROOT, { ...mutant, file: 'core/none.ts' })).toMatch(/there is no/);
    expect(misfit(ROOT, { ...mutant, tests: ['test/none.test.ts'] })).toMatch(/there is no/);
  });
});
