import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { GROUPS, type MutationGroup } from './groups.ts';
import { codeLines, drawPlaces, type Place } from './sample.ts';

/**
 * `npm run mutation [-- OPTIONS FILE...]`: changes lines of the core mechanically with Stryker, and shows which changes
 * no test of the folder noticed.
 */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const HERE = join(ROOT, 'test', 'mutation');

const HELP = `npm run mutation -- [OPTIONS] [FILE|FOLDER...]
  FILE|FOLDER     below core/server, core/device, core/snapshot; default all of them
  --sample N      lines of each folder that are changed in every way (20); 0: all
  --seed S        draws others (1)
  --jobs N        test runs at a time (1)
`;

interface Mutant {
  readonly status: string;
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly location: { readonly start: { readonly line: number; readonly column: number } };
}

/** Stryker's JSON report, as far as it is read. */
interface Report {
  readonly files: Readonly<Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>>;
}

function main(argv: readonly string[]): number {
  const { values, positionals } = parseArgs({
    args: [...argv],
    allowPositionals: true,
    options: {
      sample: { type: 'string', default: '20' },
      seed: { type: 'string', default: '1' },
      jobs: { type: 'string', default: '1' },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  ensureStryker();
  const wanted = positionals.length === 0 ? GROUPS.map(({ folder }) => folder) : positionals;
  for (const group of GROUPS) {
    const files = filesOf(group, wanted);
    if (files.length === 0) continue;
    const all = files.flatMap((file) => codeLines(file, readFileSync(join(ROOT, file), 'utf8')));
    const count = Number(values.sample);
    const places = count === 0 ? all : drawPlaces(all, count, Number(values.seed));
    tell(group, places.length, runStryker(group, places, Number(values.jobs)));
  }
  return 0;
}

function filesOf({ folder }: MutationGroup, wanted: readonly string[]): string[] {
  const files = readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && statSync(join(ROOT, folder, name)).isFile())
    .map((name) => `${folder}/${name}`)
    .sort();
  return files.filter((file) => wanted.some((one) => file === one || file.startsWith(`${one}/`)));
}

/** Its packages are its own: an ordinary installation does without them. */
function ensureStryker(): void {
  if (existsSync(join(HERE, 'node_modules', '@stryker-mutator', 'core'))) return;
  const args = [
    'ci',
    '--ignore-scripts',
    '--legacy-peer-deps',
    '--no-fund',
    '--no-audit',
    '--loglevel=error',
  ];
  const { status } = spawnSync('npm', args, { cwd: HERE, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('Stryker could not be installed.');
}

function runStryker({ folder, tests }: MutationGroup, places: readonly Place[], jobs: number): Report {
  const work = mkdtempSync(join(tmpdir(), 'walbox-mutation-'));
  try {
    const report = join(work, 'report.json');
    const config = join(work, 'stryker.json');
    const packages = join(HERE, 'node_modules', '@stryker-mutator');
    writeFileSync(
      config,
      JSON.stringify({
        testRunner: 'vitest',
        plugins: [join(packages, 'vitest-runner', 'dist', 'src', 'index.js')],
        mutate: places.map(({ file, line }) => `${file}:${line}-${line}`),
        coverageAnalysis: 'perTest',
        concurrency: jobs,
        ignoreStatic: true,
        timeoutMS: 30_000,
        // Texts of errors are compared with the original's in tests of their own.
        mutator: { excludedMutations: ['StringLiteral'] },
        reporters: ['json'],
        jsonReporter: { fileName: report },
        vitest: { configFile: 'test/mutation/vitest.config.ts', related: false },
        // TypeScript 7 has no interface to read a tsconfig.json with; nothing in ours concerns the tests.
        tsconfigFile: 'none.json',
        tempDirName: join(work, 'sandbox'),
        ignorePatterns: ['dist', 'docs', 'failures', 'coverage'],
      }),
    );
    const env = { ...process.env, WALBOX_MUTATION_TESTS: tests.join(','), WALBOX_TEST_NO_SHRINK: '1' };
    const stryker = join(packages, 'core', 'bin', 'stryker.js');
    const { status } = spawnSync(process.execPath, [stryker, 'run', config], {
      cwd: ROOT,
      stdio: ['ignore', 2, 2],
      env,
    });
    if (!existsSync(report)) throw new Error(`Stryker ended with status ${status} in ${folder}.`);
    return JSON.parse(readFileSync(report, 'utf8')) as Report;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Numbers of a folder, and every change that nothing noticed. */
function tell({ folder }: MutationGroup, lineCount: number, { files }: Report): void {
  const all = Object.values(files).flatMap(({ mutants }) => mutants);
  const count = (...statuses: readonly string[]) =>
    all.filter(({ status }) => statuses.includes(status)).length;
  const noticed = count('Killed', 'Timeout');
  const unnoticed = count('Survived', 'NoCoverage');
  const percent = ((100 * noticed) / Math.max(1, noticed + unnoticed)).toFixed(1);
  console.log(
    `${folder}: ${lineCount} lines, ${noticed + unnoticed} mutants, ${noticed} noticed (${percent} %), ${count('NoCoverage')} of the others on lines that no test goes`,
  );
  for (const [file, { source, mutants }] of Object.entries(files)) {
    const lines = source.split('\n');
    for (const { status, mutatorName, replacement, location } of mutants) {
      if (status !== 'Survived' && status !== 'NoCoverage') continue;
      const { line, column } = location.start;
      console.log(`  ${file}:${line}:${column} ${mutatorName}${status === 'NoCoverage' ? ' (no test)' : ''}`);
      console.log(`    - ${lines[line - 1]?.trim()}\n    + ${(replacement ?? '').split('\n')[0]}`);
    }
  }
}

process.exitCode = main(process.argv.slice(2));
