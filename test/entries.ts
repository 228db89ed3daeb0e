import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The entries that package.json exports. */

export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..');

export interface Entry {
  /** As it is imported: `walbox/format`. */
  readonly name: string;
  /** Source, from the root: `core/format/index.ts`. */
  readonly source: string;
}

interface PackageJson {
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
}

/** All entries that are modules. Throws where types and code are not of one source. */
export function entries(): Entry[] {
  const { exports } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as PackageJson;
  return Object.entries(exports).flatMap(([key, target]) => {
    if (typeof target === 'string') return [];
    const path = /^\.\/dist\/(.*)\.js$/.exec(target.default)?.[1];
    if (path === undefined || target.types !== `./dist/${path}.d.ts`) {
      throw new Error(`${key} of the exports is not the code and types of one source`);
    }
    return [{ name: key === '.' ? 'walbox' : `walbox${key.slice(1)}`, source: `${path}.ts` }];
  });
}

/** Entries that touch nothing but the world: they run wherever there is ES2022. */
export const PURE_ENTRIES = [
  'walbox',
  'walbox/format',
  'walbox/snapshot',
  'walbox/engine',
  'walbox/device',
  'walbox/control',
  'walbox/verify',
  'walbox/sim',
];
