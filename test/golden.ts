import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * Golden data: files that the original tools produced, kept outside the repository beside it. Tests use them
 * as an oracle when they are there. `WALBOX_GOLDEN` names the folder, else `../shared/golden` is looked for.
 */
const here = dirname(fileURLToPath(import.meta.url));

/** The folder of golden data, or null where it is absent. */
export function goldenDir(): string | null {
  const dir = process.env.WALBOX_GOLDEN ?? join(here, '..', '..', 'shared', 'golden');
  return existsSync(join(dir, 'README.md')) ? dir : null;
}

/** Paths of all files below `folder` of the golden data, relative to the golden data, sorted. */
export function goldenFiles(folder = ''): string[] {
  const root = goldenDir();
  if (root === null) return [];
  const found: string[] = [];
  const walk = (relative: string) => {
    for (const name of readdirSync(join(root, relative)).sort()) {
      const path = relative === '' ? name : `${relative}/${name}`;
      if (statSync(join(root, path)).isDirectory()) walk(path);
      else found.push(path);
    }
  };
  walk(folder);
  return found;
}

/** Counts golden files that a test file checked, and prints `golden: N of M files checked` for a folder. */
export class GoldenCounter {
  readonly #checked = new Set<string>();
  readonly #expected: Set<string>;
  readonly #title: string;

  /** `folder` is counted from the disk, so that a file nobody looks at shows in the line and in `missing`. */
  constructor(folder: string, except: (path: string) => boolean = () => false) {
    this.#title = folder;
    this.#expected = new Set(goldenFiles(folder).filter((path) => !except(path)));
  }

  check(path: string): void {
    this.#checked.add(path);
  }

  /** Files of the folder that no test has checked. */
  missing(): string[] {
    return [...this.#expected].filter((path) => !this.#checked.has(path));
  }

  /**
   * As `report`, for a test that looks at files which another one answers for as a whole: another word, since what
   * it leaves out is not unchecked.
   */
  reportAgain(): string {
    const done = this.#expected.size - this.missing().length;
    return `told again: ${done} of ${this.#expected.size} recordings (${this.#title})`;
  }

  report(): string {
    if (goldenDir() === null) return `golden: data absent, ${this.#title} not checked`;
    const done = this.#expected.size - this.missing().length;
    return `golden: ${done} of ${this.#expected.size} files checked (${this.#title})`;
  }
}
