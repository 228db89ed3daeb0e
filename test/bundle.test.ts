import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { createTurn } from '../native/turn.ts';
import { nodeMachine } from '../scenarios/testing/machine.ts';
import { PLAIN_LAYOUT } from '../sim/chaos/layout.ts';
import { type ChaosHistory, type ChaosOutcome, runChaos } from '../sim/chaos/run.ts';
import * as program from './bundle/program.ts';
import { entries, PURE_ENTRIES } from './entries.ts';

/** `core/` and `sim/` run wherever there is ES2022, a few web standards, and somebody who gives a turn. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** The entries of the package, by the sources. */
const ALIAS = Object.fromEntries(entries().map(({ name, source }) => [name, join(ROOT, source)]));

/** One script for a browser. esbuild throws when something in it needs a module of Node. */
async function bundle(contents: string): Promise<string> {
  return (await bundleOf(contents)).script;
}

/** As `bundle`, with the sources of which something is in the script, and how many bytes. */
async function bundleOf(contents: string): Promise<{ script: string; sources: Map<string, number> }> {
  const result = await build({
    stdin: { contents, resolveDir: ROOT, loader: 'ts' },
    alias: ALIAS,
    absWorkingDir: ROOT,
    metafile: true,
    bundle: true,
    write: false,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    globalName: 'walbox',
    legalComments: 'none',
    logLevel: 'silent',
  });
  const [output] = Object.values(result.metafile.outputs);
  const parts = Object.entries(output?.inputs ?? {}).filter(
    ([path, { bytesInOutput }]) => bytesInOutput > 0 && path !== '<stdin>',
  );
  return {
    script: result.outputFiles[0].text,
    sources: new Map(parts.map(([path, { bytesInOutput }]) => [path, bytesInOutput])),
  };
}

function modulesOf(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))
    .map((name) => `./${folder}/${name}`);
}

/** What of ES2022 core and sim may not use is taken out of the context too. */
const TAKE_OUT = `
  delete Math.random;
  for (const name of ['Date', 'Intl', 'WeakRef', 'FinalizationRegistry', 'Atomics', 'SharedArrayBuffer', 'console']) {
    delete globalThis[name];
  }
`;

/** A context with the standards that core/globals.d.ts declares (WebAssembly is there anyway), and nothing else. */
function bareContext(): vm.Context {
  const context = vm.createContext({ AbortSignal, TextEncoder, TextDecoder, turn: createTurn() });
  vm.runInContext(TAKE_OUT, context);
  return context;
}

describe('the bundle for browsers', () => {
  it.each(['core', 'sim'])('every module of %s is in one, with nothing of Node', async (folder) => {
    const modules = modulesOf(folder);
    expect(modules.length).toBeGreaterThan(30);
    const script = await bundle(modules.map((path, i) => `export * as m${i} from '${path}';`).join('\n'));
    expect(script).not.toMatch(/\brequire\(|["']node:|\bimport\(/);
    vm.runInContext(script, bareContext());
    expect(script.length).toBeGreaterThan(50_000);
  });

  it('a module of Node fails it', async () => {
    await expect(bundle("import { readFileSync } from 'node:fs'; readFileSync('x');")).rejects.toThrow(
      /node:fs/,
    );
  });

  it('logs, merges and simulates in a bare context as in Node', async () => {
    const context = bareContext();
    expect(
      vm.runInContext('typeof setTimeout + typeof process + typeof Date + typeof Math.random', context),
    ).toBe('undefinedundefinedundefinedundefined');
    vm.runInContext(await bundle("export * from './test/bundle/program.ts';"), context);
    const run = (call: string): Promise<string> => vm.runInContext(`walbox.${call}`, context);

    const log = await run('parseLog()');
    expect(log).toMatch(/^\d+ packs, \d{3} IOs, 0 invalid, until \d+, end-block$/);
    expect(log).toBe(await program.parseLog());

    const diffs = await run('mergeDiffs()');
    expect(diffs).toBe(await program.mergeDiffs());

    const simulated = await run('simulate(turn)');
    expect(simulated.split('; ')[0].split(' ')).toHaveLength(20);
    expect(simulated).toBe(await program.simulate(createTurn()));
  });
});

/** Folders of sources that are in a bundle. */
const roomsOf = (sources: ReadonlyMap<string, number>) =>
  [...new Set([...sources.keys()].map((path) => path.split('/').slice(0, -1).join('/')))].sort();

describe('the entries for browsers', () => {
  it.each(PURE_ENTRIES)('%s goes into one as a whole, with nothing of Node', async (name) => {
    const { script, sources } = await bundleOf(`export * from '${name}';`);
    expect(script).not.toMatch(/\brequire\(|["']node:|\bimport\(/);
    const context = bareContext();
    vm.runInContext(script, context);
    expect(vm.runInContext('Object.keys(walbox).length', context)).toBeGreaterThan(2);
    expect([...sources.keys()].filter((path) => /^(native|cli|scenarios)\//.test(path))).toEqual([]);
  });

  it('are not walbox/native', async () => {
    await expect(bundle("export * from 'walbox/native';")).rejects.toThrow(/node:/);
  });

  it('are shaken: a bundle has what is used, and nothing else', async () => {
    const checksum = await bundleOf("export { checksum } from 'walbox/format';");
    expect([...checksum.sources.keys()].sort()).toEqual(['core/format/binary.ts', 'core/format/checksum.ts']);
    expect(checksum.script.length).toBeLessThan(5000);

    const wlog = await bundleOf("export { openWlog, BufferedReader, memorySource } from 'walbox/engine';");
    expect(roomsOf(wlog.sources)).toEqual(['core', 'core/engine', 'core/format']);
    expect([...wlog.sources.keys()].filter((path) => path.includes('codec'))).toEqual([]);
    expect(wlog.script.length).toBeLessThan(40_000);

    const algebra = await bundleOf("export { diffListToRestore, DiffSet, makeSnap } from 'walbox/snapshot';");
    expect(roomsOf(algebra.sources)).toEqual(['core', 'core/format', 'core/snapshot']);

    const ledger = await bundleOf("export { Ledger } from 'walbox/sim';");
    expect([...ledger.sources.keys()].sort()).toEqual(['core/units.ts', 'sim/ledger.ts']);
  });

  it('simulate as docs/embedding.md says', async () => {
    const text = readFileSync(join(ROOT, 'docs/embedding.md'), 'utf8');
    const [, imports, body] = /```js\n(import .*?\n)\n(function newTurn.*?)```/s.exec(text) ?? [];
    // A shorter history: in Node a message takes far longer than an immediate.
    const drawn = "drawHistory(1, chaosProfile('calm'))";
    expect(body).toContain(drawn);
    const shorter = (body as string).replace(drawn, JSON.stringify(SHORT_HISTORY));
    const program = `${imports}\nexport async function main() {\n${shorter}\nreturn outcome;\n}`;
    const context = bareContext();
    Object.assign(context, { MessageChannel: MessageChannelOfTest });
    vm.runInContext(await bundle(program), context);
    const found = (await vm.runInContext('walbox.main()', context)) as ChaosOutcome;
    const expected = await runChaos(SHORT_HISTORY, await nodeMachine());
    expect([found.failure, found.counts.fullBackups]).toEqual([null, 1]);
    expect([found.eventCount, found.virtualTimeUs]).toEqual([expected.eventCount, expected.virtualTimeUs]);
  });
});

const SHORT_HISTORY: ChaosHistory = {
  version: 1,
  seed: 1,
  layout: PLAIN_LAYOUT,
  operations: [{ kind: 'full-backup', atUs: 2_000_000, key: 1, volume: 0 }],
  faults: [],
};

/** Node's, whose ports do not keep the process from ending. */
class MessageChannelOfTest extends MessageChannel {
  constructor() {
    super();
    this.port1.unref();
  }
}
