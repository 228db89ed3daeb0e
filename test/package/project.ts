import { type SpawnSyncReturns, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { ROOT } from '../entries.ts';

/** Packs walbox and installs the tarball into projects of its own, as its users would. */

/** What is copied to be packed: all that Git has, so that what must not be packed could be, and what is built. */
const NOT_COPIED = ['node_modules', '.git', 'failures', 'coverage'];

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program and waits for it. */
export function run(folder: string, command: string, args: readonly string[], input?: Uint8Array): Ran {
  const child: SpawnSyncReturns<string> = spawnSync(command, args, {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1', npm_config_update_notifier: 'false' },
    ...(input === undefined ? {} : { input }),
  });
  if (child.error !== undefined) throw child.error;
  return { status: child.status, stdout: child.stdout, stderr: child.stderr };
}

/** As `run`; throws with all that was printed unless it ends well. */
export function runWell(
  folder: string,
  command: string,
  args: readonly string[],
  input?: Uint8Array,
): string {
  const ran = run(folder, command, args, input);
  if (ran.status === 0) return ran.stdout;
  throw new Error(`${command} ${args.join(' ')}: status ${ran.status}\n${ran.stdout}\n${ran.stderr}`);
}

/** Builds and packs a copy of this tree by `npm pack`; the path of the tarball. */
export function pack(folder: string): string {
  const copy = join(folder, 'tree');
  mkdirSync(copy);
  for (const name of readdirSync(ROOT)) {
    if (NOT_COPIED.includes(name)) continue;
    cpSync(join(ROOT, name), join(copy, name), { recursive: true, preserveTimestamps: true });
  }
  symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
  // Whatever the repository's own is: nothing may be installed into what is linked here.
  utimesSync(join(copy, 'package-lock.json'), 0, 0);
  const printed = runWell(copy, 'npm', ['pack', '--json', '--pack-destination', folder]);
  const [{ filename }] = JSON.parse(printed.slice(printed.indexOf('['))) as [{ filename: string }];
  return join(folder, filename);
}

/** An entry of a package-lock.json, as far as it is looked at. */
interface LockEntry {
  readonly version: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

type Lock = Readonly<Record<string, LockEntry>>;

const lockOf = (folder: string) =>
  (JSON.parse(readFileSync(join(folder, 'package-lock.json'), 'utf8')) as { packages: Lock }).packages;

/** Where a package that the one at `from` asks for is in the lock: as near as possible. */
function placeOf(lock: Lock, from: string, name: string): string | null {
  const folders = from.split('/node_modules/');
  for (let depth = folders.length; depth >= 0; depth--) {
    const place = [...folders.slice(0, depth), `node_modules/${name}`].join('/node_modules/');
    const path = place.replaceAll('/node_modules/node_modules/', '/node_modules/');
    if (path in lock) return path;
  }
  return null;
}

/** Everything that some packages need, from the repository's own lock: the same versions, no question to a registry. */
function closure(lock: Lock, names: readonly string[]): Record<string, LockEntry> {
  const found: Record<string, LockEntry> = {};
  const visit = (from: string, wanted: readonly string[], isRequired: boolean) => {
    for (const name of wanted) {
      const place = placeOf(lock, from, name);
      if (place === null) {
        if (isRequired) throw new Error(`${name} is not in package-lock.json`);
        continue;
      }
      if (place in found) continue;
      const entry = lock[place] as LockEntry;
      found[place] = entry;
      visit(place, Object.keys(entry.dependencies ?? {}), true);
      visit(place, Object.keys(entry.optionalDependencies ?? {}), false);
      const peers = Object.keys(entry.peerDependencies ?? {});
      visit(
        place,
        peers.filter((peer) => entry.peerDependenciesMeta?.[peer]?.optional !== true),
        true,
      );
    }
  };
  visit('', names, true);
  return found;
}

/**
 * Makes a project as `npm init` does and installs the tarball with `npm ci`. The lock has the versions of the repository, so
 * that npm asks no registry what there is, and finds every package in its cache where the repository was installed.
 */
export function install(folder: string, tarball: string): void {
  mkdirSync(folder);
  const lock = lockOf(ROOT);
  const own = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as Required<LockEntry> & {
    readonly bin: unknown;
  };
  const project = {
    name: 'project',
    version: '1.0.0',
    type: 'commonjs',
    dependencies: { walbox: `file:${tarball}` },
  };
  const { version, dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta, bin } = own;
  const integrity = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  const packages = {
    '': project,
    'node_modules/walbox': {
      version,
      resolved: `file:${tarball}`,
      integrity,
      dependencies,
      optionalDependencies,
      peerDependencies,
      peerDependenciesMeta,
      bin,
    },
    ...closure(lock, Object.keys({ ...dependencies, ...optionalDependencies })),
  };
  writeJson(join(folder, 'package.json'), project);
  writeJson(join(folder, 'package-lock.json'), {
    name: 'project',
    version: '1.0.0',
    lockfileVersion: 3,
    requires: true,
    packages,
  });
  runWell(folder, 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline']);
}

/**
 * Makes a project of modules that has what `install` put into another one, and packages of the repository beside it. Those
 * are links: what walbox itself needs is still looked for where npm put it.
 */
export function extend(folder: string, installed: string, others: readonly string[]): void {
  const modules = join(folder, 'node_modules');
  cpSync(join(installed, 'node_modules'), modules, { recursive: true, verbatimSymlinks: true });
  for (const name of others) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
  }
  const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8')) as LockEntry;
  writeJson(join(folder, 'package.json'), {
    name: 'project',
    version: '1.0.0',
    type: 'module',
    dependencies,
  });
}

function writeJson(path: string, value: unknown): void {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}
