import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

/**
 * The part of Stryker that knows how to change lines: it puts every change into the source, behind a switch. Its packages
 * are in a folder of their own and installed when they are needed first: an ordinary installation does without them.
 */
const HERE = dirname(fileURLToPath(import.meta.url));
const INSTRUMENTER = join(HERE, 'node_modules', '@stryker-mutator', 'instrumenter');

/** Texts of errors are compared with the original's in tests of their own. */
const EXCLUDED = ['StringLiteral'];

/** Lines and columns count from 0. */
interface Position {
  readonly line: number;
  readonly column: number;
}

/** A change of a source. */
export interface Mutant {
  /** Of its switch. */
  readonly id: string;
  /** Path from the root. */
  readonly fileName: string;
  readonly mutatorName: string;
  readonly replacement: string;
  readonly location: { readonly start: Position; readonly end: Position };
}

interface Instrumented {
  readonly files: readonly { readonly name: string; readonly content: string }[];
  readonly mutants: readonly (Mutant & { readonly status?: string })[];
}

interface SourceFile {
  readonly name: string;
  readonly content: string;
  /** Where to change; true: everywhere. */
  readonly mutate: true | readonly Mutant['location'][];
}

/** As far as it is used. */
interface StrykerModule {
  readonly Instrumenter: new (
    logger: object,
  ) => {
    instrument(files: readonly SourceFile[], options: object): Promise<Instrumented>;
  };
}

/** Every change of these files that Stryker knows. */
export async function allMutants(root: string, files: readonly string[]): Promise<Mutant[]> {
  const { mutants } = await instrument(root, files, () => true);
  return mutants;
}

/** The files with switches for these changes, by path, and the changes with the ids of their switches. */
export async function withSwitches(
  root: string,
  wanted: readonly Mutant[],
): Promise<{ readonly sources: ReadonlyMap<string, string>; readonly mutants: Mutant[] }> {
  const files = [...new Set(wanted.map(({ fileName }) => fileName))];
  const placesIn = (name: string) =>
    wanted.filter(({ fileName }) => fileName === name).map(({ location }) => location);
  const { sources, mutants } = await instrument(root, files, placesIn);
  // What lies inside of a changed block has switches, too.
  const keys = new Set(wanted.map(keyOf));
  return { sources, mutants: mutants.filter((mutant) => keys.has(keyOf(mutant))) };
}

async function instrument(
  root: string,
  files: readonly string[],
  placesIn: (name: string) => SourceFile['mutate'],
): Promise<{ readonly sources: ReadonlyMap<string, string>; readonly mutants: Mutant[] }> {
  ensureInstalled();
  const entry = pathToFileURL(join(INSTRUMENTER, 'dist', 'src', 'index.js')).href;
  const { Instrumenter } = (await import(entry)) as StrykerModule;
  const nothing = () => {};
  const logger = { isDebugEnabled: () => false, debug: nothing, info: nothing, warn: nothing };
  const inputs = files.map((name) => {
    return { name, content: readFileSync(join(root, name), 'utf8'), mutate: placesIn(name) };
  });
  const options = { plugins: null, excludedMutations: EXCLUDED, ignorers: [], noHeader: false };
  const found = await new Instrumenter(logger).instrument(inputs, options);
  return {
    sources: new Map(found.files.map(({ name, content }) => [name, content])),
    mutants: found.mutants.filter(({ status }) => status !== 'Ignored'),
  };
}

function keyOf({ fileName, mutatorName, replacement, location: { start, end } }: Mutant): string {
  return JSON.stringify([fileName, mutatorName, replacement, start.line, start.column, end.line, end.column]);
}

function ensureInstalled(): void {
  if (existsSync(INSTRUMENTER)) return;
  const args = ['ci', '--ignore-scripts', '--no-fund', '--no-audit', '--loglevel=error'];
  const { status } = spawnSync('npm', args, { cwd: HERE, stdio: ['ignore', 2, 2] });
  if (status !== 0) throw new Error('Stryker could not be installed.');
}
