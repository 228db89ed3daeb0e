import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { goldenDir } from '../golden.ts';
import type { Planted } from './mutant.ts';

/** What the tests need of the repository. */
const PARTS = [
  'core',
  'sim',
  'native',
  'cli',
  'scenarios',
  'test',
  'fixtures',
  'docs',
  'package.json',
  'tsconfig.base.json',
  'tsconfig.json',
  'vitest.config.ts',
];

/** What a run of test files gave. */
export interface TestRun {
  readonly passedCount: number;
  /** Full names of the tests that failed. */
  readonly failed: readonly string[];
  /** Files that could not even be loaded. */
  readonly unloaded: readonly string[];
  readonly isTimedOut: boolean;
  /** The signal by which somebody else ended the run, which then says nothing; else null. */
  readonly endedBy: string | null;
  readonly seconds: number;
}

interface ReportedFile {
  readonly name: string;
  readonly status: string;
  readonly message: string;
  readonly assertionResults: readonly { readonly status: string; readonly fullName: string }[];
}

/** A copy of the tree in which mistakes may be planted. */
export class Workshop {
  readonly #root: string;
  readonly #folder: string;

  constructor(root: string) {
    this.#root = root;
    this.#folder = mkdtempSync(join(tmpdir(), 'walbox-mutants-'));
    for (const part of PARTS) {
      if (existsSync(join(root, part)))
        cpSync(join(root, part), join(this.#folder, part), { recursive: true });
    }
    symlinkSync(join(root, 'node_modules'), join(this.#folder, 'node_modules'));
  }

  /** Plants the mistake; the returned function takes it back. The text is known to fit. */
  plant({ file, text, replacement }: Planted): () => void {
    const path = join(this.#folder, file);
    const before = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      before.replace(text, () => replacement),
    );
    return () => writeFileSync(path, before);
  }

  /** Runs test files, one after another, without type checks; ends after `maxFailures` tests that failed (0: never). */
  async run(tests: readonly string[], timeoutS: number, maxFailures: number): Promise<TestRun> {
    const report = join(this.#folder, 'report.json');
    rmSync(report, { force: true });
    const vitest = join(this.#root, 'node_modules', 'vitest', 'vitest.mjs');
    const how = ['--reporter=json', `--outputFile=${report}`, `--maxWorkers=1`, `--bail=${maxFailures}`];
    const args = [vitest, 'run', ...tests, ...how];
    const golden = goldenDir();
    const began = performance.now();
    const { isTimedOut, endedBy } = await new Promise<Pick<TestRun, 'isTimedOut' | 'endedBy'>>(
      (resolve, reject) => {
        const child = spawn(process.execPath, args, {
          cwd: this.#folder,
          stdio: 'ignore',
          env: {
            ...process.env,
            CI: '1',
            WALBOX_TEST_NO_SHRINK: '1',
            ...(golden === null ? {} : { WALBOX_GOLDEN: golden }),
          },
        });
        let timedOut = false;
        const timer = setTimeout(() => {
          timedOut = true;
          child.kill('SIGKILL');
        }, timeoutS * 1000);
        child.on('error', reject);
        child.on('exit', (_code, signal) => {
          clearTimeout(timer);
          resolve({ isTimedOut: timedOut, endedBy: timedOut ? null : signal });
        });
      },
    );
    const seconds = (performance.now() - began) / 1000;
    const nothing = { passedCount: 0, failed: [], unloaded: [] };
    const seen = isTimedOut || endedBy !== null ? nothing : readReport(report, tests);
    return { ...seen, isTimedOut, endedBy, seconds };
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function readReport(
  path: string,
  tests: readonly string[],
): Pick<TestRun, 'passedCount' | 'failed' | 'unloaded'> {
  if (!existsSync(path)) return { passedCount: 0, failed: [], unloaded: [...tests] };
  const report = JSON.parse(readFileSync(path, 'utf8'));
  const files: readonly ReportedFile[] = report.testResults;
  const failed: string[] = [];
  const unloaded: string[] = [];
  for (const file of files) {
    const red = file.assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName }) => fullName);
    failed.push(...red);
    if (file.status !== 'failed' || red.length > 0) continue;
    if (file.assertionResults.length === 0) unloaded.push(`${file.name}: ${file.message.split('\n')[0]}`);
    else failed.push(`(before or after all) ${file.message.split('\n')[0]}`);
  }
  if (!report.success && failed.length === 0 && unloaded.length === 0)
    failed.push('(an error outside of tests)');
  return { passedCount: report.numPassedTests, failed, unloaded };
}
