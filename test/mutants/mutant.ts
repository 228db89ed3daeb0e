import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** A mistake that is planted: in one file a text is replaced by another. */
export interface Planted {
  /** In kebab-case, as given to `npm run mutants -- NAME`. */
  readonly name: string;
  /** Path from the root of the repository. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly text: string;
  readonly replacement: string;
  /** What goes wrong for users, in a few words. */
  readonly breaks: string;
}

/** A mistake that unit tests must notice; that they turn red proves that they can. */
export interface UnitMutant extends Planted {
  /** Test files, paths from the root; at least one must fail. */
  readonly tests: readonly string[];
}

/**
 * A mistake that a scenario or a history of chaos must notice, without any unit test. The hint only says where
 * to look first: what is reported was seen in the run.
 */
export interface StoryMutant extends Planted {
  readonly hint: ScenarioHint | ChaosHint;
}

export interface ScenarioHint {
  /** Ids or names of scenarios, run one after the other. */
  readonly scenarios: readonly string[];
}

export interface ChaosHint {
  readonly profile: string;
}

/** Why the mutant does not fit the sources below `root`; null when it does. */
export function misfit(root: string, mutant: Planted): string | null {
  let source: string;
  try {
    source = readFileSync(join(root, mutant.file), 'utf8');
  } catch {
    return `there is no ${mutant.file}`;
  }
  const count = source.split(mutant.text).length - 1;
  if (count !== 1) return `its text stands ${count} times in ${mutant.file}, not once`;
  return mutant.text === mutant.replacement ? 'it changes nothing' : null;
}

/** As `misfit`, and the test files must be there. */
export function unitMisfit(root: string, mutant: UnitMutant): string | null {
  const found = misfit(root, mutant);
  if (found !== null) return found;
  for (const test of mutant.tests) {
    try {
      readFileSync(join(root, test));
    } catch {
      return `there is no ${test}`;
    }
  }
  return mutant.tests.length > 0 ? null : 'it names no tests';
}
