import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { idOf } from '../../cli/run/choose.ts';
import { basicBackup } from '../../scenarios/basic-backup.ts';
import { SCENARIOS } from '../../scenarios/index.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Folders of `scenarios/` that are chapters of the catalogue. */
function chapterFolders(): string[] {
  return readdirSync(join(ROOT, 'scenarios'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !['lib', 'testing'].includes(entry.name))
    .map(({ name }) => name);
}

describe('the catalogue', () => {
  it('names every scenario once, with a purpose that is one sentence', () => {
    expect(new Set(SCENARIOS.map(({ name }) => name)).size).toBe(SCENARIOS.length);
    expect(new Set(SCENARIOS.map(idOf)).size).toBe(SCENARIOS.length);
    for (const { name, purpose } of SCENARIOS) {
      expect(name).toMatch(/^[a-z0-9-]+$/);
      expect(purpose).toMatch(/^[A-Z].{15,140}[^.]$/);
    }
  });

  it('has a file for each scenario, and each file is in it', () => {
    const files = chapterFolders()
      .flatMap((chapter) => readdirSync(join(ROOT, 'scenarios', chapter)))
      .map((file) => file.replace(/\.ts$/, ''));
    const names = SCENARIOS.filter((scenario) => scenario !== basicBackup).map(({ name }) => name);
    expect(files.sort()).toEqual([...names].sort());
  });

  it('holds all of the ids of the original suites', () => {
    const numbers = (letter: string, count: number) =>
      Array.from({ length: count }, (_, i) => `${letter}${i + 1}`);
    const wanted = [
      ...numbers('n', 14).filter((id) => id !== 'n4' && id !== 'n11'),
      ...['n4a', 'n4b', 'n11a', 'n11b'],
      ...numbers('m', 3),
      ...numbers('e', 17),
      ...numbers('r', 4),
    ];
    const ids = SCENARIOS.map(idOf);
    expect(wanted.filter((id) => !ids.includes(id))).toEqual([]);
  });

  it('is what docs/scenarios.md lists', () => {
    const text = readFileSync(join(ROOT, 'docs', 'scenarios.md'), 'utf8');
    for (const { name, purpose } of SCENARIOS) expect(text).toContain(`| \`${name}\` | ${purpose} |`);
  });
});

it('runs in the tests of its chapters', () => {
  const tested = readdirSync(join(ROOT, 'test', 'scenarios', 'catalogue')).map((file) => file.split('.')[0]);
  expect(tested.sort()).toEqual(chapterFolders().sort());
});
