import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { build, type Plugin } from 'esbuild';
import type { Job, Line, Measured, MutantJob } from './words.ts';

/** Memory of a process; a change may want all there is. */
const MAX_HEAP_MIB = 2048;
/** A process tries so many changes, then a fresh one goes on. */
const MUTANTS_PER_PROCESS = 10;

/** Told what noticed a change: a test, or how the process ended; null: nothing. */
type OnVerdict = (id: string, noticedBy: string | null) => void;

/** A folder that holds the program with the tests and the changed sources, and runs it. */
export class MutationHouse {
  readonly #folder: string;
  readonly #program: string;
  #jobCount = 0;

  private constructor(folder: string) {
    this.#folder = folder;
    this.#program = join(folder, 'test', 'mutation', 'inside.mjs');
  }

  /** `sources`: texts to be used in place of files, by path from the root; `tests`: paths from the root. */
  static async build(
    root: string,
    sources: ReadonlyMap<string, string>,
    tests: readonly string[],
  ): Promise<MutationHouse> {
    const house = new MutationHouse(mkdtempSync(join(tmpdir(), 'walbox-mutation-')));
    // As far below as the sources: tests look for fixtures/ above themselves.
    mkdirSync(join(house.#folder, 'test', 'mutation'), { recursive: true });
    for (const shared of ['fixtures', 'node_modules', 'package.json']) {
      symlinkSync(join(root, shared), join(house.#folder, shared));
    }
    await build({
      entryPoints: [join(root, 'test', 'mutation', 'inside.ts')],
      outfile: house.#program,
      bundle: true,
      platform: 'node',
      target: 'node20',
      format: 'esm',
      packages: 'external',
      // Test files are imported for what they do; package.json says that nothing is.
      ignoreAnnotations: true,
      logLevel: 'silent',
      plugins: [testsPlugin(root, tests), sourcesPlugin(root, sources)],
    });
    return house;
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Everything that is run. */
  program(): Uint8Array {
    return readFileSync(this.#program);
  }

  /** Every test without a change. */
  async measure(): Promise<Measured> {
    const output = join(this.#folder, 'measured.json');
    const { isDone, errors } = await this.#run({ kind: 'measure', output }, () => {});
    if (!isDone) throw new Error(`The tests without a change do not end well: ${errors}`);
    return JSON.parse(readFileSync(output, 'utf8')) as Measured;
  }

  /** Of tests that are green after each other: those that are not in this order, and why. */
  async dependentTests(tests: readonly number[]): Promise<Map<number, string>> {
    const found = new Map<number, string>();
    const { isDone, errors } = await this.#run({ kind: 'alone', tests }, (line) => {
      if (line.kind === 'dependent') found.set(line.test, line.failure);
    });
    if (!isDone) throw new Error(`The tests without a change do not end well: ${errors}`);
    return found;
  }

  /** Tries the changes, `jobs` at a time, until the time is up. Throws when a change spoils what comes after it. */
  async tryMutants(
    mutants: readonly MutantJob[],
    usualMs: readonly number[],
    { jobs, isTimeUp }: { readonly jobs: number; readonly isTimeUp: () => boolean },
    onVerdict: OnVerdict,
  ): Promise<void> {
    const left = [...mutants];
    await Promise.all(
      Array.from({ length: jobs }, async () => {
        while (left.length > 0 && !isTimeUp()) {
          let batch = left.splice(0, MUTANTS_PER_PROCESS);
          while (batch.length > 0 && !isTimeUp()) batch = await this.#tryBatch(batch, usualMs, onVerdict);
        }
      }),
    );
  }

  /** Returns what is left when the process ended before its time. */
  async #tryBatch(
    batch: readonly MutantJob[],
    usualMs: readonly number[],
    onVerdict: OnVerdict,
  ): Promise<MutantJob[]> {
    let endedCount = 0;
    let begun: string | null = null;
    let unhandled: string | null = null;
    let spoilt: string | null = null;
    const run = await this.#run({ kind: 'mutants', mutants: batch, usualMs }, (line) => {
      if (line.kind === 'begins') begun = line.id;
      else if (line.kind === 'unhandled') unhandled = line.reason;
      else if (line.kind === 'spoilt') spoilt ??= `${line.test}: ${line.failure}`;
      else if (line.kind === 'ends') {
        endedCount += 1;
        onVerdict(line.id, line.noticedBy);
      }
    });
    const ids = batch.map(({ id }) => id).join(', ');
    if (spoilt !== null) throw new Error(`After the changes ${ids} a test is red without one: ${spoilt}`);
    if (run.isDone) return [];
    if (begun === null) throw new Error(`The program does not begin: ${run.errors}`);
    if (endedCount === batch.length) return [];
    // What was left over from the change before must not speak for this one.
    if (unhandled !== null && endedCount > 0) return batch.slice(endedCount);
    const how =
      unhandled !== null
        ? `unhandled: ${unhandled}`
        : run.signal === 'SIGKILL'
          ? 'it does not end'
          : 'the process ends';
    onVerdict((batch[endedCount] as MutantJob).id, how);
    return batch.slice(endedCount + 1);
  }

  #run(
    job: Job,
    onLine: (line: Line) => void,
  ): Promise<{ readonly isDone: boolean; readonly signal: string | null; readonly errors: string }> {
    const jobFile = join(this.#folder, `job-${this.#jobCount++}.json`);
    writeFileSync(jobFile, JSON.stringify(job));
    return new Promise((resolve, reject) => {
      const args = [`--max-old-space-size=${MAX_HEAP_MIB}`, this.#program, jobFile];
      const env = { ...process.env, WALBOX_TEST_NO_SHRINK: '1' };
      const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'], env });
      let isDone = false;
      let errors = '';
      const lines = createInterface({ input: child.stdout });
      lines.on('line', (text) => {
        // Tests may print, too.
        if (!text.startsWith('{"kind":')) return;
        const line = JSON.parse(text) as Line;
        if (line.kind === 'done') isDone = true;
        else onLine(line);
      });
      child.stderr.on('data', (bytes: Buffer) => {
        errors = (errors + bytes.toString()).slice(-2000);
      });
      child.on('error', reject);
      child.on('close', (_code, signal) => resolve({ isDone, signal, errors }));
    });
  }
}

function testsPlugin(root: string, tests: readonly string[]): Plugin {
  return {
    name: 'tests',
    setup(builder) {
      builder.onLoad({ filter: /\/test\/mutation\/tests\.ts$/ }, () => ({
        contents: tests.map((test) => `import ${JSON.stringify(join(root, test))};`).join('\n'),
        resolveDir: root,
      }));
      const shim = join(root, 'test', 'mutation', 'vitest-shim.ts');
      builder.onResolve({ filter: /^vitest$/ }, ({ importer }) =>
        importer === shim ? { path: 'vitest', external: true } : { path: shim },
      );
    },
  };
}

function sourcesPlugin(root: string, sources: ReadonlyMap<string, string>): Plugin {
  return {
    name: 'sources',
    setup(builder) {
      builder.onLoad({ filter: /\/core\/.*\.ts$/ }, ({ path }) => {
        const contents = sources.get(path.slice(root.length + 1));
        return contents === undefined ? null : { contents, loader: 'ts' };
      });
    },
  };
}
