import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import vm from 'node:vm';
import { expect, it } from 'vitest';
import { decodeBase64 } from '../../../../core/engine/codec/base64.ts';
import { inflateZlib } from '../../../../core/engine/codec/inflate.ts';
import { ZSTD_WASM_BYTES, ZSTD_WASM_ZLIB_BASE64 } from '../../../../core/engine/codec/zstd-wasm-data.ts';

const carried = () => inflateZlib(decodeBase64(ZSTD_WASM_ZLIB_BASE64), ZSTD_WASM_BYTES);

it('is the file of the npm package', () => {
  const main = createRequire(import.meta.url).resolve('@bokuweb/zstd-wasm');
  const file = join(dirname(main), '..', 'esm', 'zstd.wasm');
  expect(existsSync(file)).toBe(true);
  expect(Buffer.compare(readFileSync(file), carried())).toBe(0);
});

it('compiles in a bare script context and asks for nothing of the world', () => {
  const imports = vm.runInNewContext('WebAssembly.Module.imports(new WebAssembly.Module(bytes))', {
    bytes: carried(),
  }) as { module: string; kind: string }[];
  expect(imports.map(({ module, kind }) => `${module} ${kind}`)).toEqual(new Array(5).fill('a function'));
});

it('decodes base64 with every padding', () => {
  for (const text of ['', 'a', 'ab', 'abc', 'abcd', '\xff\xfe\xfd']) {
    const bytes = Buffer.from(text, 'latin1');
    expect(Buffer.from(decodeBase64(bytes.toString('base64'))).equals(bytes)).toBe(true);
  }
});
