import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import type { Folder } from './kit.ts';

/** Bundles child.ts, which runs a tool as a program of its own; gives the path of the bundle. */
export function buildProgram(folder: Folder): string {
  const outfile = folder.path('program.mjs');
  const child = join(dirname(fileURLToPath(import.meta.url)), 'child.ts');
  buildSync({
    entryPoints: [child],
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    logLevel: 'error',
  });
  return outfile;
}
