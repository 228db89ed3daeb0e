import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { build } from 'esbuild';
import { describe, expect, it } from 'vitest';
import { createTurn } from '../native/turn.ts';
import * as program from './bundle/program.ts';

/** `core/` and `sim/` run wherever there is ES2022, a few web standards, and somebody who gives a turn. */
const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

/** One script for a browser. esbuild throws when something in it needs a module of Node. */
async function bundle(contents: string): Promise<string> {
  const result = await build({
    stdin: { contents, resolveDir: ROOT, loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    globalName: 'walbox',
    legalComments: 'none',
    logLevel: 'silent',
  });
  return result.outputFiles[0].text;
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
