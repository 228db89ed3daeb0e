import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import vm from 'node:vm';
import { build } from 'esbuild';
import { expect, it } from 'vitest';

const engineDir = fileURLToPath(new URL('../../../core/engine/', import.meta.url));

/** The engine as one script for a browser; esbuild fails if anything of it needs a module of Node. */
async function bundle(code: string): Promise<string> {
  const result = await build({
    stdin: { contents: code, resolveDir: engineDir, loader: 'ts' },
    bundle: true,
    write: false,
    platform: 'browser',
    target: 'es2022',
    format: 'iife',
    globalName: 'engine',
    logLevel: 'silent',
  });
  return result.outputFiles[0].text;
}

it('every module bundles for a browser', async () => {
  const files = readdirSync(engineDir, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  expect(files.length).toBeGreaterThan(30);
  const script = await bundle(files.map((name) => `export * from './${name}';`).join('\n'));
  expect(script).not.toMatch(/require\(|node:|process\.|import\(/);
});

it('all codecs work in a bare script context', async () => {
  const script = await bundle(`
    import { loadPortableCodecs } from './codec-registry.ts';
    export async function run() {
      const data = new Uint8Array(5000).map((_, i) => i % 9);
      const sizes = [];
      for (const codec of (await loadPortableCodecs()).values()) {
        const packed = codec.compress(data, 0);
        const plain = codec.decompress(packed, data.length);
        if (plain.some((byte, i) => byte !== data[i])) throw new Error(codec.type);
        sizes.push(codec.type + ' ' + (packed.length < 600));
      }
      return sizes.join(', ');
    }
  `);
  const context = vm.createContext({});
  vm.runInContext(script, context, { filename: join(engineDir, 'bundle.js') });
  expect(await vm.runInContext('engine.run()', context)).toBe(
    'none false, gzip true, snappy true, lzma true, lz4 true, zstd true',
  );
});
