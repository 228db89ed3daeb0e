import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A planted mistake. The tests named for it must turn red; that they do proves that they can. */
export interface Mutant {
  /** In kebab-case, as given to `npm run mutants -- NAME`. */
  readonly name: string;
  /** Path from the root of the repository. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly text: string;
  readonly replacement: string;
  /** What goes wrong for users, in a few words. */
  readonly breaks: string;
  /** Test files, paths from the root; at least one must fail. */
  readonly tests: readonly string[];
  /** Only tests with this in their names are run, and must fail; default: all of the files. */
  readonly only?: string;
}

/** Why the mutant does not fit the sources below `root`; null when it does. */
export function misfit(root: string, mutant: Mutant): string | null {
  let source: string;
  try {
    source = readFileSync(join(root, mutant.file), 'utf8');
  } catch {
    return `there is no ${mutant.file}`;
  }
  const count = source.split(mutant.text).length - 1;
  if (count !== 1) return `its text stands ${count} times in ${mutant.file}, not once`;
  if (mutant.text === mutant.replacement) return 'it changes nothing';
  for (const test of mutant.tests) {
    try {
      readFileSync(join(root, test));
    } catch {
      return `there is no ${test}`;
    }
  }
  return mutant.tests.length > 0 ? null : 'it names no tests';
}
