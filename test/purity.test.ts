import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/**
 * `core/` and `sim/` touch nothing but the world: Biome and the compiler say so (biome.json, purity.grit,
 * core/tsconfig.json), and layers import downwards only. Here one violation of each kind is planted, in a copy
 * outside the tree, and must be found.
 */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');
const PURE = ['core', 'sim'] as const;

/** Paths of all sources below a folder, relative to the root, sorted. */
function sourcesOf(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => `${folder}/${name}`)
    .sort();
}

const textOf = (path: string) => readFileSync(join(ROOT, path), 'utf8');

/** Runs a tool of node_modules there; its two outputs together. */
function runTool(
  folder: string,
  script: string,
  args: readonly string[],
): { status: number | null; text: string } {
  const tool = join(ROOT, 'node_modules', script);
  const child = spawnSync(process.execPath, [tool, ...args], { cwd: folder, encoding: 'utf8' });
  return { status: child.status, text: `${child.stdout}${child.stderr}` };
}

/** Rules of Biome that found an error in folders below `root`, by path. */
function lintIn(
  root: string,
  ...folders: readonly string[]
): { status: number | null; found: Map<string, Set<string>> } {
  const args = ['lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', ...folders];
  const { status, text } = runTool(root, '@biomejs/biome/bin/biome', args);
  const json = text.split('\n').find((line) => line.startsWith('{'));
  if (json === undefined) throw new Error(`Biome printed no report:\n${text}`);
  const found = new Map<string, Set<string>>();
  for (const { severity, category, location } of JSON.parse(json).diagnostics) {
    if (severity !== 'error') continue;
    const path = typeof location.path === 'string' ? location.path : location.path.file;
    found.set(path, (found.get(path) ?? new Set()).add(category));
  }
  return { status, found };
}

/** A violation: what is written into a file of its own, and the rule that must find it. */
type Plant = readonly [name: string, code: string, rule: string];

const GLOBALS_RULE = 'lint/style/noRestrictedGlobals';
const IMPORTS_RULE = 'lint/style/noRestrictedImports';

const BIOME_PLANTS: readonly Plant[] = [
  ['date', 'export const a = () => Date.now();', GLOBALS_RULE],
  ['new-date', 'export const a = () => new Date();', GLOBALS_RULE],
  ['performance', 'export const a = () => performance.now();', GLOBALS_RULE],
  ['set-timeout', 'export const a = () => setTimeout(() => {}, 1);', GLOBALS_RULE],
  ['set-interval', 'export const a = () => setInterval(() => {}, 1);', GLOBALS_RULE],
  ['set-immediate', 'export const a = () => setImmediate(() => {});', GLOBALS_RULE],
  ['queue-microtask', 'export const a = () => queueMicrotask(() => {});', GLOBALS_RULE],
  ['process', 'export const a = () => process.hrtime();', GLOBALS_RULE],
  ['buffer', 'export const a = () => Buffer.alloc(1);', GLOBALS_RULE],
  ['global-this', 'export const a = () => globalThis;', GLOBALS_RULE],
  ['crypto', 'export const a = () => crypto.randomUUID();', GLOBALS_RULE],
  ['weak-ref', 'export const a = () => new WeakRef({});', GLOBALS_RULE],
  ['intl', 'export const a = () => new Intl.NumberFormat();', GLOBALS_RULE],
  ['require', "export const a = () => require('x');", GLOBALS_RULE],
  ['math-random', 'export const a = () => Math.random();', 'plugin'],
  ['math-random-inside', 'export const a = () => Math.floor(Math.random() * 6);', 'plugin'],
  ['math-random-by-key', "export const a = () => Math['random']();", 'plugin'],
  ['math-random-by-name', 'const { random } = Math;\nexport const a = () => random();', 'plugin'],
  ['math-handed-on', 'export const a = (use: (math: unknown) => void) => use(Math);', 'plugin'],
  ['import-meta', 'export const a = () => import.meta.url;', 'plugin'],
  [
    'import-node',
    "import { readFileSync } from 'node:fs';\nexport const a = () => readFileSync('x');",
    IMPORTS_RULE,
  ],
  ['import-bare', "import { connect } from 'net';\nexport const a = () => connect(1);", IMPORTS_RULE],
  [
    'import-sub-path',
    "import { readFile } from 'fs/promises';\nexport const a = () => readFile('x');",
    IMPORTS_RULE,
  ],
  ['import-type', "import type { Socket } from 'node:net';\nexport type A = Socket;", IMPORTS_RULE],
  ['export-from', "export { join } from 'node:path';", IMPORTS_RULE],
  ['import-effect', "import 'node:http';", IMPORTS_RULE],
  [
    'import-native',
    "import { createTurn } from '../native/turn.ts';\nexport const a = () => createTurn();",
    IMPORTS_RULE,
  ],
  [
    'import-cli',
    "import { main } from '../../cli/walbox.ts';\nexport const a = () => main([]);",
    IMPORTS_RULE,
  ],
  [
    'import-scenarios',
    "import { a } from '../scenarios/basic-backup.ts';\nexport const b = a;",
    IMPORTS_RULE,
  ],
  ['import-test', "import { a } from '../test/golden.ts';\nexport const b = a;", IMPORTS_RULE],
  ['dynamic-node', "export const a = () => import('node:fs');", IMPORTS_RULE],
  ['dynamic-relative', "export const a = () => import('./other.ts');", 'plugin'],
  ['dynamic-computed', 'export const a = (name: string) => import(name);', 'plugin'],
];

/** Only in core: sim stands above it. */
const CORE_PLANTS: readonly Plant[] = [
  [
    'import-sim',
    "import { Simulation } from '../sim/simulation.ts';\nexport const a = () => Simulation;",
    IMPORTS_RULE,
  ],
];

/** What core and sim may do; nothing of it must be found. */
const INNOCENT = `import { FormatError } from '../core/errors.ts';

/** Date, Math.random and process in a comment or a text do not count. */
export const text = 'Date Math.random process';
export function half(value: number): number {
  if (value < 0) throw new FormatError('negative');
  const process = { Date: Math.floor(value / 2) };
  return Math.max(process.Date, 0);
}
`;

const COMPILER_PLANTS: readonly Plant[] = [
  ['fetch', "export const a = () => fetch('http://x');", 'TS2304'],
  ['console', "export const a = () => console.log('x');", 'TS2584'],
  ['set-timeout', 'export const a = () => setTimeout(() => {}, 1);', 'TS2304'],
  ['performance', 'export const a = () => performance.now();', 'TS2304'],
  ['process', 'export const a = () => process.pid;', 'TS2591'],
  ['buffer', 'export const a = () => Buffer.alloc(1);', 'TS2591'],
  ['url', "export const a = () => new URL('http://x');", 'TS2304'],
  ['structured-clone', 'export const a = () => structuredClone(1);', 'TS2304'],
  [
    'import-node',
    "import { readFileSync } from 'node:fs';\nexport const a = () => readFileSync('x');",
    'TS2591',
  ],
  ['later-library', 'export const a = (list: number[]) => list.toSorted();', 'TS2550'],
];

describe('planted violations', () => {
  let copy = '';
  beforeEach(() => {
    copy = mkdtempSync(join(tmpdir(), 'walbox-purity-'));
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    for (const name of ['biome.json', 'purity.grit', 'package.json', 'tsconfig.base.json']) {
      cpSync(join(ROOT, name), join(copy, name));
    }
  });
  afterEach(() => rmSync(copy, { recursive: true, force: true }));

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), `${text}\n`);
  }

  /** Rules that found something in a folder of the copy, by path. */
  const lint = (folder: string) => lintIn(copy, folder);

  it.each(PURE)('Biome finds each in %s, and nothing else', (folder) => {
    const plants = folder === 'core' ? [...BIOME_PLANTS, ...CORE_PLANTS] : BIOME_PLANTS;
    for (const [name, code] of plants) write(`${folder}/${name}.ts`, code);
    write(`${folder}/innocent.ts`, INNOCENT);
    const { status, found } = lint(folder);
    expect(status).toBe(1);
    for (const [name, , rule] of plants) {
      expect([...(found.get(`${folder}/${name}.ts`) ?? [])], `${name} in ${folder}`).toContain(rule);
    }
    expect(found.size).toBe(plants.length);
  });

  it('Biome lets other folders do the same', () => {
    for (const [name, code] of BIOME_PLANTS) write(`native/${name}.ts`, code);
    expect(lint('native')).toEqual({ status: 0, found: new Map() });
  });

  it.each(PURE)('the compiler finds in %s what is not declared', (folder) => {
    for (const name of ['globals.d.ts', 'webassembly.d.ts', 'errors.ts']) {
      write(`core/${name}`, textOf(`core/${name}`));
    }
    write(`${folder}/tsconfig.json`, textOf(`${folder}/tsconfig.json`));
    for (const [name, code] of COMPILER_PLANTS) write(`${folder}/${name}.ts`, code);
    write(`${folder}/innocent.ts`, INNOCENT);
    const { status, text } = runTool(copy, 'typescript/bin/tsc', ['-p', folder, '--pretty', 'false']);
    expect(status).not.toBe(0);
    const found = [...text.matchAll(/([a-z-]+)\.ts\(\d+,\d+\): error (TS\d+)/g)].map(
      (match) => `${match[1]} ${match[2]}`,
    );
    expect(found.sort()).toEqual(COMPILER_PLANTS.map(([name, , code]) => `${name} ${code}`).sort());
  });
});

describe('the sources', () => {
  it('have no such finding', () => {
    const { found } = lintIn(ROOT, ...PURE);
    const pure = [...found].filter(([, rules]) =>
      [GLOBALS_RULE, IMPORTS_RULE, 'plugin'].some((rule) => rules.has(rule)),
    );
    expect(pure).toEqual([]);
  });

  it('silence no rule, and keep nothing in variables of modules', () => {
    const wrong: string[] = [];
    for (const path of PURE.flatMap(sourcesOf)) {
      textOf(path)
        .split('\n')
        .forEach((line, i) => {
          if (/biome-ignore|@ts-(ignore|expect-error|nocheck)|^(export )?(let|var) /.test(line)) {
            wrong.push(`${path}:${i + 1}: ${line}`);
          }
        });
    }
    expect(wrong).toEqual([]);
  });

  it('use all of the web standards that core/globals.d.ts declares', () => {
    const declarations = `${textOf('core/globals.d.ts')}${textOf('core/webassembly.d.ts')}`;
    const names = [...declarations.matchAll(/declare (?:class|namespace) (\w+)/g)].map((match) => match[1]);
    expect(names).toEqual(['AbortSignal', 'TextEncoder', 'TextDecoder', 'WebAssembly']);
    const members = [...declarations.matchAll(/^ +(?:readonly |class )?(\w+)\??[(: ]/gm)].map(
      (match) => match[1],
    );
    const wanted = [...names, ...members.filter((name) => name !== 'constructor')];
    const sources = PURE.flatMap(sourcesOf).filter((path) => !path.endsWith('.d.ts'));
    // Without comments.
    const code = sources.map((path) => textOf(path).replace(/\/\*.*?\*\/|\/\/[^\n]*/gs, '')).join('\n');
    const unused = wanted.filter((name) => !new RegExp(`\\b${name}\\b`).test(code));
    expect(unused).toEqual([]);
    expect(wanted).toContain('encode');
    expect(wanted).toContain('Instance');
  });
});

/** Layers of core, the lowest first: a file imports its own layer and those below. Equal numbers do not know each other. */
const CORE_LAYERS: Readonly<Record<string, number>> = {
  'units.ts': 0,
  'errors.ts': 0,
  'globals.d.ts': 0,
  'webassembly.d.ts': 0,
  world: 1,
  format: 2,
  snapshot: 3,
  engine: 4,
  device: 4,
  protocol: 5,
  server: 6,
  control: 7,
  verify: 7,
  // What `walbox` exports; see test/entries.test.ts.
  'index.ts': 8,
};
/** Rooms of the servers: each knows itself and `shared`. */
const SERVER_ROOMS = ['archive', 'proxy', 'shared', 'storage'];
/** What the folders beside core may import of the tree. */
const FOLDERS: Readonly<Record<string, readonly string[]>> = {
  core: ['core'],
  sim: ['core', 'sim'],
  native: ['core', 'native', 'sim'],
  scenarios: ['core', 'sim', 'native', 'scenarios'],
};
/** Packages that core and sim may use: pure ones, bundled with them. */
const PURE_PACKAGES = ['fflate/browser'];

interface ImportEdge {
  readonly from: string;
  /** Path from the root, or the name of a package. */
  readonly to: string;
}

/** Everything that a source imports, types too. */
function importsOf(path: string, text = textOf(path)): ImportEdge[] {
  const edges: ImportEdge[] = [];
  for (const [, name] of text.matchAll(
    /^(?:import\s+|(?:import|export)\s[\w\s,{}*$]*?\bfrom\s+)['"]([^'"]+)['"]/gm,
  )) {
    edges.push({ from: path, to: name.startsWith('.') ? join(dirname(path), name) : name });
  }
  return edges;
}

/** Why an import is against the order of layers; null when it is not. */
function fault({ from, to }: ImportEdge): string | null {
  const [folder, layer, room] = from.split('/');
  const [toFolder, toLayer, toRoom] = to.split('/');
  if (!/\.ts$/.test(to)) {
    const isPure = folder === 'core' || folder === 'sim';
    return isPure && !PURE_PACKAGES.includes(to) ? `${folder} may not use the package ${to}` : null;
  }
  if (!FOLDERS[folder]?.includes(toFolder)) return `${folder} may not import ${toFolder}`;
  if (folder !== 'core' || toFolder !== 'core') return null;
  const [rank, toRank] = [CORE_LAYERS[layer], CORE_LAYERS[toLayer]];
  if (rank === undefined) return `core/${layer} has no layer`;
  if (toRank === undefined) return `core/${toLayer} has no layer`;
  if (toRank > rank || (toRank === rank && layer !== toLayer && toRank > 0))
    return `${layer} may not import ${toLayer}`;
  if (layer === 'server' && toLayer === 'server') {
    if (!SERVER_ROOMS.includes(room)) return `server/${room} is no room`;
    if (room !== toRoom && toRoom !== 'shared') return `server/${room} may not import server/${toRoom}`;
  }
  return null;
}

describe('the layers', () => {
  it.each([
    ['core/format/a.ts', 'core/server/shared/b.ts', 'format may not import server'],
    ['core/format/a.ts', 'core/snapshot/b.ts', 'format may not import snapshot'],
    ['core/world/a.ts', 'core/format/b.ts', 'world may not import format'],
    ['core/engine/codec/a.ts', 'core/device/b.ts', 'engine may not import device'],
    ['core/protocol/a.ts', 'core/server/archive/b.ts', 'protocol may not import server'],
    ['core/server/proxy/a.ts', 'core/server/archive/b.ts', 'server/proxy may not import server/archive'],
    ['core/server/shared/a.ts', 'core/server/storage/b.ts', 'server/shared may not import server/storage'],
    ['core/server/proxy/a.ts', 'core/control/b.ts', 'server may not import control'],
    ['core/engine/a.ts', 'sim/b.ts', 'core may not import sim'],
    ['core/engine/a.ts', 'lodash', 'core may not use the package lodash'],
    ['sim/a.ts', 'native/b.ts', 'sim may not import native'],
    ['sim/a.ts', 'scenarios/b.ts', 'sim may not import scenarios'],
    ['sim/a.ts', 'node:fs', 'sim may not use the package node:fs'],
    ['native/a.ts', 'cli/b.ts', 'native may not import cli'],
    ['scenarios/a.ts', 'test/b.ts', 'scenarios may not import test'],
    ['scenarios/testing/a.ts', 'cli/b.ts', 'scenarios may not import cli'],
    ['core/control/a.ts', 'core/index.ts', 'control may not import index.ts'],
    ['core/server/archive/a.ts', 'core/server/shared/b.ts', null],
    ['core/control/a.ts', 'core/server/shared/b.ts', null],
    ['core/format/a.ts', 'core/errors.ts', null],
    ['native/a.ts', 'node:fs', null],
  ])('%s -> %s: %s', (from, to, expected) => {
    expect(fault({ from, to })).toBe(expected);
  });

  it('the reader of imports sees every form', () => {
    const text = [
      "import { a } from './a.ts';",
      "import type {\n  B,\n} from '../b.ts';",
      "export * from './c.ts';",
      "import './d.ts';",
      "import e, { f } from 'e';",
      "const g = 'import';",
    ].join('\n');
    expect(importsOf('core/x/y.ts', text).map(({ to }) => to)).toEqual([
      'core/x/a.ts',
      'core/b.ts',
      'core/x/c.ts',
      'core/x/d.ts',
      'e',
    ]);
  });

  it.each(Object.keys(FOLDERS))('%s imports downwards only', (folder) => {
    const edges = sourcesOf(folder).flatMap((path) => importsOf(path));
    expect(edges.length).toBeGreaterThan(0);
    const wrong = edges.flatMap((edge) => {
      const reason = fault(edge);
      return reason === null ? [] : [`${edge.from} -> ${edge.to}: ${reason}`];
    });
    expect(wrong).toEqual([]);
  });
});
